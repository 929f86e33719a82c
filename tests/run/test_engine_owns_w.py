"""Nothing but an engine touches W: a run, a comparison and a resumption with an engine that lets nobody look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, evolve
from wignercq.comparison import compare
from wignercq.errors import Interrupted
from wignercq.propagation.engines import ENGINES
from wignercq.run import carry_out

TIGHT = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
#: A box that W outgrows, an output between two steps.
SETTINGS: dict = {"grid": TIGHT, "adapt": True, "times": [0.2, 0.33, 0.5], "dt": 0.08, "tolerance": 2e-4}
MODEL = systems.model("0.4*q**2 + 0.08*q**4", "0.55*x**2 + 0.3*(1 - cos(1.3*x))", decoherence=0.75)


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "sealed", ("support.sealed_engine", "SealedEngine"))


@pytest.mark.slow
def test_a_run_needs_no_look_into_w(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: an operation on W as an array, in place or on a W that was handed over, outside the engines."""
    expected, found = (
        evolve(MODEL, systems.packet(), **SETTINGS, engine=name, keep_state=True).dataset
        for name in ("array", "sealed")
    )
    assert expected.attrs["grid_changes"] != ""
    for name, variable in expected.variables.items():
        np.testing.assert_array_equal(found[name].values, variable.values, err_msg=str(name))
    original, path = carry_out._checkpoint, tmp_path / "checkpoint"

    def stop_after(files: object, session: object) -> None:
        original(files, session)
        raise carry_out.Stop(2)

    monkeypatch.setattr(carry_out, "_checkpoint", stop_after)
    with pytest.raises(Interrupted):
        evolve(MODEL, systems.packet(), **SETTINGS, engine="sealed", checkpoint=path, checkpoint_every=1e-9)
    monkeypatch.undo()
    monkeypatch.setitem(ENGINES, "sealed", ("support.sealed_engine", "SealedEngine"))
    again = evolve(MODEL, systems.packet(), **SETTINGS, engine="sealed", checkpoint=path, resume=True)
    np.testing.assert_array_equal(again.dataset["covariance"].values, expected["covariance"].values)


@pytest.mark.slow
def test_a_comparison_needs_no_look_into_w() -> None:
    """Kills: distances taken of arrays, equations that share a W on unequal grids."""
    expected, found = (
        compare(MODEL, systems.packet(), **SETTINGS, threshold=0.5, engine=name).dataset for name in ("array", "sealed")
    )
    assert "exact: t = " in expected.attrs["grid_changes"]
    for name, variable in expected.variables.items():
        np.testing.assert_array_equal(found[name].values, variable.values, err_msg=str(name))
