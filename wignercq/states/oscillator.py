"""States of a quantum oscillator: coherent, squeezed, thermal, number states and superpositions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wignercq.errors import StateError, brief
from wignercq.states.arguments import number, vector
from wignercq.states.quantum import GaussianQuantumState
from wignercq.states.sampled import MAX_SAMPLES, SampledQuantumState, pure_state

MAX_SQUEEZING = 3  # 26 dB; the determinant of a far more squeezed covariance is lost to rounding

MAX_FOCK = 300
TAIL = 9.0  # oscillator lengths beyond which exp(-xi**2/2) is below rounding error


def coherent(position: float, momentum: float, *, mass: float, frequency: float, hbar: float) -> GaussianQuantumState:
    """The coherent state of an oscillator, ``<xx> = hbar/(2 m w)``, ``<yy> = hbar m w/2``.

    Parameters
    ----------
    position, momentum : float
        Its centre (x, y).
    mass, frequency, hbar : float
        m and w of the oscillator, and hbar; positive.

    Raises
    ------
    StateError
        A value that is not finite or not positive where it must be.
    """
    return squeezed(position, momentum, squeezing=0.0, mass=mass, frequency=frequency, hbar=hbar)


def squeezed(
    position: float,
    momentum: float,
    *,
    squeezing: float,
    angle: float = 0.0,
    mass: float,
    frequency: float,
    hbar: float,
) -> GaussianQuantumState:
    """A squeezed coherent state, its variance scaled by ``e^{-2r}`` along one direction and ``e^{2r}`` across it.

    In the quadratures ``x sqrt(m w/hbar)``, ``y/sqrt(m w hbar)`` the covariance is
    ``R(angle) diag(e^{-2r}, e^{2r}) R(angle)^T / 2``.

    Parameters
    ----------
    squeezing : float
        r, between -3 and 3.
    angle : float
        Squeezed direction in the plane of the quadratures, radians from x towards y: 0 squeezes the position.
    position, momentum, mass, frequency, hbar
        As for :func:`coherent`.

    Raises
    ------
    StateError
        A value that is not finite or out of its range.
    """
    length, hbar = oscillator_length(mass, frequency, hbar), float(hbar)
    r, angle = number("squeezing", squeezing), number("angle", angle)
    if abs(r) > MAX_SQUEEZING:
        raise StateError("squeezing", f"a number between -{MAX_SQUEEZING} and {MAX_SQUEEZING}", f"{r:g}")
    cos, sin = math.cos(angle), math.sin(angle)
    narrow, wide = math.exp(-2 * r) / 2, math.exp(2 * r) / 2
    mixed = (narrow - wide) * cos * sin * hbar
    return GaussianQuantumState(
        (number("position", position), number("momentum", momentum)),
        [
            [(narrow * cos**2 + wide * sin**2) * length**2, mixed],
            [mixed, (narrow * sin**2 + wide * cos**2) * (hbar / length) ** 2],
        ],
        hbar=hbar,
        mass=mass,
    )


def thermal(
    temperature: float, *, position: float = 0.0, momentum: float = 0.0, mass: float, frequency: float, hbar: float
) -> GaussianQuantumState:
    """The thermal state of an oscillator, ``<n> + 1/2 = coth(hbar w/(2 k_B T))/2``.

    Parameters
    ----------
    temperature : float
        k_B T, an energy, not negative; 0 gives the ground state.
    position, momentum, mass, frequency, hbar
        As for :func:`coherent`.

    Raises
    ------
    StateError
        A value that is not finite or out of its range.
    """
    length = oscillator_length(mass, frequency, hbar)
    temperature = number("temperature", temperature, least=0)
    ratio = hbar * frequency / (2 * temperature) if temperature else math.inf
    spread = 0.5 / math.tanh(ratio)
    centre = (number("position", position), number("momentum", momentum))
    return GaussianQuantumState(centre, (spread * length**2, spread * (hbar / length) ** 2), hbar=hbar, mass=mass)


def fock(
    n: int, *, position: float = 0.0, momentum: float = 0.0, mass: float, frequency: float, hbar: float
) -> SampledQuantumState:
    """The n-th energy eigenstate of an oscillator, ``W = ((-1)**n/(pi hbar)) e^{-2 H/(hbar w)} L_n(4 H/(hbar w))``.

    Parameters
    ----------
    n : int
        Quantum number, 0 to 300.
    position, momentum, mass, frequency, hbar
        As for :func:`coherent`.

    Raises
    ------
    StateError
        A quantum number that is no whole number between 0 and 300, or a value out of its range.
    """
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or not 0 <= n <= MAX_FOCK:
        raise StateError("n", f"a whole number from 0 to {MAX_FOCK}", brief(n))
    length = oscillator_length(mass, frequency, hbar)
    reach = math.sqrt(2 * n + 1) + TAIL
    xi = uniform(reach, reach)
    return pure_state(xi * length, hermite_functions(n + 1, xi)[n], (position, momentum), hbar, float(mass))


def cat(
    displacement: float | Sequence[float],
    *,
    phase: float = 0.0,
    position: float = 0.0,
    momentum: float = 0.0,
    mass: float,
    frequency: float,
    hbar: float,
) -> SampledQuantumState:
    """Two coherent states in superposition, ``psi ~ |d> + e^{i phase} |-d>``, displaced to a centre.

    With ``d = (dx, dy)`` and W_0 the ground state's Wigner function,
    ``W ~ W_0(z - d) + W_0(z + d) + 2 W_0(z) cos(2 (dx y - dy x)/hbar + phase)``.

    Parameters
    ----------
    displacement : float or sequence of two
        (dx, dy), half the separation in position and in momentum; one number is dx.
    phase : float
        0 gives the even cat, pi the odd one.
    position, momentum, mass, frequency, hbar
        As for :func:`coherent`.

    Raises
    ------
    StateError
        A value out of its range, or two components that cancel.
    """
    length = oscillator_length(mass, frequency, hbar)
    along = (displacement, 0.0) if np.ndim(displacement) == 0 else displacement
    dx, dy = vector("displacement", along, 2) / np.array([length, hbar / length])
    phase = number("phase", phase)
    reach, bandwidth = float(abs(dx)) + TAIL, float(abs(dy)) + TAIL
    if 2 * reach * bandwidth / math.pi > MAX_SAMPLES:
        raise StateError(
            "displacement",
            f"components that {MAX_SAMPLES} samples resolve",
            f"{abs(dx):.3g} and {abs(dy):.3g} ground-state widths",
        )
    if 1 + math.cos(phase) * math.exp(-(dx**2) - dy**2) < 1e-8:
        raise StateError("displacement", "components that do not cancel", "too small a separation")
    xi = uniform(reach, bandwidth)
    psi = np.exp(-((xi - dx) ** 2) / 2 + 1j * dy * xi) + np.exp(-((xi + dx) ** 2) / 2 - 1j * dy * xi + 1j * phase)
    return pure_state(xi * length, psi, (position, momentum), hbar, float(mass))


def hermite_functions(count: int, z: np.ndarray) -> np.ndarray:
    """The first orthonormal Hermite functions ``H_n(z) exp(-z**2/2)/sqrt(2**n n! sqrt(pi))``, shape (count, points).

    By the stable three-term recursion, accurate to rounding errors for at least 512 of them.
    """
    table = np.zeros((count + 1, len(z)))  # its last row stands in for the one before the first
    table[0] = np.pi**-0.25 * np.exp(-(z**2) / 2)
    for n in range(count - 1):
        table[n + 1] = math.sqrt(2 / (n + 1)) * z * table[n] - math.sqrt(n / (n + 1)) * table[n - 1]
    return table[:count]


def uniform(reach: float, bandwidth: float) -> np.ndarray:
    """Points from -reach to reach whose Nyquist frequency is `bandwidth`."""
    points = math.ceil(2 * reach * bandwidth / np.pi) // 2 * 2 + 2
    return reach * (2 * np.arange(points) / points - 1)


def oscillator_length(mass: float, frequency: float, hbar: float) -> float:
    """``sqrt(hbar/(m w))``, after checking that all three are positive."""
    mass, frequency = number("mass", mass, above=0), number("frequency", frequency, above=0)
    return math.sqrt(number("hbar", hbar, above=0) / (mass * frequency))
