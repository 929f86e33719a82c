"""The format of two-time functions: names, dimensions and meanings, and what a file lacks of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from wignercq.errors import brief
from wignercq.grid.grid import NAMES
from wignercq.results.reading import LARGEST, LONGEST, Fault, not_a_number, not_increasing, not_numbers, not_texts

if TYPE_CHECKING:
    from wignercq.model.model import Model

PAIR = ("tau", "first", "second")
DESCRIPTIONS: Mapping[str, str] = {
    "correlation": "<{A(t + tau), B(t)}>/2",
    "connected": "<{A(t + tau), B(t)}>/2 - <A(t + tau)> <B(t)>",
    "response": "d<A(t + tau)>/df for H -> H - f B delta(t)",
    "mean_first": "<A(t + tau)>",
    "mean_second": "<B(t)>",
    "kind": "which particle B belongs to: classical, quantum or mixed",
    "state_change": "largest change of W since tau = 0, relative to its maximum there",
    "edge_mass": "modulus in the outer sixteenths of an axis, relative to all of it at tau = 0; the largest of all W",
    "spectral_tail": "root of the share of spectral power in the top eighth of the frequencies; the largest of all W",
}
NUMBERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("correlation", "connected", "response"), PAIR),
    "mean_first": ("tau", "first"),
    "mean_second": ("second",),
    "state_change": ("tau",),
    **dict.fromkeys(("edge_mass", "spectral_tail"), ("axis",)),
}
KINDS = {"classical", "quantum", "mixed"}
ATTRIBUTES = ("wignercq_version", "versions", "model", "engine", "precision", "scheme", "bath", "grid")
OTHERS = ("unresolved",)  # where there is something to say
#: Attributes of a quadratic model, numbers of its Gaussian theory: drift A and diffusion B by rows, and the force f.
THEORY: Mapping[str, int] = {"gaussian_drift": 16, "gaussian_diffusion": 16, "gaussian_force": 4}


def is_two_time(dataset: xr.Dataset) -> bool:
    """Whether a dataset claims to hold two-time functions."""
    return "second" in dataset.dims


def theory_attributes(model: Model) -> dict[str, Any]:
    """The Gaussian theory of a model as attributes; none where it is not quadratic."""
    if not model.is_quadratic:
        return {}
    from wignercq.gaussian import LinearModel  # loads SymPy, which reading a file does not need

    theory = LinearModel.from_model(model)
    return dict(zip(THEORY, (theory.drift.ravel(), theory.diffusion.ravel(), theory.force), strict=True))


def faults(dataset: xr.Dataset) -> Iterator[Fault]:
    """What a dataset lacks to hold two-time functions."""
    if not is_two_time(dataset):
        yield "two-time functions", "another result of wignercq"
    for label in ("first", "second", "axis"):
        yield from not_texts(dataset, label, (label,))
        names = dataset[label].values.tolist()
        if not 0 < len(set(names)) == len(names):
            yield f"names that differ as coordinate {label}, at least one", "others"
    if dataset["axis"].values.tolist() != list(NAMES):
        yield "the names q, p, x, y as coordinate axis", "others"
    yield from not_texts(dataset, "kind", ("second",))
    if not KINDS.issuperset(dataset["kind"].values.tolist()):
        yield f"one of {', '.join(sorted(KINDS))} as kind", "others"
    for name, dimensions in NUMBERS.items():
        yield from not_numbers(dataset, name, dimensions)
    yield from not_increasing(dataset, {"tau": 1})
    for name in ("hbar", "time_step", "time_error_estimate", "wall_time"):
        yield from not_a_number(dataset.attrs, name)
    for name, count in THEORY.items():
        numbers = np.asarray(dataset.attrs.get(name, np.zeros(count)))
        if numbers.shape != (count,) or numbers.dtype.kind != "f" or not (np.abs(numbers) < LARGEST).all():
            yield f"{count} numbers as attribute {name}", "others"
    for name in (*ATTRIBUTES, *(name for name in OTHERS if name in dataset.attrs)):
        text = dataset.attrs.get(name)
        if not (isinstance(text, str) and len(text) <= LONGEST and text.isprintable()):
            yield f"a printable attribute {name}", brief(text)
