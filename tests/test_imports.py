"""Imports point one way; the syntax trees of the package say so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wignercq"
FILES = sorted(PACKAGE.rglob("*.py"))

FOUNDATION = {"errors", "expressions", "grid", "schemes"}
GRID_CODE = {"symbols", "transport", "engines", "propagator", "states", "grid_choice"}
WATCHERS = {"observables", "monitors", "record"}

#: What each part of the package may import of the others, besides itself.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "expressions": {"errors"},
    "grid": {"errors"},
    "schemes": {"errors"},
    "differences": {"errors", "expressions"},
    "growth": {"errors"},
    "model": {"errors", "expressions", "differences", "growth"},
    "symbols": {"errors", "expressions", "growth", "model"},
    "states": {"errors", "grid"},
    "engines": {"grid"},
    "transport": {"engines", "grid", "model"},
    "propagator": {"engines", "grid", "model", "schemes", "symbols", "transport"},
    "observables": {"errors", "grid", "model"},
    "monitors": {"errors", "grid", "observables"},
    "regrid": {"engines", "grid", "grid_choice"},
    "record": {"grid", "model", "observables", "propagator", "regrid"},
    "reading": {"errors", "grid", "record"},
    "solution": {"errors", "reading"},
    "ensemble": {"errors", "grid", "model", "states"},
    "grid_choice": {"ensemble", "errors", "grid", "model", "states"},
    "time_step": {"errors"},
    "pilot": {"engines", "errors", "grid", "model", "observables", "propagator", "schemes", "time_step"},
    "trimming": {"grid", "grid_choice", "pilot"},
    "time_loop": {"errors", "grid", *WATCHERS, "propagator", "regrid", "step_check"},
    "memory": set(),
    "step_check": {"errors", "pilot", "propagator"},
    "prepare": {*FOUNDATION, "memory", "model", *GRID_CODE, "pilot", "step_check", "time_step", "trimming"},
    "request": {"grid", "memory", "model", "grid_choice", "monitors", "prepare", "regrid", "states"},
    "archive": {"errors", "grid"},
    "checkpoint": {"archive", "errors", "grid", "model", "record"},
    "interruption": set(),
    "session": {
        "errors",
        "model",
        *WATCHERS,
        "checkpoint",
        "prepare",
        "propagator",
        "request",
        "solution",
        "step_check",
        "time_loop",
        "time_step",
    },
    "evolve": {
        *FOUNDATION,
        "model",
        *GRID_CODE,
        "checkpoint",
        "interruption",
        "monitors",
        "prepare",
        "step_check",
        "request",
        "session",
        "solution",
    },
    "gaussian": {"errors", "expressions", "model"},
    "breakdown": {
        "errors",
        "grid",
        "model",
        "gaussian",
        *GRID_CODE,
        *WATCHERS,
        "interruption",
        "prepare",
        "reading",
        "solution",
    },
    "plotting": {"errors", "gaussian", "grid", "solution"},
}
#: Parts that bring the others together for a user.
OUTERMOST = {"__init__", "__main__", "cli", "comparison", "config", "output", "report", "summary", "sweep"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names of everything a file imports, wherever in it, except for annotations alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and ast.unparse(guard.test) == "TYPE_CHECKING"
        for node in ast.walk(guard)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: expected absolute imports"
            yield node.module or ""
            if node.module == "wignercq":
                yield from (f"wignercq.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    """Parts of the package a file imports; the bare package counts as its `__init__`."""
    found = set()
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "wignercq":
            found.add(rest[0] if rest else "__init__")
    return found - {part_of(path)}


def test_the_walk_sees_imports() -> None:
    """Kills: a reader of imports that finds none, with which every other test here would pass."""
    found = parts_imported(PACKAGE / "propagator.py")
    assert found >= {"engines", "model", "schemes", "symbols", "transport"}
    assert "matplotlib" in {name.split(".")[0] for name in imports(PACKAGE / "plotting" / "result.py")}
    assert len(FILES) > 20


def test_every_part_has_its_place() -> None:
    """Kills: a new module that no rule holds for, and rules for modules that are gone."""
    assert {part_of(path) for path in FILES} - OUTERMOST == set(ALLOWED)


def test_the_rules_themselves_point_one_way() -> None:
    """Kills: a cycle written into the rules. Every part is reached only after what it may import."""
    remaining = {part: set(needs) for part, needs in ALLOWED.items()}
    while remaining:
        free = {part for part, needs in remaining.items() if not needs & set(remaining)}
        assert free, f"a cycle among {sorted(remaining)}"
        remaining = {part: needs for part, needs in remaining.items() if part not in free}


@pytest.mark.parametrize("path", [p for p in FILES if part_of(p) in ALLOWED], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """Kills: a lower layer that starts to lean on a higher one, or on the package as a whole."""
    assert parts_imported(path) - ALLOWED[part_of(path)] == set()


def test_gaussian_theory_judges_the_grid_code_without_it() -> None:
    """Kills: a judge that shares code, even through a third module, with what it judges."""
    reached, waiting = set(), {"gaussian"}
    while waiting:
        part = waiting.pop()
        reached.add(part)
        waiting |= {n for path in FILES if part_of(path) == part for n in parts_imported(path)} - reached
    assert reached == {"gaussian", "model", "differences", "growth", "expressions", "errors"}


def test_only_plotting_imports_matplotlib() -> None:
    """Kills: a computation that needs a display library to be importable."""
    users = {part_of(path) for path in FILES if any(name.split(".")[0] == "matplotlib" for name in imports(path))}
    assert users == {"plotting"}
