"""The reduced quantum state of a result: its density matrix in position, and between number states, for QuTiP too."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wignercq.errors import GridError, InputError, StateError, brief
from wignercq.grid.grid import Axis
from wignercq.observables.density_matrix import density_matrix, lattice, von_neumann_entropy
from wignercq.states.arguments import array, number
from wignercq.states.oscillator import hermite_functions, oscillator_length

if TYPE_CHECKING:
    import qutip

LEFT_OUT = 1e-8  # population that number states may leave out, of a state that is no result of a run
FIRST, MOST = 32, 512  # levels looked at first and last
FINEST = 32  # times as many positions as those of a state, on which number states are looked at
SKIRT = 7.0  # lengths beyond its turning point at which a number state is below 1e-12


@dataclass(frozen=True, eq=False)
class DensityMatrix:
    """The density matrix of the quantum particle, ``rho(x, x') = <x| rho |x'>``, on a lattice of positions.

    Attributes
    ----------
    x : ndarray, shape (n,)
        Uniform positions; the second one, x', is on the same.
    rho : ndarray of complex, shape (n, n)
        ``rho[i, j] = <x_i| rho |x_j>``, units 1/length: the trace is ``sum_i rho[i, i] dx``.
    hbar : float
    mass : float or None
        Of the particle, if known.
    time : float or None
        Of the output it was taken from.
    tolerance : float
        Population that number states may leave out where none is named. Of a run the square of its tolerance, so that
        no probability is off by more than twice the tolerance, but at least 1e-8.
    """

    x: np.ndarray = field(repr=False)
    rho: np.ndarray = field(repr=False)
    hbar: float
    mass: float | None = None
    time: float | None = None
    tolerance: float = LEFT_OUT

    @property
    def _spacing(self) -> float:
        return float(self.x[-1] - self.x[0]) / (len(self.x) - 1)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """Of rho, increasing, shape (n,)."""
        return np.linalg.eigvalsh(self.rho * self._spacing)

    @property
    def trace(self) -> float:
        """``Tr rho``, the integral of W; never scaled to 1."""
        return float(np.trace(self.rho).real * self._spacing)

    @property
    def purity(self) -> float:
        """``Tr rho**2``."""
        return float(np.sum(self.eigenvalues**2))

    @property
    def entropy(self) -> float:
        """``-Tr rho ln rho``, nats; eigenvalues that errors have made negative count as zero."""
        return float(von_neumann_entropy(self.eigenvalues))

    def number_basis(
        self,
        *,
        frequency: float,
        levels: int | None = None,
        mass: float | None = None,
        position: float = 0.0,
        momentum: float = 0.0,
        tolerance: float | None = None,
    ) -> np.ndarray:
        """``rho[n, m] = <n| rho |m>`` between the number states of an oscillator, displaced to a centre.

        What the levels leave out is missing in the trace: nothing is scaled to make up for it. With a population e left
        out, no probability of an outcome is off by more than ``2 sqrt(e)``.

        Parameters
        ----------
        frequency : float
            Angular frequency of the oscillator.
        levels : int, optional
            Number of levels; by default as many as leave out a population of at most `tolerance`, 512 at most.
        mass : float, optional
            Of the oscillator, by default that of the particle.
        position, momentum : float
            Centre (x, y) of the oscillator.
        tolerance : float, optional
            Population, of ``Tr rho``, that may be left out, by default :attr:`tolerance`.

        Returns
        -------
        ndarray of complex, shape (levels, levels)
            Hermitian.

        Raises
        ------
        InputError
            The levels leave out more than `tolerance`, 512 would, or a value is out of its range.
        """
        mass = self.mass if mass is None else mass
        if mass is None:
            raise InputError("mass", "the mass of the oscillator, which this state does not know", "nothing")
        if levels is not None and (not isinstance(levels, (int, np.integer)) or not 1 <= levels <= MOST):
            raise InputError("levels", f"a whole number from 1 to {MOST}", brief(levels))
        allowed = self.tolerance if tolerance is None else number("tolerance", tolerance, least=0)
        length = oscillator_length(mass, frequency, self.hbar)
        centre = number("position", position), number("momentum", momentum)
        count = FIRST if levels is None else int(levels)
        while True:
            functions = self._functions(count, length, centre)
            left = self.trace - np.cumsum(np.sum((functions.conj() @ self.rho) * functions, axis=1).real)
            enough = np.flatnonzero(np.abs(left) <= allowed)
            if levels is not None or enough.size or count == MOST:
                break
            count = min(2 * count, MOST)
        if not (enough.size if levels is None else abs(left[-1]) <= allowed):
            raise _too_few(count, left[-1], allowed)
        functions = functions[: enough[0] + 1] if levels is None else functions
        inner = functions.conj() @ self.rho @ functions.T
        return (inner + inner.conj().T) / 2

    def to_qutip(
        self,
        *,
        frequency: float,
        levels: int | None = None,
        mass: float | None = None,
        position: float = 0.0,
        momentum: float = 0.0,
        tolerance: float | None = None,
    ) -> qutip.Qobj:
        """:meth:`number_basis` as a density matrix of QuTiP, which the extra ``wignercq[qutip]`` installs.

        ``qutip.wigner(rho, x/l, y l/hbar, g=sqrt(2)).T/hbar`` with ``l = sqrt(hbar/(m w))`` is W[x, y] again, counted
        from the centre.

        Raises
        ------
        InputError
            As there, or QuTiP is not installed.
        """
        try:
            import qutip
        except ImportError:
            raise InputError("qutip", "QuTiP installed, as by pip install 'wignercq[qutip]'", "none") from None
        return qutip.Qobj(
            self.number_basis(
                frequency=frequency,
                levels=levels,
                mass=mass,
                position=position,
                momentum=momentum,
                tolerance=tolerance,
            )
        )

    def _functions(self, count: int, length: float, centre: tuple[float, float]) -> np.ndarray:
        """What makes sums over positions integrals with number states, shape (count, n).

        Between the positions rho is a trigonometric polynomial: of number states with higher frequencies only those
        that it has are kept.
        """
        spacing, points = self._spacing, len(self.x)
        fastest = (math.sqrt(2 * count) + SKIRT) / length + abs(centre[1]) / self.hbar
        finer = max(1, math.ceil(fastest * spacing / math.pi))
        if finer > FINEST:
            expected = "an oscillator of about the size of the state"
            raise InputError("frequency", expected, f"one of length {length:.3g}")
        u = self.x[0] + spacing / finer * np.arange(finer * points)
        phases = np.exp(1j * centre[1] / self.hbar * u)
        functions = hermite_functions(count, (u - centre[0]) / length) * (phases / math.sqrt(length) * spacing)
        if finer == 1:
            return functions
        spectrum = np.fft.fft(functions, axis=1)
        kept = np.rint(np.fft.fftfreq(points) * points).astype(int)
        return np.fft.ifft(spectrum[:, kept] / finer, axis=1)


def _too_few(count: int, left: float, tolerance: float) -> InputError:
    more = "" if count == MOST else "more levels, "
    advice = f"name {more}another frequency or position, or a larger tolerance"
    expected = f"number states that leave out a population of at most {tolerance:g}"
    return InputError("levels", expected, f"{left:.2g} with {count}; {advice}")


def quantum_state(
    W: Any,
    x: Any = None,
    y: Any = None,
    *,
    hbar: float,
    mass: float | None = None,
    time: float | None = None,
    tolerance: float = LEFT_OUT,
) -> DensityMatrix:
    """The density matrix of a Wigner function on a plane, ``<u|rho|v> = int dy e^{i y (u-v)/hbar} W((u+v)/2, y)``.

    Parameters
    ----------
    W : array_like of shape (nx, ny), or xarray.DataArray over x and y
        Units of 1/action. It vanishes at the borders and is resolved.
    x, y : Axis or array_like
        Points of the axes, uniform; those of a DataArray are its coordinates.
    hbar : float
        Positive.
    mass : float, optional
        Of the particle, for number states.
    time : float, optional
        To be kept with it.
    tolerance : float
        Population that number states may leave out where none is named.

    Returns
    -------
    DensityMatrix

    Raises
    ------
    InputError
        Axes that are not uniform, a W of another shape or not finite.

    Notes
    -----
    The inverse of eqs (101), (102) of arXiv:2510.07402.
    """
    if x is None and y is None and hasattr(W, "coords") and set(getattr(W, "dims", ())) == {"x", "y"}:
        W = W.transpose("x", "y")
        x, y = (_axis(name, W) for name in ("x", "y"))
    axes = _axis("x", x), _axis("y", y)
    plane, shape = array("W", W), tuple(axis.points for axis in axes)
    if plane.shape != shape:
        raise StateError("W", f"shape {shape}, of x and y", f"shape {plane.shape}")
    hbar = number("hbar", hbar, above=0)
    positions = lattice(*axes, hbar=hbar)
    spacing = (positions[-1] - positions[0]) / (len(positions) - 1)
    mass = mass if mass is None else number("mass", mass, above=0)
    return DensityMatrix(positions, density_matrix(plane, *axes, hbar=hbar) / spacing, hbar, mass, time, tolerance)


def _axis(name: str, points: Any) -> Axis:
    if isinstance(points, Axis):
        return points
    try:
        return Axis.along(points, name) if name in getattr(points, "coords", ()) else Axis.through(array(name, points))
    except GridError as error:
        raise StateError(name, error.expected, error.got) from None
