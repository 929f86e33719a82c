"""What is written about the package in several places is the same everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_recipe_and_citation_agree_with_the_project() -> None:
    """Kills: a dependency or a version that is changed in one place alone."""
    recipe = (ROOT / "recipe" / "meta.yaml").read_text(encoding="utf-8")
    run = recipe[recipe.index("  run:") : recipe.index("test:")].replace("matplotlib-base", "matplotlib")
    needed = {re.sub(r"\s", "", line) for line in re.findall(r"- (.*)", run)}
    assert needed == {f"python{PROJECT['requires-python']}", *PROJECT["dependencies"]}
    assert f'version = "{PROJECT["version"]}"' in recipe
    assert f"version: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
