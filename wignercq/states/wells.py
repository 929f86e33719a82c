"""The oscillator at the bottom of a well of the quantum potential, and its states: mass, hbar and frequency once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from wignercq.errors import StateError
from wignercq.model.drives import require_undriven
from wignercq.model.evaluation import sampled
from wignercq.model.formulas import as_rational
from wignercq.model.model import Model, Q, T, X
from wignercq.states import number_basis, oscillator
from wignercq.states.arguments import number
from wignercq.states.quantum import GaussianQuantumState
from wignercq.states.sampled import TOLERANCE, SampledQuantumState

STEPS = 100  # downhill
START = 0.25  # of Newton's step to the minimum: the first step
GROWTH = 1.5  # of one step beside the one before, at most,
BEYOND = 1.05  # and of Newton's, so that the minimum is passed, but no other
NONE = "downhill of which there is none of positive curvature"
ZERO = 1e-15  # of the last step: a minimum nearer to 0 is there

AnyState = TypeVar("AnyState")


@dataclass(frozen=True)
class Well:
    """A harmonic well of the quantum particle; its methods are the factories of :mod:`wignercq.states`.

    Positions and momenta given to them are counted from the bottom of the well, (x, 0).

    Attributes
    ----------
    x : float
        Its minimum.
    mass, frequency, hbar : float
        Of the model, and the angular frequency ``w = sqrt(V''(x)/m)``.
    """

    x: float
    mass: float
    frequency: float
    hbar: float

    def coherent(self, position: float = 0.0, momentum: float = 0.0) -> GaussianQuantumState:
        """A coherent state of the well, with the variances of its ground state; without arguments that state.

        The variance of x is ``hbar/(2 m w)``, that of y ``hbar m w/2``.

        Parameters
        ----------
        position, momentum : float
            The centre (x, y) of the packet, counted from the bottom of the well, (x, 0).

        Raises
        ------
        StateError
            A value that is not finite.
        """
        return self._state(oscillator.coherent, position=position, momentum=momentum)

    def squeezed(
        self, squeezing: float, *, angle: float = 0.0, position: float = 0.0, momentum: float = 0.0
    ) -> GaussianQuantumState:
        """A squeezed coherent state, its variance scaled by ``e^{-2r}`` along one direction and ``e^{2r}`` across it.

        Parameters
        ----------
        squeezing : float
            r, between -3 and 3.
        angle : float
            Squeezed direction, radians from x towards y in units of the ground state's widths; 0 squeezes the position.
        position, momentum : float
            The centre (x, y) of the packet, counted from the bottom of the well, (x, 0).

        Raises
        ------
        StateError
            A value that is not finite or out of its range.
        """
        return self._state(oscillator.squeezed, squeezing=squeezing, angle=angle, position=position, momentum=momentum)

    def thermal(self, temperature: float, *, position: float = 0.0, momentum: float = 0.0) -> GaussianQuantumState:
        """The thermal state of the well, ``<n> + 1/2 = coth(hbar w/(2 k_B T))/2``.

        Parameters
        ----------
        temperature : float
            k_B T, an energy, not negative; 0 gives the ground state.
        position, momentum : float
            The centre (x, y) of the oscillator, counted from the bottom of the well, (x, 0).

        Raises
        ------
        StateError
            A value that is not finite or out of its range.
        """
        return self._state(oscillator.thermal, temperature, position=position, momentum=momentum)

    def fock(self, n: int, *, position: float = 0.0, momentum: float = 0.0) -> SampledQuantumState:
        """The n-th energy eigenstate of the well, ``W = ((-1)**n/(pi hbar)) e^{-2 H/(hbar w)} L_n(4 H/(hbar w))``.

        Parameters
        ----------
        n : int
            Quantum number, 0 to 300.
        position, momentum : float
            The centre (x, y) of the oscillator, counted from the bottom of the well, (x, 0).

        Raises
        ------
        StateError
            A quantum number that is no whole number between 0 and 300, or a value that is not finite.
        """
        return self._state(oscillator.fock, n, position=position, momentum=momentum)

    def cat(
        self,
        displacement: float | Sequence[float],
        *,
        phase: float = 0.0,
        position: float = 0.0,
        momentum: float = 0.0,
    ) -> SampledQuantumState:
        """Two coherent states of the well in superposition, ``psi ~ |d> + e^{i phase} |-d>``.

        Parameters
        ----------
        displacement : float or sequence of two
            (dx, dy), half the separation in position and in momentum; one number is dx.
        phase : float
            0 gives the even cat, pi the odd one.
        position, momentum : float
            The centre (x, y) of the oscillator, counted from the bottom of the well, (x, 0).

        Raises
        ------
        StateError
            A value out of its range, or two components that cancel.
        """
        return self._state(oscillator.cat, displacement, phase=phase, position=position, momentum=momentum)

    def from_number_basis(
        self, rho: object, *, position: float = 0.0, momentum: float = 0.0, tolerance: float = TOLERANCE
    ) -> SampledQuantumState:
        """The state ``rho = sum_nm rho[n, m] |n><m|`` of the number states of the well.

        Parameters
        ----------
        rho : array_like of complex or qutip.Qobj
            Of shape (n, n) a density matrix, of shape (n,) or (n, 1) a ket, of shape (1, n) a bra; at most 301 levels.
        position, momentum : float
            The centre (x, y) of the oscillator, counted from the bottom of the well, (x, 0).
        tolerance : float
            By which the trace may differ from 1, eigenvalues be negative and the matrix not Hermitian.

        Raises
        ------
        StateError
            Another shape, numbers that are not finite, too many levels, or no state to the tolerance.
        """
        return self._state(
            number_basis.from_number_basis, rho, position=position, momentum=momentum, tolerance=tolerance
        )

    def _state(self, factory: Callable[..., AnyState], *given: object, position: float, **options: object) -> AnyState:
        """What a factory makes of the oscillator of this well."""
        own = {"mass": self.mass, "frequency": self.frequency, "hbar": self.hbar}
        return factory(*given, position=self.x + number("position", position), **options, **own)


def well(model: Model, x: float = 0.0, q: float | None = None) -> Well:
    """The well of ``V_Q`` whose minimum lies downhill of x, with the frequency ``w = sqrt(V''/m)`` at its minimum.

    Parameters
    ----------
    model : Model
    x : float
        A place in the well.
    q : float, optional
        Of the classical particle: the well is that of ``V_Q(x) + V_I(q, x)``. Without it, of V_Q alone, as where the
        configuration leaves out a frequency.

    Raises
    ------
    StateError
        There is no minimum of positive curvature downhill of x: none at all, a flat one, or x is on a summit.
    """
    if T in model.V_Q.free_symbols or (q is not None and T in model.V_I.free_symbols):
        require_undriven(model, "a well")
    potential = model.V_Q if q is None else model.V_Q + model.V_I.subs(Q, as_rational(number("q", q)))
    slope, curvature = (sampled((X,), sp.diff(potential, X, order)) for order in (1, 2))
    bottom = _bottom(lambda at: _at(slope, at), lambda at: _at(curvature, at), number("x", x))
    frequency = math.sqrt(_at(curvature, bottom) / model.quantum_mass)
    return Well(bottom, model.quantum_mass, frequency, model.hbar)


def _at(function: Callable[[np.ndarray], np.ndarray], place: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.asarray(function(np.array([place]))).ravel()[0])


def _bottom(slope: Callable[[float], float], curvature: Callable[[float], float], x: float) -> float:
    """The minimum downhill of x."""
    bottom = x
    if (here := slope(x)) != 0:
        near, far = _around(slope, curvature, x, here)
        least = 4 * math.ulp(max(abs(near), abs(far)))
        bottom = float(brentq(slope, near, far, xtol=least, rtol=1e-15, maxiter=1000))
        bottom = 0.0 if abs(bottom) < ZERO * (far - near) else bottom
    if not (bend := curvature(bottom)) > 0:
        raise _none(x, "a summit" if bend < 0 else NONE)
    return bottom


def _around(
    slope: Callable[[float], float], curvature: Callable[[float], float], x: float, here: float
) -> tuple[float, float]:
    """Two places, downhill of x, between which the slope changes its sign for the first time."""
    far, there, step = x, here, math.inf
    for count in range(STEPS):
        bend = curvature(far)
        newton = abs(there / bend) if bend else abs(x) or 1.0
        step = min(GROWTH * step, BEYOND * newton) if count else START * newton
        near, far = far, far - math.copysign(step, here)
        there = slope(far)
        if there * here <= 0:
            return min(near, far), max(near, far)
        if not math.isfinite(there):
            break
    raise _none(x, NONE)


def _none(x: float, came: str) -> StateError:
    return StateError("x", "a place in a well of the quantum potential", f"{x:g}, {came}")
