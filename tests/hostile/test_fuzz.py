"""Random formulas and configurations, near the grammar and far from it: each ends in a model or in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import corpus
from support.attempts import accepted, answers, configured, modelled, require_harmless

from wignercq.model.formulas import FUNCTIONS

OPERATORS = ["+", "-", "*", "/", "**", " - ", "*-", "**-"]
STRAY = [
    "//",
    "%",
    "^",
    "@",
    ",",
    "=",
    "==",
    ":=",
    ".",
    "(",
    ")",
    "[",
    "]",
    " ",
    "\n",
    "#",
    "'",
    '"',
    "\\",
    "\x00",
    "_",
    "é",
]
PIECES = [*corpus.CODE, *corpus.NONSENSE, *corpus.RUNAWAY, *corpus.ENDLESS, *corpus.DEMANDING]


def cases(strategy: st.SearchStrategy[str], count: int) -> list[str]:
    """`count` random cases, the same every time."""
    found: list[str] = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck])
    @given(strategy)
    def collect(case: str) -> None:
        found.append(case)

    collect()
    return found


def numbers() -> st.SearchStrategy[str]:
    return st.one_of(
        st.integers(0, 12).map(str),
        st.floats(0, 20, allow_subnormal=False).map(repr),
        st.floats(min_value=0, allow_nan=False).map(repr),
        st.integers(min_value=0).map(str),
        st.sampled_from(["pi", "1e99", "1e-99", "64", "65", "0.5", "1/3", "0", "1e400", "9" * 300]),
    )


def formulas() -> st.SearchStrategy[str]:
    """Text of the grammar of formulas, with few names and any numbers."""
    leaves = st.one_of(st.just("x"), numbers())

    def larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(parts, st.sampled_from(OPERATORS), parts).map("".join),
            parts.map("({})".format),
            parts.map("-{}".format),
            st.tuples(st.sampled_from([*FUNCTIONS]), parts).map(lambda pair: f"{pair[0]}({pair[1]})"),
            st.tuples(parts, st.sampled_from(["2", "3", "8", "64", "-1", "0.5", "x"])).map("({0[0]})**{0[1]}".format),
        )

    return st.recursive(leaves, larger, max_leaves=12)


def mutilated(text: st.SearchStrategy[str], pieces: list[str]) -> st.SearchStrategy[str]:
    """Text with some places cut out, doubled or replaced."""
    places = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(pieces)), min_size=1, max_size=4)

    def wounded(pair: tuple[str, list[tuple[float, int, str]]]) -> str:
        result, wounds = pair
        for place, width, piece in wounds:
            at = round(place * len(result))
            result = result[:at] + piece + result[at + width :]
        return result

    return st.tuples(text, places).map(wounded)


def values() -> st.SearchStrategy[str]:
    """TOML values of any kind."""
    strings = st.one_of(st.text(max_size=20), st.sampled_from(PIECES), formulas()).map(json.dumps)
    plain = st.one_of(
        st.sampled_from(corpus.VALUES),
        strings,
        st.integers().map(str),
        st.floats().map(repr),
        st.sampled_from(["true"]),
    )
    keys = st.sampled_from(["a", "from", "to", "points", "extent", "mass", "potential", "kind", "'a b'"])

    def nested(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        tables = st.dictionaries(keys, parts, max_size=4).map(lambda d: ", ".join(f"{k} = {v}" for k, v in d.items()))
        lists = st.lists(parts, max_size=4).map(", ".join)
        return lists.map("[ {} ]".format) | tables.map(lambda text: f"{{ {text} }}")

    return st.recursive(plain, nested, max_leaves=8)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """A whole configuration in which some keys have other values, other names, or are missing."""
    keys = dict(corpus.KEYS)
    state = draw(st.sampled_from(["gaussian", *corpus.STATES]))
    if state in corpus.STATES:
        keys = {key: value for key, value in keys.items() if not key.startswith("initial.")}
        keys |= {"initial.kind": f'"{state}"', **{f"initial.{key}": v for key, v in corpus.STATES[state].items()}}
    for key in draw(st.lists(st.sampled_from([*keys]), min_size=1, max_size=2, unique=True)):
        match draw(st.sampled_from("kept kept value number number formula name missing table".split())):
            case "value":
                keys[key] = draw(values())
            case "number":
                keys[key] = str(draw(st.integers(0, 5) | st.integers(1, 3000).map(lambda n: n / 1000)))
            case "formula":
                keys[key] = json.dumps(draw(formulas()))
            case "name":
                table = key.rpartition(".")[0]
                keys[f"{table}.{draw(st.sampled_from(corpus.NAMES) | st.text(max_size=9).map(json.dumps))}"] = keys.pop(
                    key
                )
            case "missing":
                del keys[key]
            case "table":
                keys[f"{key}.deeper"] = keys.pop(key)
    return "".join(f"{key} = {value}\n" for key, value in keys.items())


def tried(act: Callable[[str], None], strategy: st.SearchStrategy[str], count: int, folder: Path) -> int:
    """How many were accepted."""
    found = answers(act, cases(strategy, count), folder)
    require_harmless(found)
    return len(accepted(found))


def try_all(folder: Path, count: int) -> tuple[int, int]:
    """How many random formulas and configurations were accepted; mutilated ones may be refused all."""
    tried(modelled, mutilated(formulas(), [*STRAY, *PIECES]), count, folder)
    tried(configured, mutilated(configurations(), ["\n", "{", "}", "=", "'''", *STRAY]), count, folder)
    return tried(modelled, formulas(), count, folder), tried(configured, configurations(), count, folder)


def test_some_random_texts(tmp_path: Path) -> None:
    """Kills: a combination that no list of attacks has."""
    assert min(try_all(tmp_path, 40)) > 0


@pytest.mark.slow
def test_many_random_texts(tmp_path: Path) -> None:
    """Kills: the same, where it is rare; texts so wild that nearly all are refused for the same reason."""
    count = 600
    for number in try_all(tmp_path, count):
        assert 0.03 * count < number < 0.9 * count
