"""The figures of the Gaussian theory are drawn, and its documentation page names what exists."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from wignercq.model.model import Model

ROOT = Path(__file__).parents[2]
FIGURES = (
    "figure1_poles",
    "figure2_trajectories",
    "mutual_information",
    "occupation_temperature",
    "entropy_production",
)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_drawn(name: str, tmp_path: Path) -> None:
    """Kills a script left behind by a change of the library, and an empty figure: a PNG of at least 600 x 400 pixels,
    between 1 and 70 percent of them not white, and nothing else in the directory."""
    mpl.use("Agg")
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = module.main(tmp_path)
    assert [path] == list(tmp_path.iterdir())
    pixels = imread(path)[..., :3]
    assert pixels.shape[0] >= 400
    assert pixels.shape[1] >= 600
    assert 0.01 < np.mean(pixels.min(axis=-1) < 1) < 0.7


def test_equation_table_names_what_exists() -> None:
    """Kills a table that names a function which is gone: every name is in wignercq.gaussian or one of its classes, and
    every public function or class appears on the page."""
    gaussian = importlib.import_module("wignercq.gaussian")
    page = (ROOT / "docs" / "gaussian.md").read_text()
    table = [line for line in page.splitlines() if line.startswith("|")]
    named = {name for line in table for name in re.findall(r"`([A-Za-z_.]+)`", line.rsplit("|", 2)[1])}
    assert len(named) > 40
    holders = (gaussian, gaussian.LinearModel, gaussian.CoupledOscillators, Model)
    for name in named:
        assert any(hasattr(holder, name.split(".")[-1]) for holder in holders), name
    missing = {name for name in gaussian.__all__ if not re.search(rf"\b{name}\b", page)}
    assert missing == set()
