"""The part of a report that states the model."""

from __future__ import annotations

import numpy as np
import sympy as sp

from wignercq.config import Config
from wignercq.config.keys import NUMBERS
from wignercq.grid.grid import NAMES
from wignercq.model.model import Model, Q
from wignercq.model.typeset import latex, plain
from wignercq.report import page

ALPHA = "\N{GREEK SMALL LETTER ALPHA}"
UNITS = page.Markup(
    "All numbers are in one consistent set of units, with <i>k</i><sub>B</sub> = 1; the value of &hbar; is among them."
)
LABELS = {
    "classical_mass": "classical mass M",
    "quantum_mass": "quantum mass m",
    "hbar": "ħ",
    "friction": f"friction {ALPHA}",
    "diffusion": "diffusion D₂",
    "decoherence": "decoherence D₀",
}
ROUNDING = 1e-12  # of a width: a smaller mean is zero
HAMILTONIAN = r"H = \dfrac{p^2}{2M} + V_\mathrm{C}(q) + \dfrac{y^2}{2m} + V_\mathrm{Q}(x) + V_\mathrm{I}(q, x)"
EQUATION = (
    r"\dfrac{\partial \hat\rho}{\partial t} = -\dfrac{i}{\hbar} [\hat H, \hat\rho]"
    r" + \dfrac{1}{2} (\{\hat H, \hat\rho\} - \{\hat\rho, \hat H\})"
    r" + \dfrac{\partial}{\partial p} \left(\dfrac{\alpha}{M} p \hat\rho\right)"
    r" + \dfrac{D_2}{2} \dfrac{\partial^2 \hat\rho}{\partial p^2} - \dfrac{D_0}{2} [\hat L, [\hat L, \hat\rho]]"
)

THERMAL = (
    r"\dfrac{\partial \hat\rho}{\partial t} = -\dfrac{i}{\hbar} [\hat h + \hat h_s, \hat\rho]"
    r" - \dfrac{p}{M} \dfrac{\partial \hat\rho}{\partial q}"
    r" + \dfrac{\partial}{\partial p} \left(V_\mathrm{C}' \hat\rho"
    r" + \dfrac{1}{2} (\hat L \hat\rho + \hat\rho \hat L^\dagger) + \dfrac{\alpha}{M} p \hat\rho\right)"
    r" + \dfrac{D_2}{2} \dfrac{\partial^2 \hat\rho}{\partial p^2}"
    r" + D_0 (\hat L \hat\rho \hat L^\dagger - \dfrac{1}{2} \{\hat L^\dagger \hat L, \hat\rho\})"
)
MEASURED = r"\hat L = \int_0^1 du\, e^{-u \beta \hat h/2} (\partial_q V_\mathrm{I}) e^{u \beta \hat h/2}"


def model_section(config: Config, swept: tuple[str, ...] = ()) -> str:
    """Hamiltonian, potentials, master equation, the numbers in them, and the initial state.

    The values of numbers that vary, `swept` by their dotted keys, are left out.
    """
    model = config.model
    saturated = config.tables["model"]["interaction"]["decoherence"] is None
    measured = r"L = \partial_q V_\mathrm{I}", "L", sp.diff(model.interaction, Q)
    potentials = (
        (r"V_\mathrm{C}(q)", "V_C", model.classical_potential),
        (r"V_\mathrm{Q}(x)", "V_Q", model.quantum_potential),
        (r"V_\mathrm{I}(q, x)", "V_I", model.interaction),
        *(() if model.is_thermal else (measured,)),
    )
    equation = page.formula(EQUATION, "master equation, (3)-(5) of arXiv:2510.07402")
    if model.is_thermal:
        equation = page.formula(THERMAL, "master equation of arXiv:2504.10587, which keeps the thermal state")
        equation += "\n" + page.formula(MEASURED, "L, with h the Hamiltonian of the quantum particle at rest in q")
    return "\n".join(
        [
            page.heading("Model"),
            page.formula(HAMILTONIAN, "H = p^2/(2M) + V_C(q) + y^2/(2m) + V_Q(x) + V_I(q, x)"),
            *(page.formula(f"{symbol} = {latex(value)}", f"{name} = {value}") for symbol, name, value in potentials),
            equation,
            page.paragraph(UNITS),
            page.beside(
                page.settings(_numbers(model, swept, saturated), caption="Numbers"),
                page.settings(_initial(config), caption="Initial state"),
            ),
        ]
    )


def _numbers(model: Model, swept: tuple[str, ...], saturated: bool) -> dict[str, str]:
    parameters = {f"model.parameters.{name}": (page.parameter(name), value) for name, value in model.parameters.items()}
    fixed = {key: (LABELS[name], getattr(model, name)) for name, key in NUMBERS.items()}
    rows = {
        name: "varied" if key in swept else page.number(value) for key, (name, value) in {**parameters, **fixed}.items()
    }
    if swept and saturated and model.is_coupled:
        rows["decoherence D₀"] = "1/(4 D₂)"
    if model.quantum_bath is not None and not swept:
        rows["damping of y"] = page.number(model.quantum_damping_rate)
        rows |= {f"diffusion of {n}": page.number(v) for n, v in model.quantum_diffusion._asdict().items()}
    for i, noise in enumerate(model.noises, start=1):
        strengths = f"D₀ = {plain(noise.decoherence)}, D₂ = {plain(noise.diffusion)}"
        rows[f"noise {i}"] = f"L = {plain(noise.force)}, {strengths}"
    if not swept:
        rows["4 D₀ D₂"] = page.number(4 * model.D0 * model.diffusion)
        rows[f"bath temperature D₂/(2{ALPHA})"] = page.number(model.bath_temperature)
    return rows


def _initial(config: Config) -> dict[str, str]:
    state = config.state
    widths = np.sqrt(np.diag(state.covariance))
    rows: dict[str, str] = {"kind": str(config.tables["initial"]["kind"])}
    for name, mean, width in zip(NAMES, state.mean, widths, strict=True):
        mean = 0.0 if abs(mean) < ROUNDING * width else mean
        rows[page.Markup(f"<i>{name}</i>, mean and width")] = f"{page.number(mean)}, {page.number(width)}"
    return rows
