"""All mistakes of a file at once, each with its line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from support.configurations import configuration

from wignercq.config import Config
from wignercq.config.execute import execute_run
from wignercq.config.lines import lines_of
from wignercq.errors import ConfigError, InputError

WRONG = """\
# comment with [a.table]
[model]
hbar = -1

[model.classical]
mass = 0 # = 2
potential = "k*q**2/2 + beta q"
diffusion = 0.5
[model.quantum]
potential = "x^2"
[model.parameters]
k = 1.0
[initial]
kind = "gausian"
covariance = [
    1, 1,
    # x = 3
    1, 1,
]
[grid]
x = { extent = [3, -3], points = 64 }
p.points = 2
[run]
durration = 3
outputs = 4
save_every = 1
engine = "tild"
"""
TOLD = [
    (3, "model.hbar", "a positive number"),
    (6, "model.classical.mass", "a positive number"),
    (7, "model.classical.potential", "an operator between 'beta' and 'q' (column 17)"),
    (10, "model.quantum.potential", "a formula in"),
    (14, "initial.kind", "one of gaussian"),
    (21, "grid.x.extent", "two finite ends"),
    (22, "grid.p.points", "a whole number from 8"),
    (24, "run.durration", "one of duration"),
    (27, "run.engine", '"tiled", "array" or "jax", got "tild"; did you mean \'tiled\'?'),
]


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        Config.from_text(text)
    return caught.value


def test_all_mistakes_are_told_at_once_by_line() -> None:
    """Kills: the first mistake alone; a line of another key; values over several lines that shift what follows."""
    error = refusal(WRONG)
    lines = str(error).split("\n")
    assert len(lines) == len(TOLD) == len(error.parts)
    for line, (number, key, expected) in zip(lines, TOLD, strict=True):
        assert line.startswith(f"{key}: expected {expected}")
        assert line.endswith(f" (line {number})")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_mistake_hides_none_of_another_kind_and_makes_none() -> None:
    """Kills: keys that are checked only when others are right, and consequences told as mistakes of their own."""
    text = WRONG.replace("durration", "duration").replace("tild", "tiled")
    told = [str(part.argument) for part in refusal(text).parts]
    assert told == [
        *(key for _, key, _ in TOLD[:7]),
        "run.save_every",
    ]  # no unused parameter k, no missing initial.mean
    right = text.replace("save_every = 1\n", "").replace("-1", "1").replace("mass = 0", "mass = 2")
    assert [part.argument for part in refusal(right).parts] == [TOLD[i][1] for i in (2, 3, 4, 5, 6)]


def test_many_mistakes_are_counted() -> None:
    """Kills: a screenful of lines for a file that is something else."""
    lines = str(refusal("".join(f"k{i} = 1\n" for i in range(300)))).split("\n")
    assert "configuration: expected no more mistakes than these, got 301 in all" in lines
    assert len(lines) <= 23


def test_lines_of_keys_however_they_are_written() -> None:
    """Kills: brackets, quotes or equals signs within texts, dotted and quoted keys, and arrays of several lines."""
    text = (
        "a.b = 1\n\n\"c d\".e = '''x = 2\n[y]\n'''\n[t . 'u.v']\nw = [\n 1, # ]\n 2]\n"
        'z = "\\"]\\" = #"\n[t.s]\n"k\\u0061" = 1\n[[many]]\nn = { o = 3, p = [4] }\n'
    )
    lines = lines_of(text)
    assert {key: lines.find(key) for key in ("a.b", "'c d'.e", "t.'u.v'.w", "t.'u.v'.z", "t.s.ka", "many.n")} == {
        "a.b": 1,
        "'c d'.e": 3,
        "t.'u.v'.w": 7,
        "t.'u.v'.z": 10,
        "t.s.ka": 12,
        "many.n": 14,
    }
    assert (lines.find("t.s.missing"), lines.find("many.n.o"), lines.find("none.of.these")) == (11, 14, None)


def test_what_is_refused_when_it_is_carried_out_has_its_line(tmp_path: Path) -> None:
    """Kills: lines for what is seen on reading alone; a number of a model's parameter in the place of its key."""
    text = configuration(run={"duration": 0.1, "tolerance": 1e-19})
    with pytest.raises(InputError, match=r"^run\.tolerance: expected at least .* \(line (\d+)\)$") as caught:
        execute_run(Config.from_text(text), checkpoint=tmp_path / "none", resume=False)
    assert text.split("\n")[caught.value.line - 1].startswith("tolerance = ")


def test_a_potential_that_its_parameters_break_is_named_by_its_key() -> None:
    """Kills: `quantum_potential`, an argument in Python, for the key `model.quantum.potential`."""
    text = '[model]\nclassical.potential = 0\nquantum.potential = "x**2/(k - 1)"\nparameters.k = 1\n'
    with pytest.raises(ConfigError, match=r"^model\.quantum\.potential with k = 1: .* division by zero \(line 3\)$"):
        Config.from_text(text, runs=False)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Kills: a file of an editor that begins with U+FEFF refused as no TOML, or its lines counted wrongly."""
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + configuration().encode())
    assert Config.load(path).text == configuration()
    path.write_bytes(b"\xef\xbb\xbfmodel = 1\n")
    with pytest.raises(ConfigError, match=r"^model: expected a table, got 1 \(line 1\)"):
        Config.load(path)
