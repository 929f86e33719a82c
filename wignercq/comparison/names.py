"""Names of theories that results are read by."""

from __future__ import annotations

TRAJECTORIES, MEAN_FIELD = "trajectories", "mean_field"
OVER_TRAJECTORIES = [TRAJECTORIES, MEAN_FIELD]  # averages with standard errors
