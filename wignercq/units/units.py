"""Natural units of one oscillator: numbers and models from SI, and what was computed back to SI."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import sympy as sp
from scipy import constants

from wignercq.errors import InputError, brief, listed, suggestion
from wignercq.model.bath import Diffusion, Noise, NoiseTerm, QuantumBath
from wignercq.model.formulas import as_rational
from wignercq.model.model import Model, Q, T, X

#: Exponents of (mass, length, time) in each kind of quantity, and its SI unit.
KINDS: Mapping[str, tuple[tuple[int, int, int], str]] = {
    "number": ((0, 0, 0), ""),
    "mass": ((1, 0, 0), "kg"),
    "length": ((0, 1, 0), "m"),
    "time": ((0, 0, 1), "s"),
    "rate": ((0, 0, -1), "1/s"),
    "momentum": ((1, 1, -1), "kg m/s"),
    "force": ((1, 1, -2), "N"),
    "stiffness": ((1, 0, -2), "N/m"),
    "energy": ((1, 2, -2), "J"),
    "power": ((1, 2, -3), "W"),
    "action": ((1, 2, -1), "J s"),
    "friction": ((1, 0, -1), "kg/s"),
    "diffusion": ((2, 2, -3), "kg^2 m^2/s^3"),
    "decoherence": ((-2, -2, 3), "s^3/(kg^2 m^2)"),
    "temperature": ((1, 2, -2), "K"),
}
#: Names of units, in place of which a kind is meant.
OF_UNITS = {
    "kelvin": "temperature",
    "kilogram": "mass",
    "metre": "length",
    "meter": "length",
    "second": "time",
    "hertz": "rate",
    "newton": "force",
    "joule": "energy",
    "watt": "power",
    **{unit.lower(): kind for kind, (_, unit) in KINDS.items() if unit},
}
DIGITS = 15  # of a number after a change of units
LONG = 10**6  # numerators or denominators of such numbers
Numbers = TypeVar("Numbers", float, np.ndarray)


def _meant(kind: object) -> str:
    """The kind that is near, or that a unit is one of, as the end of a message."""
    name = kind.strip().lower() if isinstance(kind, str) else ""
    return suggestion(OF_UNITS.get(name, OF_UNITS.get(name.removesuffix("s"), name)), KINDS)


@dataclass(frozen=True)
class Units:
    """The natural units of an oscillator, in which its mass, its frequency and hbar are 1.

    Length ``sqrt(hbar/(m w))``, momentum ``sqrt(hbar m w)``, energy ``hbar w``, time ``1/w``; a temperature T in kelvin
    is the energy ``k_B T``. With another `action` than hbar, that one is 1: units for a large oscillator.

    Parameters
    ----------
    mass : float
        kg, for example of the quantum particle.
    frequency : float
        Angular frequency w, rad/s.
    action : float
        J s; hbar if not given.

    Raises
    ------
    InputError
        A number that is not positive and finite.
    """

    mass: float
    frequency: float
    action: float = constants.hbar

    def __post_init__(self) -> None:
        for name in ("mass", "frequency", "action"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < math.inf:
                raise InputError(name, "a positive, finite number in SI units", brief(value))
            object.__setattr__(self, name, float(value))

    @property
    def length(self) -> float:
        """sqrt(action/(m w)), in m: the unit in which a ground state has a variance of 1/2."""
        return math.sqrt(self.action / (self.mass * self.frequency))

    def size(self, kind: str) -> float:
        """The SI value of the natural unit of a kind of quantity, one of :data:`KINDS`.

        InputError for another kind.
        """
        if kind not in KINDS:
            raise InputError("kind", f"one of {listed([*KINDS], limit=len(KINDS))}", brief(kind) + _meant(kind))
        of_mass, of_length, of_time = KINDS[kind][0]
        size = self.mass**of_mass * self.length**of_length * self.frequency**-of_time
        return size / constants.k if kind == "temperature" else size

    def natural(self, value: Numbers, kind: str) -> Numbers:
        """A value in SI units as a number in natural ones; a temperature as the energy k_B T.

        InputError for a kind that is none of :data:`KINDS`.
        """
        return value / self.size(kind)

    def si(self, value: Numbers, kind: str) -> Numbers:
        """A value in natural units in SI ones; an energy as a temperature where that is the kind.

        InputError for a kind that is none of :data:`KINDS`.
        """
        return value * self.size(kind)

    def natural_model(self, model: Model) -> Model:
        """A model given in SI units, in natural ones: ``V(q) -> V(length q)/energy``, with every constant of the bath.

        The parameters of its potentials are put in, and numbers rounded to 15 digits.

        ModelError or ExpressionError for one whose numbers leave the range that a model accepts.
        """
        return _scaled(model, self.size)

    def si_model(self, model: Model) -> Model:
        """A model given in natural units, in SI ones; see `natural_model`."""
        return _scaled(model, lambda kind: 1 / self.size(kind))


def _scaled(model: Model, size: Callable[[str], float]) -> Model:
    """A model in units of other sizes."""
    length, energy = as_rational(size("length")), as_rational(size("energy"))
    stretched = {Q: length * Q, X: length * X, T: as_rational(size("time")) * T}
    return Model(
        *(
            _rounded(sp.expand(V.xreplace(stretched) / energy, power_exp=False))
            for V in (model.V_C, model.V_Q, model.V_I)
        ),
        classical_mass=_short(model.classical_mass / size("mass")),
        quantum_mass=_short(model.quantum_mass / size("mass")),
        hbar=_short(model.hbar / size("action")),
        friction=_short(model.friction / size("friction")),
        diffusion=_short(model.diffusion / size("diffusion")),
        decoherence=_short(model.D0 / size("decoherence")),
        allow_unphysical=model.allow_unphysical,
        quantum_bath=_scaled_bath(model.quantum_bath, size),
        noises=[_scaled_noise(noise, size) for noise in model.noise_terms],
        dynamics=model.dynamics,
    )


def _scaled_bath(bath: QuantumBath | None, size: Callable[[str], float]) -> QuantumBath | None:
    if bath is None:
        return None
    friction = _short(bath.friction / size("friction"))
    if bath.temperature is not None:
        return QuantumBath(friction=friction, temperature=_short(bath.temperature / size("energy")))
    xx, xy, yy = bath.noise(1.0, 1.0)
    units = size("length") ** 2 / size("time"), size("action") / size("time"), size("diffusion")
    values = (_short(value / unit) for value, unit in zip((xx, xy, yy), units, strict=True))
    return QuantumBath(friction=friction, diffusion=Diffusion(*values))


def _scaled_noise(noise: NoiseTerm, size: Callable[[str], float]) -> Noise:
    """The numbers of an operator are kept in its unit, whatever it is: what decoheres is D0 L**2, a rate."""
    length = as_rational(size("length"))
    stretched = {Q: length * Q, X: length * X}
    force = _rounded(sp.expand(noise.L.xreplace(stretched)))
    diffusion = _rounded(sp.expand(noise.diffusion.xreplace(stretched) / as_rational(size("diffusion"))))
    return Noise(force, _short(noise.decoherence * size("time")), diffusion)


def _short(value: float) -> float:
    """A number without what the arithmetic of a change of units has added to it."""
    return float(f"{value:.{DIGITS}g}")


def _rounded(formula: sp.Expr) -> sp.Expr:
    long = {number for number in formula.atoms(sp.Rational) if max(abs(number.p), number.q) > LONG}
    return formula.xreplace({number: as_rational(_short(float(number))) for number in long})
