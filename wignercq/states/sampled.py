"""Quantum states that are not Gaussian: mixtures of wave functions sampled on a uniform range of x.

Their Wigner function is computed in the mixed representation (x, s), with s conjugate to y, where no approximation is
made: ``What(x, s) = <x + hbar s/2| rho |x - hbar s/2>``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from wignercq.errors import StateError
from wignercq.grid.grid import Axis
from wignercq.states.arguments import array, frozen, number
from wignercq.states.extent import bandwidth_of, require_sampled, support_of
from wignercq.states.quantum import QuantumState
from wignercq.states.sampling import disagreement, evaluate, require_resolved, sample

TOLERANCE = 1e-9  # of the checks on trace, Hermiticity and positivity
MAX_SAMPLES = 2048


@dataclass(frozen=True, eq=False, repr=False)
class SampledQuantumState(QuantumState):
    """A mixture ``rho = sum_k w_k |psi_k><psi_k|`` of wave functions sampled on a uniform range, zero outside it.

    Between the samples the wave functions are their trigonometric interpolants, so means, purity and Wigner function
    are spectrally accurate. Built by :func:`fock`, :func:`cat`, :func:`from_wavefunction`, :func:`from_density_matrix`,
    which check their input; this class does not.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Uniform sample points.
    waves : ndarray, shape (k, n)
        Orthonormal samples, ``sum |psi|**2 dx = 1``.
    weights : ndarray, shape (k,)
        Eigenvalues of the density matrix; their sum is its trace.
    shift : tuple of float
        Displacement (x, y) applied to the sampled state.
    hbar : float
    mass : float or None
        Of the particle, if the state is to be one of a certain mass only.
    """

    x: np.ndarray
    waves: np.ndarray
    weights: np.ndarray
    shift: tuple[float, float] = field(default=(0.0, 0.0), kw_only=True)
    hbar: float = field(kw_only=True)
    mass: float | None = field(default=None, kw_only=True)
    mean: np.ndarray = field(init=False)
    covariance: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        mean, covariance = self._moments()
        object.__setattr__(self, "mean", frozen(mean + np.array(self.shift)))
        object.__setattr__(self, "covariance", frozen(covariance))

    @property
    def _spacing(self) -> float:
        return float(self.x[-1] - self.x[0]) / (len(self.x) - 1)

    @cached_property
    def _wavenumbers(self) -> np.ndarray:
        return 2 * np.pi * np.fft.fftfreq(len(self.x), self._spacing)

    @cached_property
    def _amplitudes(self) -> np.ndarray:
        """Fourier amplitudes c of the waves, ``psi(x) = sum_k c_k e^{i k (x - x_0)}``, shape (k, n)."""
        return np.fft.fft(self.waves, axis=1) / len(self.x)

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        weight = self.weights[:, None] * self._spacing
        density = weight * np.abs(self.waves) ** 2
        spectrum = weight * len(self.x) * np.abs(self._amplitudes) ** 2
        momenta = self.hbar * self._wavenumbers
        mean = np.array([np.sum(density * self.x), np.sum(spectrum * momenta)])
        dx, dy = self.x - mean[0], momenta - mean[1]
        moved = np.fft.ifft(self._amplitudes * dy, axis=1) * len(self.x)  # (y - <y>) psi
        mixed = np.sum(weight * self.waves.conj() * dx * moved).real
        return mean, np.array([[np.sum(density * dx**2), mixed], [mixed, np.sum(spectrum * dy**2)]])

    @property
    def purity(self) -> float:
        return float(np.sum(self.weights**2))

    def mixed(self, x: np.ndarray, s: np.ndarray) -> np.ndarray:
        """``<x + hbar s/2| rho |x - hbar s/2>``, the Fourier transform ``int dy e^{i s y} W(x, y)``.

        Parameters
        ----------
        x : ndarray, shape (nx,)
            Positions.
        s : ndarray, shape (ns,)
            Frequencies conjugate to y.

        Returns
        -------
        ndarray, shape (nx, ns)
            Complex.
        """
        position, offset = x - self.shift[0] - self.x[0], self.hbar * s / 2
        at_position = np.exp(1j * np.outer(position, self._wavenumbers))
        at_offset = np.exp(1j * np.outer(self._wavenumbers, offset))
        result = np.zeros((len(x), len(s)), dtype=complex)
        for weight, amplitudes in zip(self.weights, self._amplitudes, strict=True):
            here = at_position * amplitudes
            result += weight * (here @ at_offset) * (here @ at_offset.conj()).conj()
        centre = (self.x[-1] - self.x[0]) / 2
        reach = np.abs(position - centre)[:, None] + np.abs(offset)
        result[reach > centre + self._spacing / 2] = 0
        return result * np.exp(1j * s * self.shift[1])

    def wigner(self, x: Axis, y: Axis) -> np.ndarray:
        s = y.half_frequencies
        spectrum = self.mixed(x.values, s).conj() * np.exp(1j * s * y.lower)
        return np.fft.irfft(spectrum, n=y.points, axis=1) / y.spacing

    @cached_property
    def _reference(self) -> tuple[np.ndarray, tuple[Axis, Axis]]:
        """W on axes that hold and resolve all of it: the extent in x sets the spacing in y, and conversely."""
        low, high = _hull(np.abs(self.waves).max(axis=0), self.x, self._spacing)
        amplitudes, momenta = np.abs(self._amplitudes).max(axis=0), self.hbar * self._wavenumbers
        order = np.argsort(momenta)
        slow, fast = _hull(amplitudes[order], momenta[order], self.hbar * 2 * np.pi / (self._spacing * len(self.x)))
        x = Axis.resolving(low + self.shift[0], high + self.shift[0], (fast - slow) / self.hbar)
        y = Axis.resolving(slow + self.shift[1], fast + self.shift[1], (high - low) / self.hbar)
        return self.wigner(x, y), (x, y)

    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals outside which ``|W| < level * max|W|``, shape (2, 2); levels below 1e-12 count as 1e-12."""
        return support_of(*self._reference, level)

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Frequencies beyond which the spectrum is below `level` of its maximum; levels below 1e-12 count as 1e-12."""
        return bandwidth_of(*self._reference, level)


def _hull(size: np.ndarray, points: np.ndarray, spacing: float) -> tuple[float, float]:
    """The interval outside which `size` is below 1e-13 of its maximum, one spacing added at each end."""
    reached = np.flatnonzero(size >= 1e-13 * size.max())
    return float(points[reached[0]] - spacing), float(points[reached[-1]] + spacing)


def from_wavefunction(
    x: Sequence[float] | np.ndarray,
    psi: np.ndarray | Sequence[complex] | Callable[[np.ndarray], np.ndarray],
    *,
    hbar: float,
) -> SampledQuantumState:
    """The pure state of a wave function, normalised, given by samples or as a function.

    Parameters
    ----------
    x : array_like
        Uniform increasing positions of the samples, at least 16; for a function also its range ``(lower, upper)``,
        sampled until it is resolved. The wave function counts as zero outside.
    psi : array_like of complex, same shape, or callable
        Samples, or a function of an array of positions; any norm.
    hbar : float
        Positive.

    Raises
    ------
    StateError
        Positions that are not uniform; a wave function that is zero or not finite, that does not vanish at the ends
        of the range (1e-8 of its maximum) or that the samples do not resolve (1e-8 of its spectrum's maximum);
        a function that is more than 1e-8 of its maximum away from the interpolant of its samples, at most 2048, at one
        of 32768 other places of the range.
    """
    hbar = number("hbar", hbar, above=0)
    if callable(psi):
        points, samples = _of_function(array("x", x), psi)
    else:
        points, samples = _positions(x), array("psi", psi, dtype=complex)
        if samples.shape != points.shape:
            raise StateError("psi", f"one value for each of {len(points)} positions", f"shape {samples.shape}")
        require_sampled("psi", samples, 0)
    return pure_state(points, samples, (0.0, 0.0), hbar)


def from_density_matrix(x: Sequence[float] | np.ndarray, rho: np.ndarray, *, hbar: float) -> SampledQuantumState:
    """The mixed state of a density matrix in the position representation, ``rho[i, j] = <x_i| rho |x_j>``.

    Parameters
    ----------
    x : array_like, shape (n,)
        Uniform increasing positions, at least 16. The density matrix counts as zero outside.
    rho : array_like of complex, shape (n, n)
        Units of 1/length: ``sum_i rho[i, i] dx = 1``.
    hbar : float
        Positive.

    Raises
    ------
    StateError
        Positions that are not uniform; a matrix that is not Hermitian, has trace other than 1 or a negative
        eigenvalue (all to 1e-9); one that does not vanish at the ends or that the samples do not resolve.
    """
    hbar, points = number("hbar", hbar, above=0), _positions(x)
    matrix = array("rho", rho, dtype=complex)
    if matrix.shape != (len(points), len(points)):
        raise StateError("rho", f"shape {(len(points), len(points))}", matrix.shape)
    require_sampled("rho", matrix, 0)
    require_sampled("rho", matrix, 1)
    spacing = (points[-1] - points[0]) / (len(points) - 1)
    weights, vectors = decomposed(matrix * spacing, "the trace sum rho[i, i] dx = 1")
    return SampledQuantumState(points, vectors / math.sqrt(spacing), weights, hbar=hbar)


def decomposed(matrix: np.ndarray, trace: str, tolerance: float = TOLERANCE) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (k,) and eigenvectors (k, n), as rows, of a density matrix, without those that are rounding errors.

    StateError unless it is Hermitian, positive and of trace 1, all to `tolerance`; `trace` says the last one in words.
    """
    asymmetry = np.abs(matrix - matrix.conj().T).max() / (np.abs(matrix).max() or 1.0)
    if asymmetry > tolerance:
        raise StateError("rho", "a Hermitian matrix", f"one off by {asymmetry:.3g} of its largest element")
    weights, vectors = np.linalg.eigh((matrix + matrix.conj().T) / 2)
    if abs(weights.sum() - 1) > tolerance:
        raise StateError("rho", trace, f"{weights.sum():.12g}")
    if weights[0] < -tolerance:
        raise StateError("rho", "a positive matrix", f"the eigenvalue {weights[0]:.3g}")
    kept = np.abs(weights) > 1e-15
    return weights[kept], vectors.T[kept]


def pure_state(
    x: np.ndarray, psi: np.ndarray, shift: tuple[float, float], hbar: float, mass: float | None = None
) -> SampledQuantumState:
    """The pure state of resolved samples, normalised and displaced by `shift`."""
    wave = psi / np.abs(psi).max()
    wave = wave / math.sqrt(np.sum(np.abs(wave) ** 2) * (x[-1] - x[0]) / (len(x) - 1))
    centre = (number("position", shift[0]), number("momentum", shift[1]))
    return SampledQuantumState(x, wave[None, :], np.ones(1), shift=centre, hbar=hbar, mass=mass)


def _positions(x: Sequence[float] | np.ndarray) -> np.ndarray:
    points = array("x", x)
    if points.ndim != 1 or not 16 <= len(points) <= MAX_SAMPLES:
        raise StateError("x", f"between 16 and {MAX_SAMPLES} positions", f"shape {points.shape}")
    steps = np.diff(points)
    if steps.min() <= 0 or np.ptp(steps) > 1e-8 * steps.max():
        raise StateError("x", "uniform increasing positions", f"steps from {steps.min():g} to {steps.max():g}")
    return points


def _of_function(x: np.ndarray, psi: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a function at the positions `x`, or at as many as it takes on the range `x`."""
    if x.shape == (2,):
        if not x[0] < x[1]:
            raise StateError("x", "a range, the lower end first", f"[{x[0]:g}, {x[1]:g}]")
        samples, (axis,) = sample("psi", psi, x[None, :], most=MAX_SAMPLES, dtype=complex)
        return axis.values, samples
    points = _positions(x)
    samples = evaluate("psi", psi, [points], complex)
    last = points[-1] + (points[-1] - points[0]) / (len(points) - 1)
    require_resolved("psi", samples, disagreement("psi", psi, samples, [Axis(points[0], last, len(points))]))
    return points, samples
