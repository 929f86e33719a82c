"""What the tests share: systems, results made up, configurations, processes, and the solvers to compare with."""
