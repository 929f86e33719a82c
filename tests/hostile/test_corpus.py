"""Every attack of the corpus, through every door: each ends in a model or in one line, soon, and runs nothing."""

from __future__ import annotations

import contextlib
import io
import json
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from support import corpus
from support.attempts import Refused, accepted, answers, configured, modelled, refused, require_harmless
from support.systems import SMALL

from wignercq import Model
from wignercq.cli import commands as cli
from wignercq.propagation.generator import GeneratorSymbol, SampledSymbol

FORMULAS = [*corpus.CODE, *corpus.NONSENSE, *corpus.RUNAWAY, *corpus.ENDLESS, *corpus.DEMANDING]


def sampled(formula: str) -> None:
    symbol = GeneratorSymbol(Model("q**2/2", formula, "0.1*q*x", diffusion=0.5))
    SampledSymbol.on(symbol, *np.ix_(SMALL.q.values, SMALL.x.values), SMALL.y.half_frequencies)


BEGINNINGS = {
    "execute_run": "wignercq.config.execute",
    "execute_comparison": "wignercq.config.execute",
    "execute_steady": "wignercq.config.execute",
    "run_sweep": "wignercq.sweep",
    "sweep_steady_states": "wignercq.sweep",
}


class Accepted(BaseException):
    """A run was about to begin."""


def begin(*arguments: object, **settings: object) -> None:
    raise Accepted


def commanded(text: str) -> None:
    """What the commands make of a file, up to where a run would begin; what they complain of is one line."""
    Path("case.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    for name, module in BEGINNINGS.items():
        setattr(import_module(module), name, begin)
    for command in (["run"], ["theory"], ["compare", "-o", "out"], ["steady"]):
        complaint = io.StringIO()
        with contextlib.redirect_stderr(complaint), contextlib.redirect_stdout(io.StringIO()):
            try:
                code = cli.main([*command, "case.toml"])
            except Accepted:
                code = 0
        line = complaint.getvalue().removesuffix("\n")
        if code == 2:
            raise Refused(line)
        assert (code, line) == (0, "")


def evaluated(text: str) -> None:
    try:
        eval(text, {}, {"x": 1.0, "sin": float})
    except Exception:
        raise Refused("V: expected something else") from None


def with_formula(key: str, formula: str) -> str:
    kind = {"initial.kind": '"wavefunction"'} if key == "initial.psi" else {}
    return corpus.configuration(**kind, **{key: json.dumps(formula)})


def with_values(keys: list[str], state: str = "") -> list[str]:
    kind = {"initial.kind": f'"{state}"'} if state else {}
    return [corpus.configuration(**kind, **{key: value}) for key in keys for value in corpus.VALUES]


def with_names() -> list[str]:
    tables = [f"model.parameters = {{ k = 0.5, {name} = 1.0 }}\n" for name in corpus.NAMES]
    parameters = corpus.configuration().replace("model.parameters = { k = 0.5 }\n", "")
    other = [{f"{table}.{name}": "[1.0, 2.0]"} for table in ("run", "sweep", "initial") for name in corpus.NAMES]
    return [parameters + table for table in tables] + [corpus.configuration(**keys) for keys in other]


def test_the_trap_catches_what_is_run(tmp_path: Path) -> None:
    """Kills: a canary that is never heard, with which every test here would pass."""
    found = answers(evaluated, corpus.CODE, tmp_path)
    assert sum(answer.defeat == "code was run" for answer in found) > 20


def test_formulas(tmp_path: Path) -> None:
    """Kills: text that is evaluated, that hangs or fills the memory, that ends in a traceback or in many lines."""
    found = answers(modelled, FORMULAS, tmp_path)
    require_harmless(found)
    assert not {*accepted(found)} & {*corpus.CODE, *corpus.NONSENSE, *corpus.ENDLESS}
    assert not {*refused(found)} & {*corpus.DEMANDING}


def test_configurations(tmp_path: Path) -> None:
    """Kills: a key whose formula, name or value reaches the program by another way than through the checks."""
    formulas = [with_formula("model.quantum.potential", formula) for formula in FORMULAS]
    formulas += [with_formula("initial.psi", formula) for formula in [*corpus.CODE, *corpus.ENDLESS]]
    keys = ["model.hbar", "model.quantum.potential", "initial.mean", "grid.x.points", "run.duration", "sweep.hbar"]
    cases = [corpus.configuration(), *formulas, *with_names(), *with_values(keys), *corpus.FILES.values()]
    found = answers(configured, cases, tmp_path)
    require_harmless(found)
    assert not found[0].error
    assert not {*accepted(found)} & {*corpus.FILES.values()}


@pytest.mark.slow
def test_the_command_line(tmp_path: Path) -> None:
    """Kills: a traceback, a second line or another exit code than 2, where the library alone behaves."""
    formulas = [*corpus.CODE, *corpus.NONSENSE, *corpus.ENDLESS]
    cases = [corpus.configuration(), *(with_formula("model.quantum.potential", formula) for formula in formulas)]
    cases += [*with_names()[:40], *with_values(["run.duration"]), *corpus.FILES.values()]
    found = answers(commanded, cases, tmp_path)
    require_harmless(found)
    assert not found[0].error
    assert all(answer.error.startswith("wignercq: ") for answer in found if answer.error)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["case.toml", "out"]


@pytest.mark.slow
def test_what_is_accepted_can_be_used(tmp_path: Path) -> None:
    """Kills: a formula that is accepted quickly and then takes minutes to differentiate, to compile or to describe."""
    require_harmless(answers(sampled, [*corpus.RUNAWAY, *corpus.DEMANDING], tmp_path))
    cases = [with_formula("model.quantum.potential", formula) for formula in [*corpus.RUNAWAY, *corpus.DEMANDING]]
    require_harmless(answers(commanded, cases, tmp_path))


@pytest.mark.slow
def test_every_value_for_every_key(tmp_path: Path) -> None:
    """Kills: the same for a key that the tests above leave out."""
    cases = with_values([*corpus.KEYS, "run.observables.x4"])
    for state, keys in corpus.STATES.items():
        cases += with_values([f"initial.{key}" for key in keys], state)
    for act in (configured, commanded):
        require_harmless(answers(act, cases, tmp_path))


@pytest.mark.slow
def test_every_formula_in_every_place(tmp_path: Path) -> None:
    """Kills: a formula that is harmless as V_Q and not as another function, of q or of both."""
    places = ["model.classical.potential", "model.interaction.potential"]
    cases = [with_formula(key, re.sub(r"\bx\b", "q", formula)) for key in places for formula in FORMULAS]
    cases += [with_formula(places[1], re.sub(r"\bx\b", "(q - x)", formula)) for formula in FORMULAS]
    cases += [with_formula("run.observables.f", formula) for formula in FORMULAS]
    cases += [with_formula("initial.psi", f"exp(-x**2)*({formula})") for formula in FORMULAS]
    cases += [with_formula("initial.psi", f"exp(-x**2 + I*({formula}))") for formula in FORMULAS]
    require_harmless(answers(configured, cases, tmp_path))
