"""A model without coupling from a product state: two planes in place of the grid of four variables, nothing else."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.processes import require_identical
from support.systems import SMALL

from wignercq import Axis, Grid, Model, Solution, evolve
from wignercq.comparison import compare
from wignercq.errors import Interrupted, MemoryLimitError
from wignercq.run import carry_out
from wignercq.run.array_file import Archive
from wignercq.states import ClassicalGaussian, State, fock, gaussian, product, squeezed

#: Anharmonic, with an interaction that is a sum; hbar not 1, masses not equal, friction and diffusion.
UNCOUPLED = systems.model("0.4*q**2 + 0.08*q**4", "0.55*x**2 + 0.3*(1 - cos(1.3*x))", "0.1*q**2 - 0.2*sin(x)")
DAMPED = systems.model("0.4*q**2", "0.55*x**2 + 0.05*x**4", "0.1*q - 0.2*x", friction=5.0, diffusion=4.0)
CORRELATED = np.array([[0.5, 0.1, 0, 0], [0.1, 0.6, 0, 0], [0, 0, 0.4, -0.1], [0, 0, -0.1, 0.45]])
SETTINGS: dict[str, Any] = {"grid": SMALL, "times": [0.1, 0.25], "dt": 0.1, "tolerance": 0.05, "keep_state": True}


def state() -> State:
    return gaussian([0.4, -0.3, -0.2, 0.3], CORRELATED, hbar=systems.HBAR)


def run(engine: str = "tiled", model: Model = UNCOUPLED, start: State | None = None, **changes: Any) -> Solution:
    return evolve(model, start or state(), **{**SETTINGS, **changes}, engine=engine)


@pytest.mark.parametrize(
    ("model", "changes", "tolerance"),
    [
        (UNCOUPLED, {}, 1e-12),
        (UNCOUPLED, {"order": 2}, 1e-12),
        (UNCOUPLED, {"hbar_order": 0}, 1e-12),
        (UNCOUPLED, {"hbar_order": 1}, 1e-12),
        (DAMPED, {}, 1e-12),
        (UNCOUPLED, {"precision": "float32"}, 2e-5),
    ],
)
def test_planes_are_the_grid_of_four_variables(model: Model, changes: dict[str, Any], tolerance: float) -> None:
    """Kills: a stage that does not separate as claimed, a lost plane, other observables, planes taken nowhere."""
    found, expected = run(model=model, **changes).dataset, run("array", model, **changes).dataset
    assert (found.attrs["engine"], expected.attrs["engine"]) == ("planes", "array")
    assert found.attrs["bath"] == expected.attrs["bath"]
    assert list(found.variables) == list(expected.variables)
    for name, variable in expected.data_vars.items():
        assert found[name].dtype == variable.dtype
        if name == "energy_left_out":  # a bound of rounding
            continue
        scale = max(1e-300, np.abs(variable.values).max()) if name == "W" or variable.ndim > 2 else 1.0
        difference = np.abs(found[name].values - variable.values)
        assert np.isnan(variable.values).all() or difference.max() < tolerance * scale, name


def test_a_run_of_chosen_steps_and_grid_is_that_of_the_grid_of_four_variables() -> None:
    """Kills: pilot runs and checks of the step that see other differences than the whole fields have."""
    axes = (Axis(a.lower, a.upper, n) for a, n in zip(SMALL, (26, 28, 30, 32), strict=True))
    settings: dict[str, Any] = {"dt": None, "grid": Grid(*axes), "times": [0.3], "tolerance": 2e-3}
    found, expected = (run(name, adapt=False, **settings).dataset for name in ("tiled", "array"))
    assert found.attrs["time_step"] == expected.attrs["time_step"]
    assert found.attrs["time_error_estimate"] == pytest.approx(expected.attrs["time_error_estimate"], rel=1e-6)
    assert np.abs(found["W"].values - expected["W"].values).max() < 1e-12 * np.abs(expected["W"].values).max()


def test_what_is_no_product_is_not_solved_as_one() -> None:
    """Kills: a coupled model, or a state with correlations, taken for a product."""
    mixed = CORRELATED.copy()
    mixed[0, 2] = mixed[2, 0] = 0.05
    correlated = gaussian([0.4, -0.3, -0.2, 0.3], mixed, hbar=systems.HBAR)
    assert run(model=systems.quartic(), keep_state=False).dataset.attrs["engine"] == "tiled"
    assert run(start=correlated, keep_state=False).dataset.attrs["engine"] == "tiled"
    whole = evolve(UNCOUPLED, state().wigner(SMALL), **SETTINGS)
    assert whole.dataset.attrs["engine"] == "tiled"
    assert np.abs(whole.W.values - run().W.values).max() < 1e-12 * np.abs(whole.W.values).max()


def test_a_checkpoint_holds_planes_and_resumes_to_the_last_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: W formed for a file, planes rounded or rescaled on the way. The grid grows on both sides of the stop."""
    grid = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
    settings = {"grid": grid, "adapt": True, "times": [0.13, 0.3, 0.55], "dt": 0.05, "tolerance": 1e-3}
    whole = run(**settings)
    path, original = tmp_path / "run.checkpoint", carry_out._checkpoint

    def stop_after(files: object, session: Any) -> None:
        original(files, session)  # type: ignore[arg-type]
        if session.loop.time > 0.2:
            raise carry_out.Stop(2)

    monkeypatch.setattr(carry_out, "_checkpoint", stop_after)
    with pytest.raises(Interrupted):
        run(**settings, checkpoint=path, checkpoint_every=1e-9)
    monkeypatch.undo()
    arrays = {key: array.shape for key, array in Archive.read(path).arrays.items() if key.startswith("run/W")}
    n_q, n_p, n_x, n_y = (n for shape in arrays.values() for n in shape)
    assert arrays == {"run/W_qp": (n_q, n_p), "run/W_xy": (n_x, n_y)}
    assert path.stat().st_size < 8 * n_q * n_p * n_x * n_y / 10
    resumed = run(**settings, checkpoint=path, resume=True, threads=1)
    assert whole.dataset.attrs["grid_changes"] != ""
    require_identical(resumed.dataset, whole.dataset)


def test_a_comparison_of_uncoupled_theories_is_that_of_the_grid_of_four_variables() -> None:
    """Kills: distances that need a W of four variables and get planes."""
    settings: dict[str, Any] = {"grid": SMALL, "times": [0.1, 0.2], "dt": 0.1, "tolerance": 1e-3, "threshold": 0.5}
    settings["on_unresolved"] = "warn"
    with pytest.warns(match="spectral tail|edge mass|going on|time error"):
        found, expected = (compare(UNCOUPLED, state(), **settings, engine=name).dataset for name in ("tiled", "array"))
    assert found.attrs["engine"] == "planes"
    assert float(expected["distance_W"].sel(theory="fokker_planck")[-1]) > 1e-4
    for name in ("distance_W", "distance_density_matrix", "covariance", "relative_entropy"):
        a, b = found[name].values, expected[name].values
        assert np.nanmax(np.abs(a - b)) < 1e-10, name


def test_a_squeezed_state_beside_a_free_particle_takes_a_blink() -> None:
    """Kills: cells counted, or passes made, as of four variables. A period brings a harmonic state back."""
    mass, frequency = 0.7, math.sqrt(1.1 / 0.7)
    model = Model("0", "0.55*x**2", hbar=0.8, quantum_mass=mass, classical_mass=1.3)
    quantum = squeezed(0.4, 0.2, squeezing=1.0, mass=mass, frequency=frequency, hbar=0.8)
    start = product(ClassicalGaussian([0.5, 1.0], [0.6, 0.5]), quantum)
    begun = time.perf_counter()
    result = evolve(model, start, duration=2 * math.pi / frequency, outputs=4, tolerance=1e-6)
    assert time.perf_counter() - begun < 10  # 0.4 s; 90 x 90 x 192 x 192 points of four variables take an hour
    assert result.dataset.attrs["engine"] == "planes"
    elapsed = 2 * math.pi / frequency
    expected = start.covariance.copy()
    expected[0, 0] += 0.5 * (elapsed / 1.3) ** 2
    expected[0, 1] = expected[1, 0] = 0.5 * elapsed / 1.3
    assert np.abs(result.covariance[-1] - expected).max() < 1e-5
    assert np.abs(result.mean[-1] - start.mean - [elapsed / 1.3, 0, 0, 0]).max() < 1e-5


def test_memory_is_that_of_planes_until_w_is_asked_for() -> None:
    """Kills: a run refused for a W that nobody forms; one let through that ends without memory for it."""
    grid = Grid(Axis(-8.0, 8.0, 120), Axis(-8.0, 8.5, 128), Axis(-7.0, 7.0, 100), Axis(-7.0, 7.5, 96))
    start = product(ClassicalGaussian([0.3, 0], [0.6, 0.5]), fock(1, mass=0.7, frequency=1.2, hbar=systems.HBAR))
    settings: dict[str, Any] = {"grid": grid, "memory_limit": 2**28, "start": start, "times": [0.1], "dt": 0.05}
    assert run(keep_state=False, **settings).dataset.attrs["engine"] == "planes"
    with pytest.raises(MemoryLimitError, match="120 x 128 x 100 x 96 points, which need 1"):
        run(**settings)
