"""Gaussian theory: the exact solution of quadratic models, and of linearised ones (arXiv:2510.07402)."""

from wignercq.gaussian.linear import LinearModel, potential_minimum, quadratic_expansion
from wignercq.gaussian.ou import OrnsteinUhlenbeck

__all__ = ["LinearModel", "OrnsteinUhlenbeck", "potential_minimum", "quadratic_expansion"]
