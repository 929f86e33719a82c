"""The result file's layout, frames, and the energy budget of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import results, systems
from support.systems import displaced

from wignercq import Axis, Grid, ResolutionWarning, Solution, evolve
from wignercq.grid.grid import NAMES
from wignercq.observables.energies import Energies
from wignercq.observables.marginals import Marginals
from wignercq.results.summary import accuracy_lines
from wignercq.results.variables import DESCRIPTIONS
from wignercq.run.record import Record

SMALL = Grid(Axis(-5.5, 6.0, 20), Axis(-5.8, 5.3, 22), Axis(-5.2, 4.9, 24), Axis(-5.0, 5.1, 26))
DIMENSIONS = {
    "norm": ("time",),
    "mean": ("time", "z"),
    "covariance": ("time", "z", "z2"),
    "energy": ("time",),
    "energy_classical": ("time",),
    "energy_quantum": ("time",),
    "energy_interaction": ("time",),
    "energy_budget_residual": ("time",),
    "energy_left_out": ("time",),
    "purity": ("time",),
    "negativity": ("time",),
    "occupation": ("time",),
    "edge_mass": ("time", "axis"),
    "spectral_tail": ("time", "axis"),
    "density_qp": ("frame", "q", "p"),
    "wigner_xy": ("frame", "x", "y"),
    "density_qx": ("frame", "q", "x"),
    "density_py": ("frame", "p", "y"),
}


def short_run(*, outputs: int = 4, frames: int = 3, keep_state: bool = False) -> Solution:
    return evolve(
        systems.oscillators(),
        displaced(),
        grid=SMALL,
        duration=0.4,
        outputs=outputs,
        tolerance=9e-3,
        dt=0.1,
        order=2,
        frames=frames,
        keep_state=keep_state,
    )


@pytest.fixture(scope="module")
def run() -> Solution:
    return short_run(keep_state=True)


def test_layout_is_the_contract(run: Solution) -> None:
    """Kills: a renamed variable, a dimension in another order, a missing coordinate; readers depend on all of them."""
    dataset = run.dataset
    assert {name: dataset[name].dims for name in dataset.data_vars} == {**DIMENSIONS, "W": NAMES}
    sizes = {"time": 5, "z": 4, "z2": 4, "axis": 4, "frame": 3, "q": 20, "p": 22, "x": 24, "y": 26}
    assert dict(dataset.sizes) == sizes
    assert set(dataset.coords) == set(sizes)
    for name in ("z", "z2", "axis"):
        assert dataset[name].values.tolist() == ["q", "p", "x", "y"]
    for name, axis in zip(NAMES, SMALL, strict=True):
        assert np.array_equal(dataset[name], axis.values)


def test_every_variable_is_described(run: Solution) -> None:
    """Kills: a variable without a description, or a description of a variable that is gone."""
    assert set(DESCRIPTIONS) == set(run.dataset.data_vars)
    assert all(values.attrs["long_name"] for values in run.dataset.variables.values())


def test_attributes_say_how_it_was_computed(run: Solution) -> None:
    """Kills: a result from which scheme, step or error can no longer be told."""
    attributes = run.dataset.attrs
    assert {
        name: attributes[name] for name in ("engine", "scheme", "precision", "hbar_order", "time_step", "grid")
    } == {
        "engine": "tiled",
        "scheme": "Strang",
        "precision": "float64",
        "hbar_order": "exact",
        "time_step": 0.1,
        "grid": "20 x 22 x 24 x 26",
    }
    assert 0 < attributes["time_error_estimate"] < 0.1
    assert attributes["wall_time"] > 0
    assert "numpy" in attributes["versions"]


def test_first_row_is_the_initial_state(run: Solution) -> None:
    """Kills: outputs shifted by one, columns of z in another order, energies under each other's names."""
    first = run.dataset.isel(time=0)
    assert abs(float(first["norm"]) - 1) < 1e-6
    assert np.abs(first["mean"].values - systems.MEAN).max() < 1e-6
    assert np.abs(first["covariance"].values - np.diag(systems.VARIANCES)).max() < 1e-5
    second = systems.VARIANCES + systems.MEAN**2
    stretch = 0.6 + 0.5 + 1.8**2  # <(q - x)**2>
    expected = {
        "energy_classical": second[1] / 2.6 + 0.45 * second[0],
        "energy_quantum": second[3] / 1.4 + 0.6 * second[2],
        "energy_interaction": 0.2 * stretch,
        "purity": 0.4 / np.sqrt(0.5 * 0.45),
    }
    for name, value in expected.items():
        assert abs(float(first[name]) - value) < 1e-5
    parts = sum(float(first[f"energy_{sector}"]) for sector in ("classical", "quantum", "interaction"))
    assert abs(float(first["energy"]) - parts) < 1e-14


def test_final_state_and_last_frame_are_those_of_the_last_output(run: Solution) -> None:
    """Kills: a frame under the wrong time, planes transposed, a W kept from another moment."""
    dataset = run.dataset
    marginals = Marginals.of(dataset["W"].values, SMALL)
    assert float(dataset["frame"][-1]) == float(dataset["time"][-1])
    for name, pair in {"density_qp": "qp", "wigner_xy": "xy", "density_qx": "qx", "density_py": "py"}.items():
        assert np.array_equal(dataset[name].values[-1], marginals.planes[pair[0], pair[1]])
    assert np.array_equal(dataset["mean"].values[-1], marginals.mean)
    energies = Energies(systems.oscillators(), SMALL)
    assert float(dataset["energy_quantum"][-1]) == energies.quantum(marginals)


@pytest.mark.parametrize(
    ("frames", "expected"), [(0, []), (1, [0.4]), (2, [0.0, 0.4]), (3, [0.0, 0.2, 0.4]), (9, range(5))]
)
def test_frames_are_spread_over_the_run(frames: int, expected: list[float]) -> None:
    """Kills: the last frame missing, more frames than outputs, no frames that break the dataset."""
    dataset = short_run(frames=frames).dataset
    times = np.array(expected) * (0.1 if frames == 9 else 1.0)
    assert dataset["frame"].size == len(times)
    assert np.abs(dataset["frame"].values - times).max(initial=0) < 1e-12
    assert dataset["density_qx"].shape == (len(times), 20, 24)


@pytest.mark.slow
def test_energy_budget_of_an_anharmonic_run_closes() -> None:
    """Kills: a wrong rate of heating, decoherence or friction: each changes <H> by more than 0.02 in this run."""
    grid = Grid(Axis(-5.5, 6.0, 32), Axis(-6.6, 5.8, 36), Axis(-5.0, 4.6, 36), Axis(-6.0, 6.0, 40))
    solution = evolve(systems.quartic(), displaced(), grid=grid, duration=1.0, outputs=4, tolerance=1e-3, dt=0.05)
    change = float(solution.dataset["energy"][-1] - solution.dataset["energy"][0])
    residual = np.abs(solution.dataset["energy_budget_residual"].values)
    assert residual[0] == 0
    assert residual.max() < 2e-5
    heating, decoherence = 0.5 / 2.6, 0.375 * systems.HBAR**2 * 0.4**2 / 0.7
    friction = heating + decoherence - change
    assert min(heating, decoherence, friction) > 0.02


def test_budget_residual_shows_an_energy_error() -> None:
    """Kills: a residual that is zero by construction. Strang's scheme with a long step misses the energy visibly."""
    with pytest.warns(ResolutionWarning, match=r"time error at dt = 0\.[24]: expected below 0\.009"):
        residual = [float(abs(short_run_with(dt).dataset["energy_budget_residual"][-1])) for dt in (0.4, 0.2)]
    assert residual[0] > 1e-4
    assert 3.0 < residual[0] / residual[1] < 5.0


def test_the_error_of_the_budgets_integral_is_told() -> None:
    """Kills: a residual of 1e-2 that is the spline's through few steps, read as an error of the energy."""
    record = Record(systems.oscillators(), SMALL, set())
    record.rows = [{"time": t, "energy": 2.0 + math.sin(2.8 * t) / 2.8} for t in (0.0, 2.5, 5.0)]
    errors = []
    for step in (0.5, 0.05):
        record.rates = {t: math.cos(2.8 * t) for t in np.arange(round(5 / step) + 1) * step}
        residual, error = record._budget_residual()
        assert np.abs(residual).max() < 2 * error
        errors.append(error)
    assert errors[0] > 3e-3
    assert errors[1] < 1e-6


def test_the_budget_is_told_beside_the_kinetic_energy() -> None:
    """Kills: "energy budget 7.8e-03" among errors of 1e-6, without what it is of and what limits it."""
    data = results.result(outputs=3, duration=0.3).assign_attrs(classical_mass=2.0, quantum_mass=0.5)
    data["energy_budget_residual"] = ("time", [0, 7.8e-3, 6e-3, 6e-3], {"integration_error": 1.1e-2})
    kinetic = (0.6 + 0.3**2) / 4 + (0.45 + 0.4**2)
    later = [
        (c[1, 1] + m[1] ** 2) / 4 + c[3, 3] + m[3] ** 2
        for m, c in zip(data["mean"].values, data["covariance"].values, strict=True)
    ]
    assert later[0] == pytest.approx(kinetic)
    told = (
        f"7.8e-03 beside a kinetic energy of {max(later):.3g}; its integral from step to step is good to 1.1e-02 only"
    )
    assert f"energy budget   {told}\n" in accuracy_lines(data)


def short_run_with(dt: float) -> Solution:
    return evolve(
        systems.oscillators(),
        displaced(),
        grid=SMALL,
        duration=0.8,
        outputs=2,
        tolerance=9e-3,
        dt=dt,
        order=2,
        frames=0,
    )
