"""A model as text that a machine reads back, for the files of results: JSON of its arguments."""

from __future__ import annotations

import json
from typing import Any

from wignercq.errors import InputError, ModelError, brief
from wignercq.model.formulas import parse
from wignercq.model.model import Model
from wignercq.model.thermal import MINIMAL
from wignercq.model.typeset import BATH, UNITS

POTENTIALS = ("classical_potential", "quantum_potential", "interaction")
NUMBERS = (*UNITS.values(), *BATH.values())
ARGUMENTS = {*POTENTIALS, *NUMBERS, "parameters", "allow_unphysical"}
FURTHER = {"quantum_bath", "noises", "dynamics"}  # written where a model has them
LONGEST = 20_000  # characters


def definition_of(model: Model) -> str | None:
    """The arguments of a model as JSON, potentials as text; None where a potential does not come back from its text.

    That is so of what SymPy alone can write, such as ``Abs(q)``.
    """
    formulas = {name: getattr(model, name) for name in POTENTIALS}
    for i, noise in enumerate(model.noises):
        formulas |= {f"noises.{i}.force": noise.force, f"noises.{i}.diffusion": noise.diffusion}
    for name, formula in formulas.items():
        try:
            same = parse(str(formula), {symbol.name for symbol in formula.free_symbols}, where=name) == formula
        except InputError:
            same = False
        if not same:
            return None
    values: dict[str, Any] = {name: str(getattr(model, name)) for name in POTENTIALS}
    values["parameters"] = dict(model.parameters)
    values |= {name: getattr(model, name) for name in NUMBERS}
    values["allow_unphysical"] = model.allow_unphysical
    if model.quantum_bath is not None:
        values["quantum_bath"] = model.quantum_bath.written()
    if model.noises:
        values["noises"] = [
            {"force": str(n.force), "decoherence": n.decoherence, "diffusion": str(n.diffusion)} for n in model.noises
        ]
    if model.dynamics != MINIMAL:
        values["dynamics"] = model.dynamics
    text = json.dumps(values)
    return text if len(text) <= LONGEST else None


def model_of(text: object, *, where: str) -> Model:
    """The model that :func:`definition_of` wrote; the text may come from anywhere, its formulas go through a whitelist.

    InputError, with `where` in front, for anything else.
    """
    expected = "the arguments of a Model as JSON"
    if not isinstance(text, str) or len(text) > LONGEST:
        raise InputError(where, expected, brief(text))
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(where, expected, brief(text)) from None
    if not isinstance(values, dict) or values.keys() - FURTHER != ARGUMENTS:
        raise InputError(where, expected, brief(text))
    for name in POTENTIALS:
        if not isinstance(values[name], str):
            raise InputError(f"{where}.{name}", "a formula as text", brief(values[name]))
    if not isinstance(values["allow_unphysical"], bool):
        raise InputError(f"{where}.allow_unphysical", "true or false", brief(values["allow_unphysical"]))
    try:
        return Model(**values)
    except InputError as error:
        raise error.under(where, ModelError) from None
