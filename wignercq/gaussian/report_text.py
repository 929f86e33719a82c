"""The report of :mod:`wignercq.gaussian.report` as a readable table."""

from __future__ import annotations

from collections.abc import Iterable

from wignercq.gaussian.driven_report import driven_lines
from wignercq.gaussian.report import Report

Row = tuple[str, str]
NAMES = ("q", "p", "x", "y")
PARAMETER_LABELS = {
    "hbar": "hbar",
    "classical_mass": "classical mass M",
    "quantum_mass": "quantum mass m",
    "k_C": "spring k_C",
    "k_Q": "spring k_Q",
    "lam": "coupling lam",
    "friction": "friction alpha",
    "diffusion": "diffusion D2",
    "decoherence": "decoherence D0",
    "quantum_diffusion": "quantum diffusion D_y",
    "trade_off": "trade-off 4 D0 D2",
    "bath_temperature": "bath temperature k_B T_C",
}
WEAK_LABELS = {
    "expansion_parameter": "lam over the softer spring",
    "induced_damping": "induced damping Gamma",
    "occupation": "occupation n",
    "critical_temperature": "temperature of least n",
    "minimum_occupation": "least n",
}
STEADY_LABELS = {
    "occupation": "occupation n",
    "occupation_about_mean": "occupation of the fluctuations",
    "purity": "purity",
    "uncertainty_product": "uncertainty product",
    "uncertainty_bound": "its bound hbar/2",
    "effective_temperature_q": "temperature of q at w_Q",
    "effective_temperature_x": "temperature of x at w_Q",
    "mutual_information_qx": "mutual information of q and x",
    "mutual_information_blocks": "mutual information of both particles",
    "gibbs_distance": "distance from the Gibbs state",
    "entropy_production": "entropy production rate",
}


def format_report(report: Report) -> str:
    """The report of :func:`theory_report` as a readable table.

    Parameters
    ----------
    report : dict

    Returns
    -------
    str
        Lines of plain ASCII text.
    """
    if "cycle" in report:
        return "\n".join(driven_lines(report))
    theory = report["theory"]
    lines = ["Gaussian theory: " + theory["note"]]
    if "reason" in (theory["linearised_about"] or {}):
        lines.append("The point is " + theory["linearised_about"]["reason"])
    form = "Parameters (potentials as k_C q^2/2 + k_Q x^2/2 + lam (q - x)^2/2)"
    lines += _section(form, _scalars(report["parameters"], PARAMETER_LABELS))
    dynamics = report["dynamics"]
    lines += _section(
        "Relaxation",
        [
            *_eigenvalues(dynamics["eigenvalues"]),
            ("slowest rate (gap)", _show(dynamics["gap"])),
            ("stable", "yes" if dynamics["stable"] else "no"),
            ("heating of the classical particle", _show(dynamics["heating_classical"])),
            ("heating of the quantum particle", _show(dynamics["heating_quantum"])),
        ],
    )
    form = "Weak coupling (leading orders in lam; for lam well below the springs)"
    lines += _section(form, _weak_rows(report["weak_coupling"], dynamics["stable"]))
    if report["steady_state"] is None:
        lines += _section("Steady state", [("none", report["reason"])])
        return "\n".join(lines)
    steady = report["steady_state"]
    lines += ["", "Steady state", *_matrix("mean", [steady["mean"]]), *_matrix("covariance", steady["covariance"])]
    if steady["correlation"] is not None:
        lines += _matrix("correlation", steady["correlation"])
    energy = [(f"energy, {name}", _show(value)) for name, value in steady["energy"].items()]
    lines += _rows([*energy, *_scalars(steady, STEADY_LABELS)])
    lines += ["", "Sensitivity of the variances (D0 fixed)", *_table(report["sensitivity"])]
    return "\n".join(lines)


def _eigenvalues(values: list[list[float]]) -> list[Row]:
    signed = [f"{_show(re)} {'+' if im >= 0 else '-'} {_show(abs(im))} i" for re, im in values]
    return [(f"eigenvalue {k}", text) for k, text in enumerate(signed, 1)]


def _weak_rows(weak: Report, stable: bool) -> list[Row]:
    poles = weak["eigenvalues"] or []
    rows = _eigenvalues(poles)
    if stable and any(re < 0 for re, _ in poles):
        rows.append(("not valid here", "growing modes, which the model has not; lam is too large"))
    return [*rows, *_scalars(weak, WEAK_LABELS)]


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _scalars(values: Report, labels: dict[str, str]) -> list[Row]:
    return [(label, _show(values[key])) for key, label in labels.items()]


def _rows(rows: list[Row]) -> list[str]:
    return [f"  {label:<38}{value}" for label, value in rows]


def _section(title: str, rows: list[Row]) -> list[str]:
    return ["", title, *_rows(rows)]


def _matrix(title: str, matrix: list[list[float]]) -> list[str]:
    labels = NAMES if len(matrix) == len(NAMES) else ("",)
    rows = (f"  {label:>14}{_columns(map(_show, row))}" for label, row in zip(labels, matrix, strict=True))
    return [f"  {title:<14}{_columns(NAMES)}", *rows]


def _table(rows: dict[str, list[float]]) -> list[str]:
    head = _columns(f"d<{name}{name}>" for name in NAMES)
    return [f"  {'':<16}{head}", *(f"  {name:<16}{_columns(map(_show, values))}" for name, values in rows.items())]


def _columns(texts: Iterable[str]) -> str:
    return "".join(f"{text:>13}" for text in texts)
