"""Ornstein-Uhlenbeck processes in any dimension, ``dz = -(A z - f) dt + noise`` of covariance rate B."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from math import factorial

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_continuous_lyapunov

from wignercq.errors import InputError, ModelError, brief, kind_of
from wignercq.gaussian.own_units import OwnProcess, in_widths

SERIES_TERMS = 20  # of the Taylor series, at a step of norm at most 1/2: remainder below 1e-20
TINY = float(np.finfo(float).tiny)
UNDAMPED = 64 * np.finfo(float).eps  # real part of an eigenvalue, relative to |A| in its own units, that counts as zero


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck:
    """Linear drift with Gaussian white noise, eqs (11)-(13), (16) of arXiv:2510.07402, in any dimension n.

    ``dz = -(A z - f) dt + dxi`` with ``<dxi dxi^T> = B dt``.

    Parameters
    ----------
    drift : array_like (n, n)
        A, units 1/time between coordinates of the same kind.
    diffusion : array_like (n, n)
        B, symmetric and positive semidefinite, units coordinate**2/time.
    force : array_like (n,)
        f, constant; zero by default. Units coordinate/time.

    Raises
    ------
    ModelError
        A shape that does not fit, a number that is not finite, a diffusion that is not symmetric or not
        positive semidefinite.

    Notes
    -----
    Coordinates and time may be in any units: everything is computed and judged in :attr:`own`, units of the process.
    """

    drift: np.ndarray
    diffusion: np.ndarray
    force: np.ndarray = None  # type: ignore[assignment]  # replaced by zeros when built

    def __post_init__(self) -> None:
        drift = _array("drift", self.drift, None)
        if drift.ndim != 2 or drift.shape[0] != drift.shape[1]:
            raise ModelError("drift", "a square matrix", f"shape {drift.shape}")
        n = drift.shape[0]
        diffusion = _array("diffusion", self.diffusion, (n, n))
        force = np.zeros(n) if self.force is None else _array("force", self.force, (n,))
        for name, value in (("drift", drift), ("diffusion", diffusion), ("force", force)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        noise = self.own.diffusion
        scale = np.abs(noise).max(initial=0.0)
        if not np.allclose(noise, noise.T, rtol=0, atol=1e-12 * scale):
            raise ModelError("diffusion", "a symmetric matrix", "one that is not")
        lowest = np.linalg.eigvalsh(noise).min(initial=0.0)
        if lowest < -1e-12 * scale:
            raise ModelError("diffusion", "no negative eigenvalue", f"{lowest:g} in units of its largest entry")

    @cached_property
    def own(self) -> OwnProcess:
        """The process in units of its own."""
        return OwnProcess.of(self.drift, self.diffusion, self.force)

    @property
    def dimension(self) -> int:
        """Number of coordinates n."""
        return self.drift.shape[0]

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """Eigenvalues of A, complex, shape (n,), slowest decay first; the poles of the process in eqs (42)-(44)."""
        values = self.own.rate * np.linalg.eigvals(self.own.drift).astype(complex)
        return values[np.lexsort((values.imag, values.real))]

    @property
    def gap(self) -> float:
        """Slowest relaxation rate, the least real part of the eigenvalues of A; units 1/time."""
        return float(self.eigenvalues.real.min())

    @cached_property
    def is_stable(self) -> bool:
        """Whether every eigenvalue of A has a positive real part, so that a unique steady state exists."""
        return bool(self.gap / self.own.rate > UNDAMPED * float(np.linalg.norm(self.own.drift, 2)))

    @cached_property
    def characteristic_polynomial(self) -> np.ndarray:
        """Coefficients of det(s + A) from s^n down to s^0, shape (n + 1,), eq (17).

        Computed by the Faddeev-LeVerrier recursion, without eigenvalues.

        Raises
        ------
        ModelError
            When powers of the rates are beyond floats.
        """
        return self._in_rates(self._own_polynomial, np.arange(self.dimension + 1), "characteristic_polynomial")

    @cached_property
    def _own_polynomial(self) -> np.ndarray:
        identity = np.eye(self.dimension)
        minus, power = -self.own.drift, np.eye(self.dimension)
        coefficients = [1.0]
        for k in range(1, self.dimension + 1):
            product = minus @ power
            coefficients.append(-float(np.trace(product)) / k)
            power = product + coefficients[-1] * identity
        return np.array(coefficients)

    @cached_property
    def hurwitz_determinants(self) -> np.ndarray:
        """Leading minors of the Hurwitz matrix of det(s + A), shape (n,): the process is stable when all are positive.

        For n = 4 and ``s^4 + a1 s^3 + a2 s^2 + a3 s + a4`` they are ``a1``, ``a1 a2 - a3``,
        ``(a1 a2 - a3) a3 - a1^2 a4`` and that times ``a4``: the Routh-Hurwitz conditions below eq (17).

        Raises
        ------
        ModelError
            When powers of the rates are beyond floats: those here go up to ``n (n + 1)/2``.
        """
        n, a = self.dimension, self._own_polynomial
        one = np.arange(1, n + 1)
        k = 2 * one[None, :] - one[:, None]
        matrix = np.where((k >= 0) & (k <= n), a[np.clip(k, 0, n)], 0.0)
        minors = np.array([np.linalg.det(matrix[:k, :k]) for k in range(1, n + 1)])
        return self._in_rates(minors, np.cumsum(np.arange(1, n + 1)), "hurwitz_determinants")

    def _in_rates(self, values: np.ndarray, powers: np.ndarray, name: str) -> np.ndarray:
        """Values in units of powers of the own rate, in the user's units.

        What underflows there already is zero beside the rest, and no fault of the rates.
        """
        with np.errstate(all="ignore"):
            result = np.ldexp(values, powers * round(math.log2(self.own.rate)))
        if not np.isfinite(result).all() or np.any((np.abs(result) < TINY) & (np.abs(values) >= TINY)):
            raise ModelError(name, "powers of the rates that floats hold", f"a rate of about {self.own.rate:.3g}")
        return result

    def propagator(self, t: ArrayLike) -> np.ndarray:
        """The flow of the drift, ``exp(-A t)``.

        Parameters
        ----------
        t : array_like (...)
            Times >= 0.

        Returns
        -------
        ndarray (..., n, n)
        """
        return self._flow(t)[0]

    def noise_covariance(self, t: ArrayLike) -> np.ndarray:
        """Covariance the noise builds up in a time t, ``integral_0^t exp(-A s) B exp(-A^T s) ds``; shape (..., n, n).

        Exact at any time: a Taylor series at a step of norm at most 1/2, entry by entry, then doublings
        ``Q(2 t) = Q(t) + F(t) Q(t) F(t)^T``, which only ever add positive matrices.
        """
        return self._flow(t)[2]

    def _flow(self, t: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """exp(-A t), its integral from 0 to t, and the noise covariance, each of shape (..., n, n)."""
        times = _floats(t)
        if not np.all(np.isfinite(times)) or np.any(times < 0):
            raise InputError("t", "finite times >= 0", brief(t))
        flat = times.ravel()
        own, flat = self.own, flat * self.own.rate
        size = 2 * float(np.linalg.norm(own.drift, 2)) * flat
        doublings = np.ceil(np.log2(np.maximum(size, 1.0))).astype(int)
        step = flat / 2.0**doublings
        propagators, noises = self._series
        powers = step[:, None] ** np.arange(SERIES_TERMS + 1)
        flow = np.einsum("tk,kij->tij", powers, propagators)
        weights = 1.0 / np.arange(1, SERIES_TERMS + 2)
        integral = step[:, None, None] * np.einsum("tk,k,kij->tij", powers, weights, propagators)
        noise = step[:, None, None] * np.einsum("tk,kij->tij", powers, noises)
        for done in range(int(doublings.max(initial=0))):
            more = doublings > done
            f = flow[more]
            noise[more] += f @ noise[more] @ f.transpose(0, 2, 1)
            integral[more] += f @ integral[more]
            flow[more] = f @ f
        shape = (*times.shape, self.dimension, self.dimension)
        in_units = own.ratios * flow, own.ratios / own.rate * integral, own.products * noise
        flow, integral, noise = (values.reshape(shape) for values in in_units)
        return flow, integral, noise

    @cached_property
    def _series(self) -> tuple[np.ndarray, np.ndarray]:
        """Taylor coefficients in t of exp(-A t) and of Q(t)/t, in own units."""
        drift = self.own.drift
        flow, noise = [np.eye(self.dimension)], [self.own.diffusion]
        for _ in range(SERIES_TERMS):
            flow.append(-drift @ flow[-1])
            half = -drift @ noise[-1]
            noise.append(half + half.T)
        return (
            np.array([c / factorial(k) for k, c in enumerate(flow)]),
            np.array([c / factorial(k + 1) for k, c in enumerate(noise)]),
        )

    def mean(self, t: ArrayLike, mean0: ArrayLike) -> np.ndarray:
        """Mean at times t, ``exp(-A t) mean0 + integral_0^t exp(-A s) ds f``.

        Parameters
        ----------
        t : array_like (...)
            Times >= 0.
        mean0 : array_like (n,)
            Mean at t = 0.

        Returns
        -------
        ndarray (..., n)

        Raises
        ------
        InputError
            A negative time or a mean of the wrong shape.
        """
        start = _array("mean0", mean0, (self.dimension,))
        flow, integral, _ = self._flow(t)
        return flow @ start + integral @ self.force

    def covariance(self, t: ArrayLike, covariance0: ArrayLike) -> np.ndarray:
        """Covariance at times t, ``exp(-A t) S0 exp(-A^T t) + integral_0^t exp(-A s) B exp(-A^T s) ds``.

        Parameters, shape and errors are as for :meth:`mean`, with the covariance (n, n) at t = 0 in place of the mean.
        """
        start = _array("covariance0", covariance0, (self.dimension, self.dimension))
        flow, _, noise = self._flow(t)
        return flow @ start @ np.swapaxes(flow, -1, -2) + noise

    @cached_property
    def fixed_point(self) -> np.ndarray:
        """The point where the drift vanishes, ``A z = f``; shape (n,).

        Raises
        ------
        ModelError
            When the drift is singular: there is no such point, or there are many.
        """
        if np.linalg.matrix_rank(self.own.drift) < self.dimension:
            raise ModelError("drift", "an invertible matrix, so that a fixed point exists", "a singular one")
        return self.own.units * np.linalg.solve(self.own.drift, self.own.force)

    def steady_covariance(self) -> np.ndarray:
        """Covariance of the steady state, the solution of ``A S + S A^T = B``, eq (19); shape (n, n).

        Raises
        ------
        ModelError
            When there is no steady state; the message says which eigenvalue is to blame.
        """
        return self._steady.copy()

    @cached_property
    def _steady(self) -> np.ndarray:
        if not self.is_stable:
            raise ModelError("drift", "damping of every mode, so that a steady state exists", self._why())
        return self.lyapunov(self.diffusion)

    def lyapunov(self, right: np.ndarray) -> np.ndarray:
        """The symmetric solution S of ``A S + S A^T = right`` for a symmetric right-hand side, of a stable process.

        Raises
        ------
        ModelError
            When the damping is too weak for floats, or the solution beyond them.
        """
        own = self.own
        drift, target = own.drift.astype(np.longdouble), right / own.units[:, None] / own.units / own.rate
        solution = np.zeros_like(target)
        for _ in range(3):  # refine: weak damping makes the equation ill-conditioned
            product = drift @ solution.astype(np.longdouble)
            residual = (target - product - product.T).astype(float)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", RuntimeWarning)  # SciPy would solve another equation
                    correction = solve_continuous_lyapunov(own.drift, residual)
            except RuntimeWarning:
                raise ModelError("drift", "damping that floats resolve", f"the rate {self.gap:.3g}") from None
            solution = solution + (correction + correction.T) / 2
        return own.products * solution

    def _why(self) -> str:
        """Why there is no steady state."""
        return f"the eigenvalue {self.eigenvalues[0]:.6g} of the drift, whose real part is not positive"

    def steady_density(self, z: ArrayLike) -> np.ndarray:
        """Gaussian steady density at points z, eq (18), also (129).

        ``P(z) = exp(-(z - z0)^T S^-1 (z - z0)/2) / sqrt((2 pi)^n det S)`` with z0 the fixed point.

        Parameters
        ----------
        z : array_like (..., n)

        Returns
        -------
        ndarray (...)

        Raises
        ------
        ModelError
            When there is no steady state, or the noise does not reach every direction.
        """
        points = _floats(z)
        if points.shape[-1:] != (self.dimension,):
            raise InputError("z", f"a last axis of length {self.dimension}", f"shape {points.shape}")
        widths, correlations = in_widths(self._steady)
        try:
            root = np.linalg.cholesky(correlations)
        except np.linalg.LinAlgError:
            raise ModelError("diffusion", "noise that reaches every direction", "a singular steady state") from None
        flat = ((points - self.fixed_point) / widths).reshape(-1, self.dimension)
        whitened = np.linalg.solve(root, flat.T)
        peak = (2 * np.pi) ** (-self.dimension / 2) / np.prod(np.diag(root)) / np.prod(widths)
        return (peak * np.exp(-0.5 * np.sum(whitened**2, axis=0))).reshape(points.shape[:-1])


def _floats(value: ArrayLike) -> np.ndarray:
    """An array of floats, or of one nan if there are other things in it."""
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return np.array(np.nan)


def _array(name: str, value: ArrayLike, shape: tuple[int, ...] | None) -> np.ndarray:
    """A finite float copy of `value` of the given shape."""
    array = _floats(value).copy()
    if not np.all(np.isfinite(array)):
        raise ModelError(name, "finite numbers", kind_of(value))
    if shape is not None and array.shape != shape:
        raise ModelError(name, f"shape {shape}", array.shape)
    return array
