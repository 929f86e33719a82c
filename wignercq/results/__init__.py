"""What comes out: names of the variables, the class, the file, the summary."""
