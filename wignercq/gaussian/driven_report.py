"""What the Gaussian theory says of a driven quadratic model, as plain numbers and as a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from wignercq.errors import InputError
from wignercq.gaussian.driven import DrivenLinearModel
from wignercq.model.model import Model

PHASES = 64  # of a cycle, over which averages are taken
NAMES = ("q", "p", "x", "y")


def driven_report(model: Model) -> dict[str, Any]:
    """Period, multipliers and periodic state of a driven quadratic model; ``cycle`` is None, and ``reason`` says why,
    where there is none. ModelError for an anharmonic model.
    """
    theory = DrivenLinearModel(model)
    report: dict[str, Any] = {
        "theory": {"exact": True, "note": "potentials that depend on time, at most quadratic: exact"},
        "period": theory.period,
        "cycle": None,
        "reason": None,
    }
    try:
        cycle = theory.cycle()
    except InputError as error:
        return {**report, "reason": str(error)}
    mean, covariance = cycle.moments(cycle.period * np.arange(PHASES) / PHASES)
    report["cycle"] = {
        "multipliers": [[float(value.real), float(value.imag)] for value in cycle.multipliers],
        "gap": cycle.gap,
        "mean": mean.mean(axis=0).tolist(),
        "swing": (np.ptp(mean, axis=0) / 2).tolist(),
        "covariance": covariance.mean(axis=0).tolist(),
        "least_variance": np.diagonal(covariance, axis1=1, axis2=2).min(axis=0).tolist(),
        "largest_variance": np.diagonal(covariance, axis1=1, axis2=2).max(axis=0).tolist(),
    }
    return report


def driven_lines(report: dict[str, Any]) -> list[str]:
    """The lines of the table of a :func:`driven_report`."""

    def row(name: str, *values: str) -> str:
        return f"  {name:<38}" + "".join(f"{value:>13}" for value in values)

    def numbers(name: str, values: list[float]) -> str:
        return row(name, *(f"{value:.6g}" for value in values))

    period = report["period"]
    lines = [f"Gaussian theory: {report['theory']['note']}", "", "Drive"]
    lines.append(row("period", "none found" if period is None else f"{period:.6g}"))
    cycle = report["cycle"]
    if cycle is None:
        return [*lines, "", "Periodic state", f"  none: {report['reason']}"]
    sizes = [abs(complex(*value)) for value in cycle["multipliers"]]
    lines += [numbers("multipliers, moduli", sizes), numbers("slowest rate (gap)", [cycle["gap"]])]
    lines += ["", "Periodic state", row("", *NAMES), numbers("mean over a period", cycle["mean"])]
    lines.append(numbers("swing of the mean", cycle["swing"]))
    for name, values in zip(NAMES, cycle["covariance"], strict=True):
        lines.append(numbers(f"covariance with {name}, mean", values))
    lines.append(numbers("least variance", cycle["least_variance"]))
    return [*lines, numbers("largest variance", cycle["largest_variance"])]
