"""Arguments as users write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from wignercq import FixedAxis, Grid, LinearModel, Model, choose_grid, correlation, evolve, relaxation, steady_state
from wignercq.comparison import compare
from wignercq.errors import InputError
from wignercq.grid.fixed_axis import given_axes
from wignercq.grid.grid import Axis
from wignercq.planning import arguments
from wignercq.states import ClassicalGaussian, cat, coherent, gaussian, gibbs, product

MODEL = Model.oscillators()
STATE = gaussian((0, 0, 0.2, 0), (0.5, 0.5, 0.5, 0.5), hbar=1.0)
GRID = Grid(*(Axis(-5, 5, points) for points in (16, 18, 20, 22)))
TINY: dict[str, Any] = {"grid": GRID, "duration": 0.02, "dt": 0.02, "outputs": 2, "tolerance": 0.1}


def test_what_a_file_accepts_is_accepted() -> None:
    """Kills: text of the configuration that is a TypeError in Python, and units that are taken for others."""
    assert (arguments.hbar_order("exact"), arguments.hbar_order(np.int64(2))) == (None, 2)
    assert (arguments.frames("all", 7), arguments.frames(3, 7)) == (7, 3)
    assert (arguments.seconds("t", "0.5 s"), arguments.seconds("t", "2 min"), arguments.seconds("t", 3)) == (
        0.5,
        120,
        3,
    )
    assert (arguments.memory_limit("4 GiB"), arguments.memory_limit(1e6)) == (4 * 2.0**30, 1e6)


def test_short_forms_of_axes() -> None:
    """Kills: a box taken for points, ends exchanged, or an axis of which the points are lost."""
    short = {"q": (-5, 4), "p": 64, "x": Axis(-3, 2, 48), "y": {"extent": [-6, 7], "points": 32}}
    assert given_axes(short) == {
        "q": FixedAxis((-5, 4)),
        "p": FixedAxis(points=64),
        "x": FixedAxis((-3.0, 2.0), 48),
        "y": FixedAxis((-6, 7), 32),
    }
    assert (given_axes(GRID), given_axes(None)) == (GRID, {})
    fixed = {"q": (-5, 5), "p": (-5, 5), "x": FixedAxis((-5, 5), 20), "y": (-5, 5)}
    chosen = choose_grid(MODEL, STATE, 0.1, tolerance=1e-3, axes=fixed)
    assert (chosen.x, chosen.q.lower, chosen.q.upper) == (GRID.x, -5, 5)


def test_a_run_takes_all_of_them() -> None:
    """Kills: a conversion that evolve forgets, and duration that is not the third argument."""
    axes = {name: {"extent": (-5, 5), "points": n} for name, n in zip("qpxy", GRID.shape, strict=True)}
    words: dict[str, Any] = {
        "hbar_order": "exact",
        "frames": "all",
        "memory_limit": "1 GiB",
        "checkpoint_every": "0.5 s",
        "threads": 1,
    }
    run = evolve(MODEL, STATE, 0.02, grid=axes, dt=0.02, outputs=2, tolerance=0.1, **words)
    plain = evolve(MODEL, STATE, **TINY, frames=3)
    assert run.dataset.sizes["frame"] == 3
    np.testing.assert_array_equal(run.covariance, plain.covariance)


class Qobj:
    """A foreign object whose repr has several lines."""

    def __repr__(self) -> str:
        return "Quantum object: dims=[[2], [1]]\nQobj data =\n[[1.]\n [0.]]"


W = xr.DataArray(np.ones(GRID.shape), dims=("q", "p", "x", "y"))
WRONG: list[tuple[str, Any]] = [
    ("model", STATE),
    ("model", None),
    ("state", MODEL),
    ("state", Qobj()),
    ("state", cat((1, 0), mass=1, frequency=1, hbar=1)),
    ("state", "cat"),
    ("duration", "1"),
    ("duration", [1.0]),
    ("outputs", 2.0),
    ("outputs", True),
    ("tolerance", "1e-3"),
    ("tolerance", float("nan")),
    ("dt", Qobj()),
    ("hbar_order", "exakt"),
    ("hbar_order", 1.5),
    ("order", [4]),
    ("precision", np.float32),
    ("engine", "tild"),
    ("threads", 1.5),
    ("threads", 0),
    ("frames", "al"),
    ("frames", -1),
    ("adapt", "yes"),
    ("memory_limit", "4 GB"),
    ("memory_limit", -1.0),
    ("on_unresolved", None),
    ("checkpoint", 3),
    ("checkpoint_every", "5 weeks"),
    ("resume", "no"),
    ("progress", 1),
    ("grid", (-5, 5)),
    ("grid", {"z": 16}),
    ("grid", {"x": "a"}),
    ("grid", {"x": (1, 2, 3)}),
    ("grid", {"x": (5, -5)}),
    ("grid", {"x": 1.5}),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}-{i}" for i, (name, _) in enumerate(WRONG)])
def test_what_is_wrong_is_one_line_that_names_the_argument(name: str, value: object) -> None:
    """Kills: an AttributeError or a TypeError from deep within, and the repr of an object over several lines."""
    with pytest.raises(InputError) as refusal:
        evolve(**{"model": MODEL, "state": STATE, **TINY, name: value})
    line = str(refusal.value)
    assert line.startswith(name)
    assert line.isprintable()
    assert len(line) < 250


ENTRIES: dict[str, Any] = {
    "compare": lambda value: compare(value, STATE, 0.1),
    "compare state": lambda value: compare(MODEL, value, 0.1),
    "choose_grid": lambda value: choose_grid(value, STATE, 0.1),
    "choose_grid state": lambda value: choose_grid(MODEL, value, 0.1),
    "steady_state": lambda value: steady_state(value),
    "steady_state start": lambda value: steady_state(MODEL, start=value),
    "relaxation": lambda value: relaxation(value),
    "correlation": lambda value: correlation(value, W, "x", "x", [0, 1]),
    "correlation state": lambda value: correlation(MODEL, value, "x", "x", [0, 1]),
    "from_model": LinearModel.from_model,
    "linearised": LinearModel.linearised,
    "drift": lambda value: LinearModel(value, np.eye(4), np.zeros(4)),
    "gibbs": gibbs,
    "coherent": lambda value: coherent(0, 0, mass=value, frequency=1, hbar=1),
    "gaussian": lambda value: gaussian(value, (1, 1, 1, 1), hbar=1.0),
    "ClassicalGaussian": lambda value: ClassicalGaussian((0, 0), value),
    "product": lambda value: product(value, coherent(0, 0, mass=1, frequency=1, hbar=1)),
    "potential": lambda value: Model("q**2", value),
    "parameters": lambda value: Model("q**2", "x**2", parameters=value),
    "Axis": lambda value: Axis(-1, value, 16),
    "Grid": lambda value: Grid(GRID.q, GRID.p, GRID.x, value),
    "FixedAxis": lambda value: FixedAxis(value),
}


@pytest.mark.parametrize("value", [Qobj(), "a", W, 10**400], ids=["foreign", "text", "array", "huge"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_refuses_in_one_line(entry: str, value: object) -> None:
    """Kills: an entry that leaves the check to whoever stumbles over the value."""
    with pytest.raises(InputError) as refusal:
        ENTRIES[entry](value)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 250
