"""When friction counts as strong, and that a run keeps to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import systems

from wignercq import Model, evolve
from wignercq.errors import Interrupted
from wignercq.planning.damping import is_strongly_damped
from wignercq.run import carry_out

GRID = systems.grid()


def density(q: float = 0.3, x: float = -0.2, width: float = 0.5) -> np.ndarray:
    """Of (q, x), a Gaussian, any normalisation; 1e-17 of its maximum at least."""
    squared = (GRID.q.values[:, None] - q) ** 2 + (GRID.x.values - x) ** 2
    return np.exp(-squared / (2 * width**2)) + 1e-17


@pytest.mark.parametrize(("rate", "strong"), [(0.0, False), (0.69, False), (0.71, True)])
def test_friction_is_strong_beside_the_fastest_oscillation(rate: float, strong: bool) -> None:
    """Kills: the slower of two frequencies, friction without its mass, springs without theirs."""
    fast = 2.0  # of the normal modes, by the masses below
    model = Model("2.6*q**2", "0.35*x**2", "0", classical_mass=1.3, quantum_mass=0.7, friction=1.3 * fast * rate)
    assert is_strongly_damped(model, GRID, density()) is strong


def test_places_where_w_is_nothing_do_not_count() -> None:
    """Kills: the curvature of a wall at the end of the box, where W is rounding."""
    model = systems.model("0.4*q**2", "exp(9*x) + 0.5*x**2", "0", friction=40.0)
    assert is_strongly_damped(model, GRID, density(x=-2.5))
    assert not is_strongly_damped(model, GRID, density(x=0.5))


def test_a_free_particle_with_friction_is_strongly_damped() -> None:
    """Kills: a comparison with a frequency that is not there."""
    assert is_strongly_damped(systems.model("0", "0", "0", friction=1e-3), GRID, density())
    assert not is_strongly_damped(systems.model("0", "0", "0", friction=0.0), GRID, density())


def test_a_run_says_which_way_it_went() -> None:
    """Kills: a decision that does not reach the run."""
    for friction, bath in ((0.1, "split"), (3.0, "one flow with free motion")):
        model = systems.oscillators(friction=friction, diffusion=2.0)
        run = evolve(model, systems.packet(), grid=systems.SMALL, duration=0.1, dt=0.05, tolerance=0.1)
        assert run.dataset.attrs["bath"] == bath


def test_a_resumed_run_goes_on_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a checkpoint that does not know which part the noise of p belongs to."""
    model, path = systems.oscillators(friction=3.0, diffusion=2.0), tmp_path / "checkpoint"
    settings = {"grid": systems.SMALL, "times": [0.1, 0.2], "dt": 0.05, "tolerance": 0.1, "keep_state": True}
    whole = evolve(model, systems.packet(), **settings)
    original = carry_out._checkpoint

    def stop_after(files: object, session: object) -> None:
        original(files, session)
        raise carry_out.Stop(2)

    monkeypatch.setattr(carry_out, "_checkpoint", stop_after)
    with pytest.raises(Interrupted):
        evolve(model, systems.packet(), **settings, checkpoint=path, checkpoint_every=1e-9)
    monkeypatch.setattr(carry_out, "_checkpoint", original)
    again = evolve(model, systems.packet(), **settings, checkpoint=path, resume=True)
    assert again.dataset.attrs["bath"] == "one flow with free motion"
    np.testing.assert_array_equal(again.W.values, whole.W.values)
