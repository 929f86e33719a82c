"""A model in words: as text, and in LaTeX that TeX, MathJax and matplotlib's mathtext understand alike."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import sympy as sp

from wignercq.model.thermal import MINIMAL

if TYPE_CHECKING:
    from wignercq.model.model import Model

#: Arguments by the letters that stand for them in a repr.
UNITS = {"M": "classical_mass", "m": "quantum_mass", "hbar": "hbar"}
BATH = {"alpha": "friction", "D2": "diffusion", "D0": "decoherence"}
KNOWN = {"lam": r"\lambda"}  # a name people write for another, which is a keyword
LARGEST_DENOMINATOR = 12  # fractions with a larger one are shown as decimals
DIGITS = 6  # of a number
LONG_FRACTION = 1000  # denominator, above which a number that is a decimal is shown as one
PLAIN = (-4, 5)  # powers of ten between which numbers are written without one


def latex(formula: sp.Expr) -> str:
    """A formula for typesetting: fractions at full size outside of exponents, words upright, long fractions decimal."""
    short = formula.replace(
        lambda part: part.is_Rational and part.q > LARGEST_DENOMINATOR, lambda part: sp.Float(part, DIGITS)
    )
    names = {symbol: name(symbol) for symbol in short.free_symbols}
    return _displayed(sp.latex(short, symbol_names=names))


def name(symbol: sp.Symbol) -> str:
    """The name of a parameter."""
    if symbol.name in KNOWN:
        return KNOWN[symbol.name]
    typeset = str(sp.latex(symbol))
    return rf"\mathrm{{{typeset}}}" if re.fullmatch("[A-Za-z]{2,}[0-9]*", typeset) else typeset


def number(value: float, digits: int = DIGITS) -> str:
    r"""A number with so many digits at most: ``0.25``, ``1.05457 \times 10^{-34}``."""
    if not math.isfinite(value):
        return r"\infty" if value == math.inf else r"-\infty" if value == -math.inf else r"\mathrm{nan}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if value == 0 or PLAIN[0] <= power < PLAIN[1]:
        return f"{value:.{digits}g}" if "e" not in f"{value:.{digits}g}" else f"{value:.0f}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    factor = {"1": "", "-1": "-"}.get(mantissa, rf"{mantissa} \times ")
    return rf"{factor}10^{{{power}}}"


def plain(value: str | float | sp.Expr) -> str:
    """A formula or a number as text."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if not isinstance(value, sp.Expr):
        return value
    long = {number: repr(float(number)) for number in value.atoms(sp.Rational) if number.q > LONG_FRACTION}
    exact = {number: sp.Symbol(decimal) for number, decimal in long.items() if sp.Rational(decimal) == number}
    return str(value.xreplace(exact))


def written(model: Model) -> str:
    """A model in one line: potentials, parameters and numbers.

    A parameter called as one of the others is ``parameters.NAME``.
    """
    values: dict[str, str | float | sp.Expr] = {
        "V_C": model.classical_potential,
        "V_Q": model.quantum_potential,
        "V_I": model.interaction,
    }
    taken = {*values, *UNITS, *BATH}
    values |= {f"parameters.{name}" if name in taken else name: v for name, v in model.parameters.items()}
    values |= {short: getattr(model, name) for short, name in (UNITS | BATH).items()}
    if model.dynamics != MINIMAL:
        values["dynamics"] = model.dynamics
    shown = [f"{name} = {plain(value)}" for name, value in values.items()]
    if model.quantum_bath is not None:
        shown.append(f"quantum_bath = {model.quantum_bath.written()}")
    for noise in model.noises:
        shown.append(f"noise = ({plain(noise.force)}, {plain(noise.decoherence)}, {plain(noise.diffusion)})")
    return f"Model({', '.join(shown)})"


def lines(model: Model) -> list[str]:
    """The Hamiltonian of a model with its potentials, their parameters, masses and hbar, and the bath; a line each.

    Another line where the dynamics are not those of the master equation (3)-(5).
    """
    parts = [r"\dfrac{p^2}{2 M}", r"\dfrac{y^2}{2 m}"]
    potentials = (model.classical_potential, model.quantum_potential, model.interaction)
    parts += [latex(potential) for potential in map(sp.sympify, potentials) if potential != 0]
    numbers = {name(sp.Symbol(key)): value for key, value in model.parameters.items()}
    numbers |= {"M": model.classical_mass, "m": model.quantum_mass, r"\hbar": model.hbar}
    bath = {r"\alpha": model.friction, "D_2": model.diffusion, "D_0": model.D0}
    if model.friction:
        bath[r"k_\mathrm{B} T_\mathrm{C}"] = model.bath_temperature
    of_quantum = {}
    if model.quantum_bath is not None:
        of_quantum[r"\gamma_\mathrm{Q}"] = model.quantum_damping_rate
        of_quantum |= {f"D_{{{name}}}": value for name, value in model.quantum_diffusion._asdict().items() if value}
    total = parts[0]
    for part in parts[1:]:
        total += f" {part}" if part.startswith("-") else f" + {part}"
    further = [r"\mathrm{thermal\ dynamics}"] if model.is_thermal else []
    further += [_equations(of_quantum)] if of_quantum else []
    for i, noise in enumerate(model.noise_terms, start=1):
        strengths = rf"D_{{0,{i}}} = {number(noise.decoherence)},\; D_{{2,{i}}} = {latex(noise.diffusion)}"
        further.append(rf"L_{i} = {latex(noise.L)},\; {strengths}")
    return [f"H = {total}", _equations(numbers), _equations(bath), *further]


def _equations(values: dict[str, float]) -> str:
    return r",\; ".join(f"{symbol} = {number(value)}" for symbol, value in values.items())


def _displayed(text: str) -> str:
    r"""With \dfrac for each \frac that is in no braces."""
    depth, result = 0, []
    for part in re.split(r"(\\frac|[{}])", text):
        depth += {"{": 1, "}": -1}.get(part, 0)
        result.append(r"\dfrac" if part == r"\frac" and depth == 0 else part)
    return "".join(result)
