"""Splitting schemes as data: sequences of transport (T) and momentum (V) stages with positive times only.

Diffusion cannot run backwards, so schemes beyond second order take the double commutator [V, [T, V]] instead of
negative times (S. A. Chin, Phys. Lett. A 226, 344 (1997); I. P. Omelyan, I. M. Mryglod and R. Folk, Comput. Phys.
Commun. 151, 272 (2003)). docs/schemes.md derives the coefficients and compares the schemes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from wignercq.errors import InputError


class Part(Enum):
    """The two exactly solvable parts of the generator."""

    TRANSPORT = "T"  # free motion and friction
    MOMENTUM = "V"  # forces, Moyal brackets, diffusion, decoherence


@dataclass(frozen=True)
class Stage:
    """Flow of one part for ``fraction * dt``; a momentum stage may add ``commutator * dt**3 * [V, [T, V]]``."""

    part: Part
    fraction: Fraction
    commutator: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.fraction <= 0:
            raise InputError("Stage.fraction", "a positive number (diffusion is irreversible)", self.fraction)
        if self.commutator and self.part is Part.TRANSPORT:
            raise InputError("Stage.commutator", "0 for a transport stage", self.commutator)

    def weights(self, dt: float) -> tuple[float, float]:
        """What the generator and the commutator are multiplied by in a step of this duration."""
        return float(self.fraction) * dt, float(self.commutator) * dt**3


@dataclass(frozen=True)
class Scheme:
    """A symmetric splitting scheme that begins and ends with a momentum stage, so that neighbours fuse.

    Parameters
    ----------
    order : int
        Declared order of the global error, ``O(dt**order)``.

    Raises
    ------
    InputError
        Stages not alternating V, T, ..., V, not palindromic, or fractions not adding up to one.
    """

    name: str
    order: int
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        parts = [stage.part for stage in self.stages]
        alternating = [Part.TRANSPORT if i % 2 else Part.MOMENTUM for i in range(len(parts))]
        if parts != alternating or len(parts) % 2 == 0:
            raise InputError(f"Scheme {self.name}", "stages V, T, V, ..., V", "others")
        if self.stages != self.stages[::-1]:
            raise InputError(f"Scheme {self.name}", "a palindromic sequence", "another")
        for part in Part:
            total = sum(stage.fraction for stage in self.stages if stage.part is part)
            if total != 1:
                raise InputError(f"Scheme {self.name}", f"{part.value} fractions to add up to 1", total)


def _alternate(momentum: list[tuple[Fraction, Fraction]], transport: list[Fraction]) -> tuple[Stage, ...]:
    stages = [Stage(Part.MOMENTUM, *momentum[0])]
    for duration, kick in zip(transport, momentum[1:], strict=True):
        stages += [Stage(Part.TRANSPORT, duration), Stage(Part.MOMENTUM, *kick)]
    return tuple(stages)


_ZERO, _HALF = Fraction(0), Fraction(1, 2)

STRANG = Scheme("Strang", 2, _alternate([(_HALF, _ZERO), (_HALF, _ZERO)], [Fraction(1)]))

#: exp(tV/6) exp(tT/2) exp(2tV/3 + t**3 [V,[T,V]]/72) exp(tT/2) exp(tV/6), Chin (1997), eq. (31), scheme A.
CHIN_4A = Scheme(
    "Chin 4A",
    4,
    _alternate(
        [(Fraction(1, 6), _ZERO), (Fraction(2, 3), Fraction(1, 72)), (Fraction(1, 6), _ZERO)],
        [_HALF, _HALF],
    ),
)

#: The default. Of fourth order, and all but of sixth for quadratic models without friction: see docs/schemes.md.
FORWARD_3 = Scheme(
    "forward three-stage",
    4,
    _alternate(
        [
            (Fraction(97, 1350), Fraction(1099, 2_250_000)),
            (Fraction(289, 675), Fraction(29_767, 10_125_000)),
            (Fraction(289, 675), Fraction(29_767, 10_125_000)),
            (Fraction(97, 1350), Fraction(1099, 2_250_000)),
        ],
        [Fraction(9, 34), Fraction(8, 17), Fraction(9, 34)],
    ),
)

BY_ORDER = {2: STRANG, 4: FORWARD_3}
