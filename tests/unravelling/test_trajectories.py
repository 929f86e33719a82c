"""Averages over trajectories against the Gaussian theory and against the solver on the grid, which shares no code."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support.processes import CONTEXT

from wignercq import Axis, LinearModel, Model, evolve
from wignercq.errors import InputError, Interrupted, MemoryLimitError, ModelError, StoppedError
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.states import ClassicalGaussian, State, cat, gaussian, product, thermal
from wignercq.unravelling import Ensemble, trajectories
from wignercq.unravelling.plan import widened
from wignercq.unravelling.preparation import prepared
from wignercq.unravelling.scheme import Noise, Scheme

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
OSCILLATORS = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, **BATH)
QUARTIC = Model("q**2/2", "x**2/2 + 0.05*x**4", "-0.5*q*x", **BATH)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
CAT = product(ClassicalGaussian([0.4, -0.3], [0.5, 0.6]), cat((1.2, 0.0), mass=0.7, frequency=1.3, hbar=0.8))
UPPER = np.triu_indices(4)


def deviations(found: Ensemble, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Differences of means and covariances beside the standard errors, shape (times, 14)."""
    errors = (found.dataset[name].values for name in ("mean_error", "covariance_error"))
    of_mean, of_covariance = next(errors), next(errors)
    with np.errstate(invalid="ignore", divide="ignore"):  # at time 0, what all trajectories have in common
        apart = (found.covariance - covariance) / of_covariance
        return np.concatenate([(found.mean - mean) / of_mean, apart[:, UPPER[0], UPPER[1]]], axis=1)[1:]


def require_sane(apart: np.ndarray) -> None:
    """Fail where a number is further away than 4 standard errors, or all together are too near or too far.

    Those of one time belong to the same trajectories, hence the wide bounds on the mean square.
    """
    assert np.abs(apart).max() < 4
    assert 0.3 < (apart**2).mean() < 2


def theory(model: Model, state: State, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    linear = LinearModel.from_model(model)
    return linear.mean(times, state.mean), linear.covariance(times, state.covariance)


def test_moments_are_those_of_the_gaussian_theory() -> None:
    """Kills: a record with the wrong sign or noise, friction in the wrong place, psi and p driven by other noises."""
    found = trajectories(OSCILLATORS, STATE, 3.0, count=1024, outputs=3, seed=1, frames=2)
    require_sane(deviations(found, *theory(OSCILLATORS, STATE, found.time)))
    S = LinearModel.from_model(OSCILLATORS).covariance(3.0, STATE.covariance)
    purity = 0.4 / np.sqrt(np.linalg.det(S[2:, 2:]))
    assert abs(found.dataset.purity[-1] - purity) < 4 * found.dataset.purity_error[-1]
    assert found.time_error < 0.03


def test_correlated_states_and_decoherence_beyond_the_trade_off() -> None:
    """Kills: hidden phases of another strength, correlations of the initial state lost or of the wrong sign."""
    model = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, decoherence=2.0, **BATH)
    covariance = np.diag([0.8, 0.9, 0.7, 0.9]) + 0.2 * np.add.outer([1, -1, 1, 1], [1, -1, 1, 1])
    state = gaussian([0.4, -0.3, -0.2, 0.3], covariance, hbar=0.8)
    found = trajectories(model, state, 2.0, count=1024, outputs=2, seed=2, frames=0)
    require_sane(deviations(found, *theory(model, state, found.time)))
    less = LinearModel.from_model(OSCILLATORS).covariance(2.0, covariance)[3, 3]
    assert found.covariance[-1, 3, 3] > less + 5 * found.dataset.covariance_error[-1, 3, 3]


@pytest.mark.parametrize(
    ("state", "purity"),
    [(CAT, 1.0), (product(CAT.classical, thermal(0.9, mass=0.7, frequency=1.3, hbar=0.8)), 0.5216)],
)
def test_initial_states_are_their_own_averages(state: State, purity: float) -> None:
    """Kills: eigenstates with the wrong populations, a density matrix and its conjugate exchanged."""
    found = trajectories(OSCILLATORS, state, times=[0.1], count=2048, seed=3, frames=2)
    means = (found.mean[0] - state.mean)[:2] / found.dataset.mean_error.values[0, :2]
    assert np.abs(means).max() < 4
    assert found.covariance[0] == pytest.approx(state.covariance, abs=0.05)
    assert found.dataset.purity[0] == pytest.approx(purity, abs=0.01)
    W = found.dataset.wigner_xy[0]
    x, y = W.x.values, W.y.values
    exact = state.factors[1].wigner(Axis.through(x), Axis.through(y))
    assert np.abs(W - exact).max() < 0.03 * exact.max()


@pytest.mark.slow
def test_weak_order_is_two() -> None:
    """Kills: a splitting of first order, a record that is drawn to lower order; at steps so long that it shows."""
    exact = theory(OSCILLATORS, STATE, np.array([3.0]))
    errors = []
    for dt in (0.75, 0.375):
        found = trajectories(OSCILLATORS, STATE, times=[3.0], count=200_000, seed=5, dt=dt, frames=0)
        errors.append(np.concatenate([(found.mean[1:] - exact[0]).ravel(), (found.covariance[1:] - exact[1]).ravel()]))
        noise = float(found.dataset.covariance_error[1:].max())
    sizes = [np.linalg.norm(error) for error in errors]
    assert noise < 0.1 * sizes[1]
    assert abs(np.log2(sizes[0] / sizes[1]) - 2) < 0.25


OPTIONS = {"outputs": 2, "seed": 6, "frames": 2, "tolerance": 1e-2}


def test_trajectories_added_to_a_file_are_those_of_a_longer_run(tmp_path: Path) -> None:
    """Kills: streams shared between blocks, a file that keeps less than all the sums, another plan for the rest."""
    at_once = trajectories(QUARTIC, STATE, 0.5, count=500, **OPTIONS)
    path = tmp_path / "some.nc"
    trajectories(QUARTIC, STATE, 0.5, count=200, **OPTIONS).save(path)
    in_two = trajectories(QUARTIC, STATE, 0.5, count=500, start=Ensemble.load(path), **OPTIONS)
    assert at_once.count == 512
    xr.testing.assert_identical(at_once.dataset, in_two.dataset)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 3])
def test_the_same_seed_gives_the_same_bits(processes: int) -> None:
    """Kills: sums in the order in which blocks end, streams that belong to workers."""
    with ProcessPoolExecutor(processes, CONTEXT) as pool:
        found = trajectories(QUARTIC, STATE, 0.5, count=1000, executor=pool, **OPTIONS)
    xr.testing.assert_identical(found.dataset, trajectories(QUARTIC, STATE, 0.5, count=1000, **OPTIONS).dataset)


#: What a run on a grid has beside an average over trajectories: what is told of W itself, and of its grid.
OF_THE_GRID = {"negativity", "edge_mass", "spectral_tail", "axis", "energy_budget_residual", "energy_left_out"}


def test_names_and_dimensions_are_those_of_a_run() -> None:
    """Kills: a number that is called otherwise, or has other dimensions; one without its error; a norm that is none."""
    run = evolve(OSCILLATORS, STATE, duration=0.1, outputs=2, tolerance=1e-2, frames=2).dataset
    found = trajectories(OSCILLATORS, STATE, 0.1, count=512, outputs=2, frames=2, seed=1, dt=0.1).dataset
    assert set(map(str, run.variables)) - set(map(str, found.variables)) == OF_THE_GRID
    for name in set(run.variables) - OF_THE_GRID:
        assert run[name].dims == found[name].dims, name
        if name not in run.coords and "frame" not in run[name].dims and name != "norm":
            assert found[f"{name}_error"].dims == run[name].dims, name
            assert (found[f"{name}_error"][-1] > 0).all(), name
    for name in ("density_qp", "density_qx", "density_py", "wigner_xy"):
        cell = np.prod([float(found[axis][1] - found[axis][0]) for axis in found[name].dims[1:]])
        assert found[name].values.sum(axis=(1, 2)) * cell == pytest.approx(np.ones(2), abs=1e-9), name


def test_wave_functions_keep_their_norm() -> None:
    """Kills: a step, or a change of the axis, that loses some of it; 200 steps, on an axis that has to grow."""
    axis = Axis(-4.0, 4.0, 32)
    random = np.random.default_rng(1)
    now = prepared(STATE, axis)(16, random)
    for _ in range(20):
        Scheme(QUARTIC, axis, 0.05).advance(now, [Noise.drawn(16, random) for _ in range(10)])
        axis = widened(now, axis)
        assert now.density.sum(axis=1) * axis.spacing == pytest.approx(np.ones(16), abs=1e-6)
    assert axis.points > 32


class Breaking(ThreadPoolExecutor):
    """An executor whose second block ends with an error, of a Ctrl-C that came to all processes or of one that died."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(1)
        self.error, self.submitted = error, 0

    def submit(self, *given: Any, **named: Any) -> Future[Any]:
        self.submitted += 1
        if self.submitted < 2:
            return super().submit(*given, **named)
        if isinstance(self.error, KeyboardInterrupt) and self.submitted == 2:
            os.kill(os.getpid(), signal.SIGINT)
        broken: Future[Any] = Future()
        broken.set_exception(self.error)
        return broken


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (BrokenProcessPool("gone"), StoppedError, "BrokenProcessPool: a process that computes is gone"),
        (KeyboardInterrupt(), Interrupted, "interrupted"),
    ],
)
def test_an_executor_that_breaks_costs_no_block_before(
    error: BaseException, kind: type[StoppedError], said: str
) -> None:
    """Kills: raw errors of executors, and all that was computed lost with them."""
    with pytest.raises(kind) as stop:
        trajectories(QUARTIC, STATE, 0.5, count=1000, executor=Breaking(error), **OPTIONS)
    assert str(stop.value) == said
    xr.testing.assert_identical(
        stop.value.solution.dataset, trajectories(QUARTIC, STATE, 0.5, count=256, **OPTIONS).dataset
    )


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    """Kills: trajectories of another model or seed added, a model without trajectories, raw errors."""
    start = trajectories(QUARTIC, STATE, 0.2, count=2, outputs=1, frames=0, tolerance=0.1)
    with pytest.raises(InputError, match="start: expected trajectories of the same model"):
        trajectories(OSCILLATORS, STATE, 0.2, count=512, outputs=1, frames=0, start=start)
    with pytest.raises(InputError, match=r"start: expected trajectories of the same seed, got 0$"):
        trajectories(QUARTIC, STATE, 0.2, count=512, outputs=1, frames=0, start=start, seed=1)
    with pytest.raises(InputError, match="start: expected trajectories with the same outputs"):
        trajectories(QUARTIC, STATE, 0.3, count=512, outputs=1, frames=0, start=start)
    with pytest.raises(InputError, match="start: expected trajectories of the same initial state"):
        trajectories(QUARTIC, CAT, 0.2, count=512, outputs=1, frames=0, start=start)
    with pytest.raises(InputError, match=r"state\.hbar: expected the model's hbar = 0\.8, got 1\.0"):
        trajectories(QUARTIC, gaussian(np.zeros(4), np.ones(4), hbar=1.0), 0.2)
    with pytest.raises(ModelError, match="no trajectories exist"):
        trajectories(Model("q**2/2", "x**2/2", "q*x", **BATH, decoherence=0, allow_unphysical=True), STATE, 1.0)
    with pytest.raises(ModelError, match=r"model: expected potentials that are finite and real .* not at t = 0$"):
        trajectories(Model("q**2/2 + log(q)", "x**2/2", "q*x", **BATH), STATE, 0.1)
    wrong: dict[str, tuple[object, ...]] = {
        "count": (1.5, 1, 0, -1),
        "tolerance": (0, -1, 1, "x", None, np.nan),
        "dt": (0, -1, "x", np.inf),
        "axis": (5, (-5, 5, 64), Axis(-1, 1, 8), Axis(-7, 7, 8)),
        "executor": (2,),
        "start": ("a.nc", 5),
        "checkpoint": (5, tmp_path),
        "dynamics": ("classical", None),
        "seed": (-1, 0.5, 2**63),
        "kept": (-1,),
    }
    for name, values in wrong.items():
        for value in values:
            with pytest.raises(InputError, match=f"^{name}|{tmp_path}: expected"):
                trajectories(QUARTIC, STATE, 1.0, **{name: value})


def test_memory_that_is_not_there_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a machine that ends the process, or others, for density matrices at many outputs."""
    monkeypatch.setattr(import_module("wignercq.unravelling.trajectories"), "free_memory", lambda: 1e6)
    with pytest.raises(MemoryLimitError, match=r"outputs: expected .* memory of 1.0 MiB, got 64 points of x at 41 out"):
        trajectories(QUARTIC, STATE, 0.2, outputs=40, dt=1.0, axis=Axis(-7, 7, 64))


def test_mean_field_and_semiclassical_limits() -> None:
    """Kills: a limit that still measures; without noise and for quadratic models both move means alike, and exactly."""
    linear = LinearModel.from_model(OSCILLATORS)
    exact = linear.mean(1.0, STATE.mean)
    found = [
        trajectories(OSCILLATORS, STATE, 1.0, count=512, outputs=1, seed=8, frames=1, dynamics=dynamics)
        for dynamics in ("mean_field", "semiclassical")
    ]
    for its in found:
        assert np.abs((its.mean[1] - exact) / its.dataset.mean_error[1]).max() < 4
    bath = LinearModel(linear.drift, np.diag([0.0, 0.5, 0.0, 0.0])).covariance(1.0, np.zeros((4, 4)))
    more = found[0].covariance[1, 1, 1] - found[1].covariance[1, 1, 1] - bath[1, 1]
    assert abs(more) < 4 * np.hypot(*(its.dataset.covariance_error.values[1, 1, 1] for its in found))
    assert found[0].covariance[1, 3, 3] < linear.covariance(1.0, STATE.covariance)[3, 3] - 0.02  # no decoherence


def test_a_spread_that_no_grid_holds() -> None:
    """Kills: memory that grows with the box of q; the exact moments are those of the Gaussian theory."""
    model = Model("k*q**2/2", "x**2/2", "lam*q*x", parameters={"k": 1e-3, "lam": 0.01}, friction=0.1, diffusion=8.0)
    state = gaussian([200.0, 0.0, 0.5, 0.0], [1e4, 0.5, 0.5, 0.5], hbar=1.0)
    with pytest.raises(MemoryLimitError):
        evolve(model, state, duration=8.0, grid={"q": FixedAxis(points=2000), "p": FixedAxis(points=400)})
    found = trajectories(model, state, 8.0, count=512, outputs=2, seed=9, frames=1)
    require_sane(deviations(found, *theory(model, state, found.time)))
    assert found.dataset.attrs["points"] < 200
