"""What a file of any kind holds, as text: how it was made, what is measured in it, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from wignercq.comparison.result import Breakdown
from wignercq.correlations.two_time import TwoTime
from wignercq.results.result import Result
from wignercq.results.solution import Solution
from wignercq.results.summary import MomentTheory, accuracy_lines, description, final_table, observable_lines
from wignercq.steady.result import SteadyState
from wignercq.sweep.result import SweepResult
from wignercq.sweep.steady_result import SteadySweep
from wignercq.unravelling.result import Ensemble

if TYPE_CHECKING:  # a result is read without what computes one
    from wignercq.config import Config

KINDS: Mapping[type[Result], str] = {
    Solution: "run",
    SteadyState: "steady state",
    Breakdown: "comparison",
    SweepResult: "sweep of comparisons",
    SteadySweep: "sweep of steady states",
    TwoTime: "two-time functions",
    Ensemble: "trajectories",
}
#: What is measured of every W, by variable, and what it is called here.
MEASURED = {
    **{name: name for name in ("purity", "negativity", "occupation", "energy")},
    **{f"energy_{part}": f"  {part}" for part in ("classical", "quantum", "interaction")},
}
NOTES = ("warnings", "grid_changes", "resumed", "unresolved", "stopped")
COLUMN = 16


def told(result: Result, settings: Config | None, theory: MomentTheory | None = None) -> str:
    """All that is to be known of a result; `settings` are those of its configuration, if it has one."""
    data, is_run = result.dataset, isinstance(result, Solution) and not isinstance(result, Ensemble)
    made = "" if is_run else f"\n{lines(_settings(data))}"
    facts = f"{lines({'kind': KINDS[type(result)], **_model(data, settings)})}{made}"
    measured = lines({label: _span_of(data[name]) for name, label in MEASURED.items() if name in data})
    if is_run:
        facts = f"{facts}\n{description(data)}\n{lines(_tolerance(data))}".rstrip()
    parts = [facts, measured, _body(result, theory), "" if is_run else lines(notes(data.attrs))]
    return "\n\n".join(part for part in parts if part)


def _body(result: Result, theory: MomentTheory | None) -> str:
    if isinstance(result, SteadyState | Ensemble) or not isinstance(result, Solution):
        return result.summary()
    table = "\n".join([final_table(result.dataset, theory), *observable_lines(result.dataset)])
    return f"{accuracy_lines(result.dataset)}\n\n{table}"


def _model(data: xr.Dataset, settings: Config | None) -> dict[str, str]:
    text = data.attrs.get("model")
    if text is None and settings is not None:
        text = str(settings.model)
    return {} if text is None else {"model": _plain(text)}


def _settings(data: xr.Dataset) -> dict[str, str]:
    """How the result of a comparison, a sweep or two-time functions was made."""
    attributes = data.attrs
    rows = {"made by": f"wignercq {_plain(attributes['wignercq_version'])}"}
    if "versions" in attributes:
        rows["made by"] += f" ({_plain(attributes['versions'])})"
    for name in ("engine", "precision", "scheme", "bath", "grid", "hbar", "hbar_order", "threshold"):
        if name in attributes:
            rows[name.replace("_", " ")] = _plain(attributes[name])
    rows |= _tolerance(data)
    for name, label in (("time_step", "time step"), ("time_error_estimate", "time error"), ("wall_time", "wall time")):
        if name in data:
            rows[label] = _span_of(data[name])
        elif isinstance(attributes.get(name), (float, int, np.number)):
            rows[label] = f"{attributes[name]:.6g}"
    return rows


def _tolerance(data: xr.Dataset) -> dict[str, str]:
    return {"tolerance": _plain(data.attrs["tolerance"])} if "tolerance" in data.attrs else {}


def _span_of(values: xr.DataArray) -> str:
    """The first and the last of numbers in time, the smallest and the largest of others."""
    if values.dims == ("time",):
        times = values["time"].values
        return ends(values.values, f"t = {times[0]:.6g}", f"t = {times[-1]:.6g}")
    finite = values.values[np.isfinite(values.values)]
    if not finite.size:
        return "none"
    return f"{finite.min():.6g}" + (f" to {finite.max():.6g}" if finite.max() > finite.min() else "")


def ends(values: np.ndarray, first: str, last: str) -> str:
    if len(values) == 1:
        return f"{values[0]:.6g}"
    return f"{values[0]:.6g} at {first}, {values[-1]:.6g} at {last}"


def notes(attributes: Mapping[str, Any]) -> dict[str, str]:
    indented = "\n" + COLUMN * " "
    texts = {name.replace("_", " "): str(attributes[name]) for name in NOTES if attributes.get(name)}
    return {name: indented.join(_plain(line) for line in text.splitlines()) for name, text in texts.items()}


def _plain(value: object) -> str:
    """A value on one line of printable signs, since a file may come from anywhere."""
    text = " ".join(str(value).split())
    return text if text.isprintable() else ascii(text)


def lines(rows: Mapping[str, str]) -> str:
    return "\n".join(f"{name:<{COLUMN}}{value}" for name, value in rows.items())
