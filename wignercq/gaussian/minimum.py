"""The minimum of a potential about which an anharmonic model is expanded, found and judged on its own scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import sympy as sp

from wignercq.errors import ModelError
from wignercq.gaussian.lengths import characteristic_lengths, in_units
from wignercq.gaussian.own_units import in_widths, power_of_two
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, X

STARTS = (0.1, 1.0, 10.0)  # where the search begins, in characteristic lengths, on both sides of 0 and at it
STEPS = 100  # of the descent from each of them
HALVINGS = 12  # of a step that does not descend
POLISH = 4  # steps of Newton's method at the end: to rounding error
EQUAL = 1e-9  # difference of depth that counts as none, beside the rise of the potential from one minimum to the other
NEAR = 1e-6  # difference of two places that counts as none, beside their distance
SOFTEST = 1e-8  # curvature beside that of the other direction that counts as positive
REACH = 1e-5  # distance, in lengths, from which Newton's method must find a minimum of positive curvature
ROUNDING = 1e-13  # error of a depth, beside itself
ZERO = 1e-13  # coordinate, in lengths, that counts as 0
REASONS = (
    "the only minimum found",
    "the deepest of the minima found",
    "the nearest to the origin of equally deep minima",
    "of equally deep and equally near minima the one at the largest q",
    "of equally deep and equally near minima the one at the largest q and x",
)

Values = Callable[[np.ndarray], np.ndarray]


class Minimum(NamedTuple):
    """A minimum (q, x) of a potential and why it was taken."""

    q: float
    x: float
    reason: str


class _Surface(NamedTuple):
    """Depth (n,), gradient (2, n) and curvature (n, 2, 2) at points (2, n), all in units of the potential's own."""

    depth: Values
    gradient: Values
    curvature: Values


def find_minimum(model: Model) -> Minimum:
    """The deepest minimum found; see :func:`potential_minimum` of :mod:`wignercq.gaussian.linear_model`."""
    total = model.V_C + model.V_Q + model.V_I
    if model.is_quadratic:
        return _of_quadratic(total)
    lengths = characteristic_lengths(total)
    along = tuple(own or other for own, other in zip(lengths, reversed(lengths), strict=True))
    units = np.array([power_of_two(float(np.exp(np.mean(np.log(some))))) if some else 1.0 for some in along])
    surface = _surface(total, units)
    starts = [
        sorted({0.0, *(sign * k * length / unit for length in some for k in STARTS for sign in (-1, 1))})
        for some, unit in zip(along, units, strict=True)
    ]
    grid = np.meshgrid(*starts, indexing="ij")
    with np.errstate(all="ignore"):
        ends = _polished(surface, _descended(surface, np.stack([axis.ravel() for axis in grid])))
        ends = ends[:, _are_minima(surface, ends)]
        if not ends.size:
            raise _none()
        index, reason = _choice(ends, surface.depth(ends), surface.curvature(ends), units)
    q, x = (
        0.0 if abs(value) < ZERO * min(some, default=0.0) else float(value)
        for value, some in zip(ends[:, index] * units, along, strict=True)
    )
    return Minimum(q, x, reason)


def _none() -> ModelError:
    return ModelError(
        "model", "a potential with a minimum of positive curvature", "none; in Python, name a point with at=(q, x)"
    )


def _of_quadratic(total: sp.Expr) -> Minimum:
    """Exact: where the gradient, which is linear, vanishes."""
    slopes = [sp.diff(total, v).subs({Q: 0, X: 0}) for v in (Q, X)]
    (qq, qx), (_, xx) = sp.hessian(total, (Q, X)).tolist()
    determinant = qq * xx - qx**2
    curvature = np.array([[qq, qx], [qx, xx]], dtype=float)
    if float(determinant) <= 0 or not _are_positive(curvature[None])[0]:
        raise _none()
    q, x = (qx * slopes[1] - xx * slopes[0]) / determinant, (qx * slopes[0] - qq * slopes[1]) / determinant
    return Minimum(float(q), float(x), "the only minimum")


def _surface(total: sp.Expr, units: np.ndarray) -> _Surface:
    """The potential with q and x in their units, and itself in units of its coefficients if it is a polynomial."""
    scaled = in_units(total, *units.tolist())
    derivatives = {v: sp.diff(scaled, v) for v in (Q, X)}
    depth = compiled((Q, X), [scaled])
    gradient = compiled((Q, X), [derivatives[Q], derivatives[X]])
    curvature = compiled((Q, X), [sp.diff(derivatives[a], b) for a in (Q, X) for b in (Q, X)])

    def stacked(function: Callable[..., Sequence[np.ndarray]]) -> Values:
        return lambda z: np.stack([np.broadcast_to(np.asarray(v, float), z.shape[1:]) for v in function(*z)])

    return _Surface(
        lambda z: stacked(depth)(z)[0],
        stacked(gradient),
        lambda z: np.moveaxis(stacked(curvature)(z).reshape(2, 2, -1), -1, 0),
    )


def _newton(surface: _Surface, z: np.ndarray) -> np.ndarray:
    """Steps (2, n) of Newton's method, downhill also where the curvature is negative."""
    gradient, curvature = surface.gradient(z).T, surface.curvature(z)
    usable = np.logical_and(np.isfinite(gradient).all(axis=1), np.isfinite(curvature).all(axis=(1, 2)))
    widths, shape = in_widths(np.where(usable[:, None, None], curvature, np.eye(2)))
    values, vectors = np.linalg.eigh(shape)
    sizes = np.maximum(np.abs(values), 1e-12 * np.abs(values).max(axis=1, keepdims=True))
    along = np.einsum("nji,nj->ni", vectors, gradient / widths) / sizes
    steps = -np.einsum("nij,nj->ni", vectors, along) / widths
    return np.where(usable[:, None], steps, np.nan).T


def _descended(surface: _Surface, z: np.ndarray) -> np.ndarray:
    """Where steps of Newton's method lead that never climb and never go farther than from here to the origin."""
    z, active = z.copy(), np.arange(z.shape[1])
    for _ in range(STEPS):
        here = z[:, active]
        depth, step = surface.depth(here), _newton(surface, here)
        step = step / np.maximum(1, (np.abs(step) / (1 + np.abs(here))).max(axis=0))
        moved = np.zeros(len(active), dtype=bool)
        for _ in range(HALVINGS):
            better = ~moved & (surface.depth(here + step) < depth)
            z[:, active[better]] = (here + step)[:, better]
            moved |= better
            step = step / 2
            if moved.all():
                break
        active = active[moved]
        if not active.size:
            break
    return z


def _polished(surface: _Surface, z: np.ndarray) -> np.ndarray:
    for _ in range(POLISH):
        moved = z + _newton(surface, z)
        z = np.where(_are_positive(surface.curvature(z)) & _are_finite(moved), moved, z)
    return z


def _are_finite(z: np.ndarray) -> np.ndarray:
    return np.isfinite(z).all(axis=0)


def _are_positive(curvature: np.ndarray) -> np.ndarray:
    """Whether curvatures (n, 2, 2) are positive, for any units of q and of x; shape (n,)."""
    finite = np.isfinite(curvature).all(axis=(1, 2))
    _, shape = in_widths(np.where(finite[:, None, None], curvature, 0.0))
    low, high = np.linalg.eigvalsh(shape).T
    return finite & (low > SOFTEST * high)


def _are_minima(surface: _Surface, z: np.ndarray) -> np.ndarray:
    """Whether points are minima of positive curvature: Newton's method comes back to them from close by."""
    good = _are_finite(z) & np.isfinite(surface.depth(z)) & _are_positive(surface.curvature(z))
    for direction in ([1, 0], [-1, 0], [0, 1], [0, -1]):
        there = z + REACH * np.array(direction, dtype=float)[:, None] * np.maximum(1, np.abs(z))
        back = np.abs(there + _newton(surface, there) - z) / np.maximum(1, np.abs(z))
        good &= _are_positive(surface.curvature(there)) & (back.max(axis=0) < REACH / 4)
    return good


def _choice(z: np.ndarray, depth: np.ndarray, curvature: np.ndarray, units: np.ndarray) -> tuple[int, str]:
    """Index of the deepest minimum, of equally deep ones the nearest to the origin, then that at the largest q, x."""
    lowest = int(np.argmin(depth))
    apart = z - z[:, [lowest]]
    rise = np.einsum("in,ij,jn->n", apart, curvature[lowest], apart) / 2
    left = np.flatnonzero(depth - depth[lowest] <= EQUAL * rise + ROUNDING * abs(depth[lowest]))
    places = z * (units / units.max())[:, None]
    several = [_are_several(z)]
    for size in (np.hypot(*places), -places[0], -places[1]):
        several.append(_are_several(z[:, left]))
        left = left[size[left] <= size[left].min() + NEAR * np.hypot(*places[:, left]).max()]
    return int(left[0]), REASONS[sum(several)]


def _are_several(z: np.ndarray) -> bool:
    """Whether there is more than one place among them."""
    return bool((np.abs(z - z[:, :1]) / np.maximum(1, np.abs(z))).max() > NEAR)
