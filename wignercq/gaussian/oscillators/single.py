"""A single stochastic oscillator, damped or not: Appendix A of the paper."""

from __future__ import annotations

import cmath
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import InputError, ModelError, brief
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck


@dataclass(frozen=True, kw_only=True)
class SingleOscillator:
    """An oscillator (q, p) with friction and white noise, eqs (113)-(116) and (123), (126) of arXiv:2510.07402.

    ``dq = p/M dt``, ``dp = -(k q + (alpha/M) p) dt + sqrt(D) dw``.

    Parameters
    ----------
    mass, stiffness : float
        M and k, positive.
    friction : float
        alpha >= 0, units mass/time; 0 is the non-dissipative oscillator.
    diffusion : float
        D >= 0, units momentum**2/time.

    Raises
    ------
    ModelError
        A value out of its range.
    """

    mass: float
    stiffness: float
    friction: float
    diffusion: float

    def __post_init__(self) -> None:
        for name in ("mass", "stiffness"):
            if not 0 < getattr(self, name) < np.inf:
                raise ModelError(name, "a positive number", brief(getattr(self, name)))
        for name in ("friction", "diffusion"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ModelError(name, "a number >= 0", brief(getattr(self, name)))

    @property
    def process(self) -> OrnsteinUhlenbeck:
        """Drift and diffusion of (q, p), eqs (116), (126)."""
        drift = [[0, -1 / self.mass], [self.stiffness, self.friction / self.mass]]
        return OrnsteinUhlenbeck(np.array(drift), np.diag([0, self.diffusion]))

    @property
    def frequency(self) -> float:
        """Natural frequency ``w = sqrt(k/M)``, eq (114)."""
        return float(np.sqrt(self.stiffness / self.mass))

    @property
    def damping_ratio(self) -> float:
        """``zeta = alpha/(2 sqrt(k M))``, cf. eq (128): above 1 the eigenvalues (127) are real."""
        return float(self.friction / (2 * np.sqrt(self.stiffness * self.mass)))

    @property
    def eigenvalues(self) -> np.ndarray:
        """Eigenvalues of the drift, ``w (zeta -+ sqrt(zeta**2 - 1))``, eqs (122), (127); complex, shape (2,)."""
        root = cmath.sqrt(self.damping_ratio**2 - 1)
        return self.frequency * np.array([self.damping_ratio - root, self.damping_ratio + root])

    @property
    def heating_rate(self) -> float:
        """Energy the noise feeds in per unit time, ``D/(2 M)``, eqs (120), (124)."""
        return self.diffusion / (2 * self.mass)

    @property
    def temperature(self) -> float:
        """``k_B T = D/(2 alpha)`` of eq (132); infinite without friction."""
        return self.diffusion / (2 * self.friction) if self.friction else float("inf")

    def energy(self, t: ArrayLike, energy0: float) -> np.ndarray:
        """Mean energy of the undamped oscillator, which heats up linearly for ever, eq (121).

        ``<E>(t) = energy0 + D t/(2 M)``.

        Parameters
        ----------
        t : array_like (...)
            Times >= 0.
        energy0 : float
            Mean energy at t = 0.

        Returns
        -------
        ndarray (...)

        Raises
        ------
        InputError
            When the oscillator is damped: its energy depends on more than energy0.
        """
        if self.friction:
            raise InputError("friction", "0 for linear heating", f"{self.friction:g}; try .process.covariance")
        return energy0 + self.heating_rate * np.asarray(t, dtype=float)

    def steady_covariance(self) -> np.ndarray:
        """Covariance of (q, p) in the steady state, ``diag(D/(2 alpha k), M D/(2 alpha))``, eqs (125), (130)-(132).

        Raises
        ------
        ModelError
            Without friction: there is no steady state; the message gives the heating rate.
        """
        if not self.friction:
            raise ModelError(
                "friction",
                "a positive number for a steady state",
                f"0: the energy grows for ever at the rate D/(2 M) = {self.heating_rate:g}",
            )
        scale = self.diffusion / (2 * self.friction)
        return np.diag([scale / self.stiffness, scale * self.mass])
