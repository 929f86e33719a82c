"""A model comes back from the file of a result, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sympy as sp
from support import results
from support.configurations import configuration

from wignercq import Model, Solution, load
from wignercq.errors import InputError
from wignercq.model.definition import definition_of, model_of
from wignercq.results.provenance import solved

MODEL = Model(
    "k*q**2/2 + 0.1*cos(q/3)",
    sp.sqrt(sp.Symbol("x") ** 2 + sp.Rational(1, 3)),
    "-lam*tanh(q)*x",
    parameters={"k": 1.3, "lam": 0.1 + 0.2},
    classical_mass=1.7,
    quantum_mass=0.9,
    hbar=0.7,
    friction=0.3,
    diffusion=0.123456789012345,
)


@pytest.mark.parametrize(
    "model",
    [MODEL, Model.oscillators(), Model("q**2", "x**2", "q*x", diffusion=1, decoherence=0, allow_unphysical=True)],
)
def test_a_model_comes_back_to_the_last_bit(model: Model) -> None:
    """Kills: a number that is rounded, a default that is settled anew, a potential with its parameters put in."""
    again = model_of(definition_of(model), where="here")
    assert again == model
    assert (str(again), again.D0, dict(again.parameters)) == (str(model), model.D0, dict(model.parameters))


def test_a_formula_that_text_does_not_hold_is_not_written() -> None:
    """Kills: a definition in a file that its own reader refuses, such as that of SymPy's ``sec``."""
    model = Model("q**2", sp.sec(sp.Symbol("x") / 10))
    assert definition_of(model) is None
    assert "model_definition" not in solved(model)


def test_results_know_their_model(tmp_path: Path) -> None:
    """Kills: a file of Python without its model; one of an earlier revision whose configuration is not asked."""
    data = results.result(outputs=2)
    Solution(data.assign_attrs(solved(MODEL))).save(tmp_path / "run.nc")
    assert load(tmp_path / "run.nc").model == MODEL
    assert Solution(data.assign_attrs(configuration=configuration(quartic=False))).model == results.model()
    with pytest.raises(InputError, match=r"^model: expected a result with its model_definition .*, got one with neit"):
        _ = Solution(data).model


GOOD = json.loads(str(definition_of(MODEL)))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "model_definition: expected the arguments of a Model as JSON, got '{'"),
        ("[" * 19_000, "model_definition: expected the arguments of a Model as JSON"),
        ("9" * 9_000, "model_definition: expected the arguments of a Model as JSON"),
        ("x" * 30_000, "model_definition: expected the arguments of a Model as JSON"),
        (json.dumps({}), "model_definition: expected the arguments of a Model as JSON"),
        (json.dumps(GOOD | {"V": "q"}), "model_definition: expected the arguments of a Model as JSON"),
        (json.dumps(GOOD | {"interaction": 3}), "model_definition.interaction: expected a formula as text, got 3"),
        (json.dumps(GOOD | {"interaction": "q()"}), "model_definition.interaction: expected an operator between"),
        (json.dumps(GOOD | {"hbar": float("nan")}), "model_definition.hbar: expected a positive number, got nan"),
        (json.dumps(GOOD | {"friction": None}), "model_definition.friction: expected a number >= 0, got None"),
        (json.dumps(GOOD | {"parameters": [1]}), "model_definition.parameters: expected a mapping of names"),
        (
            json.dumps(GOOD | {"allow_unphysical": 1}),
            "model_definition.allow_unphysical: expected true or false, got 1",
        ),
    ],
)
def test_what_is_no_model_is_one_line(text: str, line: str) -> None:
    """Kills: a TypeError of ``Model(**values)``, a RecursionError of JSON, 9000 digits, text evaluated."""
    with pytest.raises(InputError) as caught:
        model_of(text, where="model_definition")
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
