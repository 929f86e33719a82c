"""What is solved: potentials, masses, bath; formulas as text and what may be said in them."""
