"""Where potentials are singular or not real, found by looking at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import sympy as sp

from wignercq.errors import ModelError
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, T, X

PLACES = 2001  # along each axis, shifted by an irrational share of their distance: removable singularities stay unseen
SHIFT = 0.381966
CUTS = 5  # through the region, along which an interaction is looked at
PEAKS = 16  # the highest of them are looked at more closely,
ZOOM, ZOOMS = 200, 6  # so many places between two and again
RISING = 0.5  # of the rise before: smooth peaks rise by less and less the closer one looks
NEGLIGIBLE = 1e-9  # of the value, by which a peak rises through rounding


def require_regular(model: Model, q: tuple[float, float], x: tuple[float, float], *, time: float = 0.0) -> None:
    """Refuse, with ModelError, potentials that are singular or not real in a region of q and x, at a time.

    Polynomials never are. A pole is seen where it towers above its surroundings at a two-thousandth of the region.
    """
    for name, potential in potentials(model.at(time)).items():
        if potential.is_polynomial(Q, X):
            continue
        for (lower, upper), where, line in _lines(potential, q, x):
            fault = _fault(line, lower, upper)
            if fault is not None:
                expected = "a potential that is finite and real where W is"
                raise ModelError(name, expected, f"{fault[0]} at {where.format(fault[1])}")


def potentials(model: Model) -> dict[str, sp.Expr]:
    """The potentials, and what noises have of formulas, by the names of the arguments that set them."""
    found = {"classical_potential": model.V_C, "quantum_potential": model.V_Q, "interaction": model.V_I}
    for i, noise in enumerate(model.noise_terms):
        found |= {f"noises.{i}.force": noise.L, f"noises.{i}.diffusion": noise.diffusion}
    return found


def described(potential: sp.Expr, q: float, x: float, time: float = 0.0) -> str:
    """What a potential is at a point where it has no finite real value, and at which coordinates."""
    with np.errstate(all="ignore"):
        value = complex(compiled((Q, X, T), potential)(np.complex128(q), np.complex128(x), time))
    what = "one that is not real" if value.imag and np.isfinite(value) else "a singular or overflowing one"
    values = {Q: q, X: x, T: time}
    where = ", ".join(f"{s.name} = {v:.4g}" for s, v in values.items() if s in potential.free_symbols)
    return f"{what} at {where}"


Line = Callable[[np.ndarray], np.ndarray]


def _lines(
    potential: sp.Expr, q: tuple[float, float], x: tuple[float, float]
) -> Iterator[tuple[tuple[float, float], str, Line]]:
    """The potential along each coordinate, complex, at some places of the other one if it depends on both.

    With the ends of the coordinate, and what to put its value into to name a point.
    """
    function = compiled((Q, X), potential)
    along_q, along_x = (symbol in potential.free_symbols for symbol in (Q, X))
    both = along_q and along_x
    if along_q:
        for place in np.linspace(*x, CUTS + 2)[1:-1] if both else [0.0]:
            yield q, "q = {}" + f", x = {place:.3g}" * both, partial(_at_x, function, place)
    if along_x:
        for place in np.linspace(*q, CUTS + 2)[1:-1] if both else [0.0]:
            yield x, f"q = {place:.3g}, " * both + "x = {}", partial(function, np.complex128(place))


def _at_x(function: Callable[..., np.ndarray], x: float, q: np.ndarray) -> np.ndarray:
    return function(q, np.complex128(x))


def _fault(line: Line, lower: float, upper: float) -> tuple[str, str] | None:
    """What is wrong along a line, and where; None if nothing is seen."""
    places = lower + (upper - lower) * (np.arange(PLACES) + SHIFT) / PLACES
    values = line(places + 0j)
    finite = np.isfinite(values)
    for wrong, what in ((finite & (values.imag != 0), "one that is not real"), (~finite, "a singular one")):
        if wrong.any():
            nearest = np.abs(places[wrong] - (lower + upper) / 2).argmin()
            return what, f"{places[wrong][nearest]:.3g}"
    size = np.abs(values)
    peaks = 1 + np.flatnonzero((size[1:-1] > size[:-2]) & (size[1:-1] >= size[2:]))
    for i in peaks[np.argsort(size[peaks])[::-1][:PEAKS]]:
        pole = _pole(line, places[i - 1], places[i + 1])
        if pole is not None:
            return "a singular one", f"{0.0 if abs(pole) < NEGLIGIBLE * (upper - lower) else pole:.6g}"
    return None


def _pole(line: Line, lower: float, upper: float) -> float | None:
    """Where the size of a function grows beyond all bounds between two places, if it does."""
    heights, place = [], (lower + upper) / 2
    for _ in range(ZOOMS):
        places = lower + (upper - lower) * (np.arange(ZOOM) + SHIFT) / ZOOM
        size = np.abs(line(places + 0j))
        if not np.isfinite(size).all():
            return float(places[~np.isfinite(size)][0])
        i = int(size.argmax())
        heights.append(float(size[i]))
        place, (lower, upper) = places[i], (places[max(i - 1, 0)], places[min(i + 1, ZOOM - 1)])
    rises = np.diff(heights)
    grows = rises[-1] > NEGLIGIBLE * heights[-1] and rises[-1] > RISING * rises[-2] > 0
    return float(place) if grows else None
