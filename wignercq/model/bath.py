"""What else acts on the particles: a bath of the quantum particle, and noises with operators of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import sympy as sp

from wignercq.errors import ModelError, at_least, brief, kind_of, one_of
from wignercq.model.quantities import quantity

if TYPE_CHECKING:
    from wignercq.model.model import Model

Formula: TypeAlias = str | float | sp.Expr
ROUNDING = 1e-12  # relative, by which a condition on complete positivity may be missed
MANY = 16  # noises


class Diffusion(NamedTuple):
    """Diffusion of the quantum particle: ``d<x**2>/dt = xx``, ``d<(xy + yx)/2>/dt = xy``, ``d<y**2>/dt = yy``."""

    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0

    @property
    def area(self) -> float:
        """``D_xx D_yy - D_xy**2``."""
        return self.xx * self.yy - self.xy**2


@dataclass(frozen=True, kw_only=True)
class QuantumBath:
    """A bath of the quantum particle, of friction and diffusion in phase space.

    To the equation of W it adds::

        gamma_Q d_y(y W) + (D_xx/2) d_x**2 W + D_xy d_x d_y W + (D_yy/2) d_y**2 W,    gamma_Q = friction/m

    and to that of rho, with ``gamma = gamma_Q``::

        -(i gamma/(2 hbar)) [x, {y, rho}]
        - (D_yy [x, [x, rho]] + D_xx [y, [y, rho]] - 2 D_xy [x, [y, rho]])/(2 hbar**2)

    Lindblad's theorem wants ``D_xx D_yy - D_xy**2 >= (hbar gamma_Q/2)**2`` (Dekker 1981; Isar, Sandulescu, Scheid,
    quant-ph/9605041, whose coefficients are half of these and whose lambda = mu is ``gamma_Q/2``).

    Parameters
    ----------
    friction : float
        >= 0, units mass/time; y is damped at the rate ``friction/m``.
    diffusion : mapping of "xx", "xy", "yy" to float, optional
        Units length**2/time, action/time and momentum**2/time; what is left out is 0.
    temperature : float, optional
        k_B T > 0, in place of `diffusion`: ``D_yy = 2 friction k_B T``, ``D_xx = hbar**2 gamma_Q/(8 m k_B T)`` and
        D_xy = 0, the equation of Caldeira and Leggett with the least that makes it completely positive (Breuer and
        Petruccione, The Theory of Open Quantum Systems, section 3.6.1). It stands for k_B T above hbar times the
        frequencies of the particle.

    Raises
    ------
    ModelError
        A number out of its range, both `diffusion` and `temperature`, or neither friction nor diffusion.
    """

    friction: float = 0.0
    diffusion: Mapping[str, float] | Diffusion | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        self._set("friction", quantity("quantum_bath.friction", self.friction, "a number >= 0", lambda v: v >= 0))
        if self.temperature is not None:
            value = quantity("quantum_bath.temperature", self.temperature, "a positive number", lambda v: v > 0)
            self._set("temperature", value)
            if self.diffusion is not None:
                raise ModelError("quantum_bath.temperature", "either temperature or diffusion", "both")
            if not self.friction:
                raise ModelError("quantum_bath.friction", "a positive number, where there is a temperature", "0")
            return
        found = _diffusion(self.diffusion)
        self._set("diffusion", found)
        if not self.friction and not any(found):
            raise ModelError("quantum_bath", "friction or diffusion", "neither")
        if found.xy and found.area < -ROUNDING * found.xy**2:
            raise ModelError(
                "quantum_bath.diffusion", "xx yy >= xy**2, or it is no diffusion", f"xx yy - xy**2 = {found.area:.6g}"
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def noise(self, mass: float, hbar: float) -> Diffusion:
        """The diffusion of a particle of this mass, with the temperature resolved."""
        if self.temperature is not None:
            rate = self.friction / mass
            return Diffusion(hbar**2 * rate / (8 * mass * self.temperature), 0.0, 2 * self.friction * self.temperature)
        assert isinstance(self.diffusion, Diffusion)
        return self.diffusion

    def is_physical(self, mass: float, hbar: float) -> bool:
        """Whether the dynamics is completely positive."""
        found, least = self.noise(mass, hbar), self._least(mass, hbar)
        return found.area >= least - ROUNDING * (found.xx * found.yy + least)

    def require_physical(self, mass: float, hbar: float) -> None:
        """ModelError, with the numbers, where the dynamics is not completely positive."""
        found, least = self.noise(mass, hbar), self._least(mass, hbar)
        if not self.is_physical(mass, hbar):
            remedy = f", so xx at least {at_least((least + found.xy**2) / found.yy)}" if found.yy > 0 else ""
            raise ModelError(
                "quantum_bath.diffusion",
                f"xx yy - xy**2 >= (hbar friction/(2 m))**2 = {least:.6g} (complete positivity){remedy}",
                f"{found.area:.6g}",
            )

    def _least(self, mass: float, hbar: float) -> float:
        return (hbar * self.friction / (2 * mass)) ** 2

    def written(self) -> dict[str, Any]:
        """The arguments as plain values."""
        values: dict[str, Any] = {"friction": self.friction}
        if self.temperature is not None:
            return {**values, "temperature": self.temperature}
        assert isinstance(self.diffusion, Diffusion)
        return {**values, "diffusion": self.diffusion._asdict()}


def _diffusion(value: object) -> Diffusion:
    if value is None:
        return Diffusion()
    values = value._asdict() if isinstance(value, Diffusion) else value
    if not isinstance(values, Mapping):
        raise ModelError("quantum_bath.diffusion", "a mapping of xx, xy and yy to numbers", brief(value))
    for name in values:
        one_of("quantum_bath.diffusion", name, Diffusion._fields)
    found = {}
    for name, given in values.items():
        where, signed = f"quantum_bath.diffusion.{name}", name == "xy"
        text = "a finite number" if signed else "a number >= 0"
        found[name] = quantity(where, given, text, lambda v, signed=signed: signed or v >= 0)  # type: ignore[misc]
    return Diffusion(**found)


@dataclass(frozen=True)
class Noise:
    """A noise with an operator of its own: it decoheres the quantum particle, kicks the classical one, or both.

    To the equation of rho it adds ``-(decoherence/2) [L, [L, rho]] + (diffusion/2) d_p**2 rho``, to the symbol of W ::

        -(D0/2) [L(q, x + hbar s/2) - L(q, x - hbar s/2)]**2 - (D2(q)/2) r**2

    Only ``dV_I/dq`` acts back on p; see :class:`wignercq.model.model.Model`.

    Parameters
    ----------
    force : str, number or sympy.Expr
        L(q, x), Hermitian, with the parameters of the model.
    decoherence : float
        D0 >= 0, units 1/(L**2 time).
    diffusion : str, number or sympy.Expr
        D2(q) >= 0, units momentum**2/time: a number, or a formula in q.
    """

    force: Formula = 0.0
    decoherence: float = 0.0
    diffusion: Formula = 0.0


class NoiseTerm(NamedTuple):
    """A noise with the parameters put in."""

    L: sp.Expr
    decoherence: float
    diffusion: sp.Expr


Part = TypeVar("Part", QuantumBath, Noise)


def _built(kind: type[Part], value: object, where: str) -> Part:
    """`value` itself, or one of the arguments in a mapping; ModelError otherwise."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise ModelError(where, f"a {kind.__name__}, or its arguments", kind_of(value))
    for name in value:
        one_of(where, name, [field.name for field in fields(kind)])
    return kind(**value)


def quantum_bath_of(value: object) -> QuantumBath | None:
    """A bath as given, or None; ModelError for anything else."""
    return None if value is None else _built(QuantumBath, value, "quantum_bath")


def noises_of(value: object) -> tuple[Noise, ...]:
    """Noises as given, with their numbers checked; ModelError for anything else."""
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise ModelError("noises", "a list of noises", brief(value))
    if len(value) > MANY:
        raise ModelError("noises", f"at most {MANY}", len(value))
    found = []
    for number, given in enumerate(value):
        where = f"noises.{number}"
        noise = _built(Noise, given, where)
        strength = quantity(f"{where}.decoherence", noise.decoherence, "a number >= 0", lambda v: v >= 0)
        found.append(replace(noise, decoherence=strength))
    return tuple(found)


def require_plain(model: Model, what: str) -> None:
    """Raise ModelError where a model has a bath of the quantum particle or further noises, which `what` is not for."""
    if not model.is_paper:
        raise ModelError("model", f"no quantum_bath and no noises for {what}", "one with them")
