"""Reference for the uncoupled classical particle: the Kramers (Fokker-Planck) equation

    d_t f = -(p/M) d_q f + V_C'(q) d_p f + d_p((alpha/M) p f) + (D2/2) d_p^2 f

in closed form for a harmonic potential, and by collocation at Gauss-Hermite points for any smooth one.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import roots_hermite

Array = np.ndarray
Density = Callable[[Array, Array], Array]


def harmonic_moments(
    mean: Array, covariance: Array, time: float, *, k: float, mass: float, friction: float, diffusion: float
) -> tuple[Array, Array]:
    """Mean (2,) and covariance (2, 2) of (q, p) at `time` for V_C = k q^2/2, k > 0 and alpha > 0, in closed form.

    With gamma = alpha/M and Omega = sqrt(k/M - gamma^2/4), the flow e^{-A t} is e^{-gamma t/2} times
    cos(Omega t) + (gamma/2 - A) sin(Omega t)/Omega; the covariance relaxes to diag(D2/(2 alpha k), M D2/(2 alpha)).
    """
    half = friction / (2 * mass)
    omega = cmath.sqrt(k / mass - half**2)
    sine = (cmath.sin(omega * time) / omega).real if omega else time
    drift = np.array([[0, -1 / mass], [k, friction / mass]])
    flow = np.exp(-half * time) * (cmath.cos(omega * time).real * np.eye(2) + (half * np.eye(2) - drift) * sine)
    steady = np.diag([diffusion / (2 * friction * k), mass * diffusion / (2 * friction)])
    return flow @ mean, steady + flow @ (covariance - steady) @ flow.T


def gaussian(mean: Array, covariance: Array) -> Density:
    """The normalised Gaussian density of (q, p)."""
    inverse = np.linalg.inv(covariance)
    norm = 1 / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))

    def density(q: Array, p: Array) -> Array:
        u, v = q - mean[0], p - mean[1]
        return norm * np.exp(-(inverse[0, 0] * u * u + 2 * inverse[0, 1] * u * v + inverse[1, 1] * v * v) / 2)

    return density


@dataclass(frozen=True)
class HermiteAxis:
    """`points` Hermite functions psi_n((z - centre)/scale) and the Gauss-Hermite points they are collocated at."""

    centre: float
    scale: float
    points: int

    @cached_property
    def nodes(self) -> Array:
        """Collocation points, shape (points,)."""
        return self.centre + self.scale * roots_hermite(self.points)[0]

    @cached_property
    def weights(self) -> Array:
        """Quadrature weights of the points for functions that carry their own Gaussian, shape (points,)."""
        return self.scale / np.sum(self._functions(self.nodes, self.points) ** 2, axis=0)

    @cached_property
    def derivative(self) -> Array:
        """Differentiation matrix between values at the nodes, shape (points, points).

        The derivative of psi_n is sqrt(n/2) psi_{n-1} - sqrt((n+1)/2) psi_{n+1}, exact for every function kept.
        """
        psi = self._functions(self.nodes, self.points + 1)
        n = np.arange(self.points)[:, None]
        below = np.vstack([np.zeros(self.points), psi[: self.points - 1]])
        slope = np.sqrt(n / 2) * below - np.sqrt((n + 1) / 2) * psi[1:]
        return slope.T @ self._analysis / self.scale

    def at(self, z: Array) -> Array:
        """The matrix that takes values at the nodes to values at points z, shape (len(z), points)."""
        return self._functions(z, self.points).T @ self._analysis

    @cached_property
    def _analysis(self) -> Array:
        """From values at the nodes to expansion coefficients, exact by Gauss quadrature."""
        return self._functions(self.nodes, self.points) * (self.weights / self.scale)

    def _functions(self, z: Array, count: int) -> Array:
        u = (np.asarray(z) - self.centre) / self.scale
        psi = [np.pi**-0.25 * np.exp(-(u**2) / 2), np.pi**-0.25 * np.sqrt(2) * u * np.exp(-(u**2) / 2)]
        for n in range(1, count - 1):
            psi.append(np.sqrt(2 / (n + 1)) * u * psi[n] - np.sqrt(n / (n + 1)) * psi[n - 1])
        return np.array(psi[:count])


@dataclass(frozen=True, kw_only=True)
class ClassicalParticle:
    """The Kramers equation for the force -V_C'(q) given by `slope` = V_C', on two Hermite axes."""

    slope: Callable[[Array], Array]
    mass: float
    friction: float
    diffusion: float
    q: HermiteAxis
    p: HermiteAxis

    def evolve(self, density: Density, time: float, *, tolerance: float = 1e-9) -> Array:
        """Values at the nodes (q points, p points) at `time` of the density that starts as `density`."""
        q, p = self.q.nodes[:, None], self.p.nodes[None, :]
        d_q, d_p = self.q.derivative, self.p.derivative.T
        slope = self.slope(q)
        rate = self.friction / self.mass
        along_p = d_p @ d_p * (self.diffusion / 2) + rate * p.T * d_p  # acts from the right
        shape = (self.q.points, self.p.points)

        def change(_: float, flat: Array) -> Array:
            f = flat.reshape(shape)
            return (-(d_q @ f) * p / self.mass + slope * (f @ d_p) + f @ along_p).reshape(-1)

        start = density(q, p)
        run = solve_ivp(change, (0, time), start.reshape(-1), method="DOP853", rtol=tolerance, atol=tolerance * 0.01)
        if not run.success:
            raise RuntimeError(f"Kramers evolution to t = {time} failed: {run.message}")
        return run.y[:, -1].reshape(shape)

    def on(self, values: Array, q: Array, p: Array) -> Array:
        """The density on the product of points q and p, shape (len(q), len(p)), from values at the nodes."""
        return self.q.at(q) @ values @ self.p.at(p).T

    def average(self, values: Array, function: Density) -> float:
        """Integral of function(q, p) f over phase space, from values at the nodes."""
        integrand = function(self.q.nodes[:, None], self.p.nodes[None, :]) * values
        return float(self.q.weights @ integrand @ self.p.weights)
