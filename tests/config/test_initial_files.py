"""Initial states in files beside the configuration: number states and results; what is none is refused in one line."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from support import results
from support.configurations import Table, configuration

from wignercq import Solution, choose_grid
from wignercq.config import Config
from wignercq.config.identity import point_identity
from wignercq.errors import ConfigError
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.states import from_number_basis, gaussian

KET = np.array([0.6, 0.0, 0.8j])
CENTRE = [0.4, -0.3, -0.2, 0.3]
LEVELS: Table = {"kind": "number_basis", "file": "rho.npy", "mean": CENTRE, "classical_covariance": [0.5, 0.6]}
RESULT: Table = {"kind": "result", "file": "run.nc"}


def written(folder: Path, initial: Table, **model: float) -> Path:
    """A configuration in a folder, with files beside it."""
    path = folder / "run.toml"
    path.write_text(configuration(initial=initial, model={"hbar": 0.7, **model}))
    np.save(folder / "rho.npy", np.outer(KET, KET.conj()))
    return path


def result(folder: Path, **attributes: float) -> None:
    """A result whose W is a Gaussian, with the numbers of the model."""
    dataset = results.result(outputs=3, frames=2).isel({name: slice(None, None, 2) for name in NAMES})
    grid = Grid(*(Axis.through(dataset[name].values) for name in NAMES))
    dataset["W"] = NAMES, gaussian([0.3, -0.2, 0.1, 0.4], [1.1, 1.2, 0.9, 1.0], hbar=0.7).wigner(grid)
    dataset.attrs |= {"hbar": 0.7, "classical_mass": 1.7, "quantum_mass": 0.8, **attributes}
    Solution(dataset).save(folder / "run.nc")


def test_number_states_come_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    """Kills: a path from where the command runs, a conjugate, a frequency or a centre of something else."""
    expected = from_number_basis(KET, position=-0.2, momentum=0.3, mass=0.8, frequency=1.2, hbar=0.7)
    path = written(tmp_path, {**LEVELS, "frequency": 1.2})
    for text in (path, os.path.relpath(path)):
        state = Config.load(text).state
        _, quantum = state.factors
        grid = results.grid()
        assert np.abs(quantum.wigner(grid.x, grid.y) - expected.wigner(grid.x, grid.y)).max() < 1e-14
        assert state.mean[:2].tolist() == CENTRE[:2]


def test_a_result_is_an_initial_state(tmp_path: Path) -> None:
    """Kills: W on the wrong axes, a result without its hbar or mass."""
    result(tmp_path)
    state = Config.load(written(tmp_path, RESULT)).state
    assert (state.hbar, state.mass) == (0.7, 0.8)
    np.testing.assert_allclose(state.mean, [0.3, -0.2, 0.1, 0.4], atol=1e-3)
    chosen = choose_grid(Config.load(tmp_path / "run.toml").model, state, 0.2, tolerance=1e-2)
    assert all(axis.lower < -2.0 and axis.upper > 2.0 for axis in chosen)


def test_the_content_of_a_file_tells_points_of_a_sweep_apart(tmp_path: Path) -> None:
    """Kills: results of a sweep that are taken up again after the file of its initial state has changed."""
    path = written(tmp_path, {**LEVELS, "frequency": 1.2})
    before = point_identity(Config.load(path))
    assert point_identity(Config.load(os.path.relpath(path))) == before
    np.save(tmp_path / "rho.npy", KET.conj())
    assert point_identity(Config.load(path)) != before


def test_a_configuration_is_read_without_the_file_where_no_run_is_made(tmp_path: Path) -> None:
    """Kills: a result that cannot be drawn any more once the file of its initial state is gone."""
    path = written(tmp_path, LEVELS | {"file": "gone.npy"})
    assert Config.load(path, runs=False).model.hbar == 0.7
    with pytest.raises(
        ConfigError, match=r"initial\.file: expected a \.npy file of one array of numbers, got 'gone.npy': No such"
    ):
        Config.load(path)


def refused(folder: Path, initial: Table, **model: float) -> str:
    with pytest.raises(ConfigError) as caught:
        Config.load(written(folder, initial, **model))
    assert "\n" not in str(caught.value)
    return str(caught.value).partition(" (line ")[0]


def test_files_that_hold_no_number_states_are_refused(tmp_path: Path) -> None:
    """Kills: a file that is executed, waited for or read whole before it is looked at."""
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "two.npz", KET, KET)
    np.save(tmp_path / "large.npy", np.zeros(800_000, complex))
    np.save(tmp_path / "two.npy", 2 * KET)
    (tmp_path / "text.npy").write_text("not numbers")
    os.mkfifo(tmp_path / "pipe.npy")
    for name, message in {
        "object.npy": "a .npy file of one array of numbers, got something else",
        "text.npy": "a .npy file of one array of numbers, got something else",
        "two.npz": "a .npy file of one array of numbers, got an archive",
        "large.npy": "a ket or a density matrix of at most 301 levels, got a larger file",
        "pipe.npy": "an ordinary file, got a folder, a pipe or a device",
        "two.npy": "a ket of norm 1, got 2",
    }.items():
        assert refused(tmp_path, {**LEVELS, "file": name}) == f"initial.file: expected {message}"


def test_results_that_are_no_start_are_refused(tmp_path: Path) -> None:
    """Kills: W of another particle, another time or no W at all, told without the key."""
    result(tmp_path)
    assert refused(tmp_path, {**RESULT, "file": "none.nc"}) == (
        "initial.file: expected a result file, got nothing at this path, 'none.nc'"
    )
    assert refused(tmp_path, {**RESULT, "time": 3.0}) == (
        "initial.time: expected a time at which W was kept, 12, got 3"
    )
    assert refused(tmp_path, RESULT, hbar=0.9) == "initial.file.hbar: expected the model's hbar = 0.9, got 0.7"
    result(tmp_path, quantum_mass=1.1)
    assert refused(tmp_path, RESULT) == "initial.file.mass: expected the model's quantum_mass = 0.8, got 1.1"
    result(tmp_path, hbar=-0.7)
    assert "initial.file: expected a positive number as attribute hbar" in refused(tmp_path, RESULT)
    Solution(results.result(outputs=3, frames=2)).save(tmp_path / "run.nc")
    assert refused(tmp_path, RESULT) == (
        "initial.file: expected a run with keep_state=True, got one that kept only its observables"
    )
