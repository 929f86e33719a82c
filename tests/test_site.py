"""The site: every public name is in its reference, every page can be reached from its front page.

That its pages build without a warning, notebooks and examples executed, is for `.ci/run` to show.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

from benchmarks.common import markdown, table_in

import wignercq

DOCS = Path(__file__).parents[1] / "docs"
MADE = ("gallery/examples", "reference/generated", "_templates", "paper")  # made by the build, or no page


def listed_names() -> list[str]:
    """What the summaries of the reference list, with their modules."""
    names, module = [], ""
    for line in (DOCS / "reference" / "api.rst").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif re.fullmatch(r"   [\w.]+", line):
            names.append(f"{module}.{line.strip()}")
    return names


def value(name: str) -> object:
    """What a full name stands for, importing what it takes."""
    home, last = name.rsplit(".", 1)
    return getattr(importlib.import_module(home), last)


def test_every_public_name_is_documented_once() -> None:
    """Kills: a name that is exported and in no reference, or in it twice, or in it and gone."""
    names = listed_names()
    assert len(names) == len(set(names)) > 150
    documented = [value(name) for name in names]
    assert all((found.__doc__ or "").strip() for found in documented)
    packages = ["wignercq", *(f"wignercq.{part.name}" for part in pkgutil.iter_modules(wignercq.__path__))]
    exported = {
        f"{package}.{name}": value(f"{package}.{name}")
        for package in packages
        for name in getattr(importlib.import_module(package), "__all__", ())
    }
    assert len(exported) > 150
    missing = [name for name, found in exported.items() if not any(found is other for other in documented)]
    assert missing == []
    twice = [name for name, found in zip(names, documented, strict=True) if sum(found is o for o in documented) > 1]
    assert twice == []


def pages() -> dict[str, Path]:
    """All pages by their names."""
    paths = [path for kind in ("md", "rst", "ipynb") for path in DOCS.rglob(f"*.{kind}")]
    names = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in paths}
    return {name: path for name, path in names.items() if not name.startswith(MADE)}


def children(name: str, path: Path) -> list[str]:
    """The pages in the tables of contents of a page."""
    found = []
    for block in re.findall(r"^```\{toctree\}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
        for entry in re.findall(r"^[\w./-]+$", block, re.M):
            found.append((path.parent / entry).resolve().relative_to(DOCS).as_posix())
    return found


def test_every_page_is_reached_from_the_front_page_once() -> None:
    """Kills: a page that no table of contents names, that two do, or a name that leads to no page."""
    known = pages()
    assert len(known) > 40
    named = [child for name, path in known.items() for child in children(name, path)]
    assert sorted(set(known) - set(named)) == ["index"]
    assert len(named) == len(set(named))
    assert {name for name in named if not name.startswith(MADE)} <= set(known)


def test_a_table_of_the_benchmarks_comes_back_as_it_was() -> None:
    """Kills: numbers of the page of benchmarks that have slipped into another column."""
    rows = [["64^4", "40.6 ms", "a / b"], ["96 x 90", "", "1.5e-3"]]
    assert table_in(markdown(("grid", "pass", "ratio"), rows)) == {"header": ["grid", "pass", "ratio"], "rows": rows}
    assert table_in("quartic:") is None
