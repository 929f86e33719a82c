"""Samples of a function that are the function: their trigonometric interpolant agrees with it between them too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wignercq.errors import GridError, StateError
from wignercq.grid.grid import Axis
from wignercq.states.arguments import array
from wignercq.states.extent import LEFTOVER, nyquist_content, require_sampled

RESOLVED = 1e-14  # spectral tail at which sampling more finely gains nothing
FEWEST = (64, 32)  # samples along each axis to begin with, in one and in two dimensions
PLACES = (2**15, 2**9)  # along each axis at least, at which samples are compared with their function
OFFSET = (5**0.5 - 1) / 2  # of the spacing of those places: no frequency but the right one fits samples and places


def sample(
    name: str,
    function: Callable[..., np.ndarray],
    region: Sequence[Sequence[float]] | np.ndarray,
    *,
    most: int,
    dtype: type = float,
) -> tuple[np.ndarray, tuple[Axis, ...]]:
    """Samples of a function over a region, doubled in number until they resolve it and agree with it elsewhere.

    Samples taken too far apart may look resolved at a wrong frequency, or see nothing of a narrow feature: they are
    believed where their trigonometric interpolant is the function to 1e-8 at 2**15 places along one axis, 2**9 along
    each of two. StateError, which blames `name`, if `most` samples along an axis are not enough, or
    for a function that is zero or does not vanish at the ends.
    """
    counts = [FEWEST[len(region) - 1]] * len(region)
    while True:
        axes = tuple(_axis(name, ends, count) for ends, count in zip(region, counts, strict=True))
        samples = evaluate(name, function, [axis.values for axis in axes], dtype)
        open_ended = [i for i, count in enumerate(counts) if count < most]
        coarse = [i for i in open_ended if samples.any() and nyquist_content(samples, i) > RESOLVED]
        for i in range(len(counts)):
            if counts[i] == most and samples.any():
                require_sampled(name, samples, i)
        if not coarse:
            off = disagreement(name, function, samples, axes)
            if off <= LEFTOVER or not open_ended:
                require_resolved(name, samples, off)
                return samples, axes
        for i in coarse or open_ended:
            counts[i] *= 2


def _axis(name: str, ends: Sequence[float], count: int) -> Axis:
    try:
        return Axis(float(ends[0]), float(ends[1]), count)
    except GridError as error:
        raise StateError(name, f"a function on a range with {error.expected}", error.got) from None


def evaluate(
    name: str, function: Callable[..., np.ndarray], points: Sequence[np.ndarray], dtype: type = float
) -> np.ndarray:
    """Values of a function on the open mesh of `points`; StateError unless they are finite and fit its shape."""
    values, shape = array(name, function(*np.ix_(*points)), dtype=dtype), tuple(map(len, points))
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise StateError(name, f"values of shape {shape}", values.shape) from None


def require_resolved(name: str, samples: np.ndarray, off: float) -> None:
    """Check that samples vanish at the ends, look resolved and are `off` from their function by at most 1e-8."""
    if samples.any() or off == 0:
        for i in range(samples.ndim):
            require_sampled(name, samples, i)
    if off > LEFTOVER:
        raise StateError(
            name,
            f"a function that {' x '.join(map(str, samples.shape))} samples resolve (to {LEFTOVER:g} between them)",
            f"one that differs by {off:.3g}; narrow its range or slow its oscillations",
        )


def disagreement(name: str, function: Callable[..., np.ndarray], samples: np.ndarray, axes: Sequence[Axis]) -> float:
    """How far a function is from the interpolant of its samples: the largest difference relative to the maximum, or
    the mean one relative to the mean, whichever is larger (a wide faint part counts too); 0 for zeros.
    """
    counts = [max(PLACES[samples.ndim - 1], axis.points) for axis in axes]
    places = [
        axis.lower + (np.arange(count) + OFFSET) * (axis.length / count)
        for axis, count in zip(axes, counts, strict=True)
    ]
    values = evaluate(name, function, places, complex if np.iscomplexobj(samples) else float)
    difference, sizes = np.abs(values - _interpolant(samples, counts)), (np.abs(values), np.abs(samples))
    if not difference.any():
        return 0.0
    highest, average = max(np.max(size) for size in sizes), max(np.mean(size) for size in sizes)
    return max(float(difference.max() / highest), float(difference.mean() / average))


def _interpolant(samples: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """The trigonometric interpolant of periodic samples at `counts` places, each OFFSET of their spacing on."""
    values = samples
    for count in counts:  # the first axis is refined and becomes the last
        wave = np.rint(np.fft.fftfreq(len(values)) * len(values)).astype(int)
        amplitudes = np.zeros((count, *values.shape[1:]), dtype=complex)
        amplitudes[wave] = (np.fft.fft(values, axis=0).T * np.exp(2j * np.pi * OFFSET / count * wave)).T
        values = np.moveaxis(np.fft.ifft(amplitudes, axis=0), 0, -1) * (count / len(wave))
    return values
