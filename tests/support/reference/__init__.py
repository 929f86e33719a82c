"""Reference solvers that share no code with wignercq, so that they can judge it."""
