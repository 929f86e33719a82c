"""From time 0 to the end: the time loop, grids that change, checkpoints, signals."""
