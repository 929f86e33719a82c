"""Numbers that go wrong are reported by the name of the axis or key to change, and what was good is kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.configurations import configuration
from support.processes import CONFIG, WELLS, WIDE

from wignercq import Axis, Grid, Solution, evolve
from wignercq.cli import commands as cli
from wignercq.errors import GridError, InputError, MemoryLimitError, ModelError, ResolutionError, ResolutionWarning
from wignercq.planning import memory
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.generator import GeneratorSymbol, SampledSymbol
from wignercq.run.track import Track
from wignercq.states import gaussian

SETTINGS: dict[str, Any] = {"grid": systems.SMALL, "times": [0.1, 0.2, 0.3], "dt": 0.1, "tolerance": 0.05}
STATE = systems.packet()


def spoil(monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Put one NaN into W before the stretch of steps with this number."""
    advance, calls = Track.advance, iter(range(call + 1))

    def spoiled(self: Track, steps: int, count: int) -> None:
        if next(calls, None) == call:
            self.W[3, 4, 5, 6] = np.nan
        advance(self, steps, count)

    monkeypatch.setattr(Track, "advance", spoiled)


def test_nan_in_a_step_keeps_the_outputs_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: NaN that passes every comparison with a level, or spoils the energy budget of what was good."""
    spoil(monkeypatch, call=2)
    with pytest.raises(ResolutionError, match=r"W is not finite at t = 0\.3: expected finite numbers, got NaN") as stop:
        evolve(systems.model(), STATE, **SETTINGS)
    solution = stop.value.solution
    assert solution is not None
    assert solution.time.tolist() == [0.0, 0.1, 0.2]
    assert np.isfinite(solution.dataset["energy_budget_residual"]).all()
    assert np.isfinite(solution.covariance).all()


@pytest.mark.parametrize(
    ("potentials", "message"),
    [
        ({"classical": "0.4*q**2 + log(q + 3)"}, r"classical_potential: .* on the grid, got .* not real at q = -4\.6"),
        ({"quantum": "1/(x + 4.3)"}, r"quantum_potential: .* on the grid, got .* x = -4\.3"),
        ({"quantum": "exp(exp(x**2))"}, r"quantum_potential: .* overflowing"),
        ({"quantum": "x**2/2 + log(6 - x)"}, r"quantum_potential: .* within hbar s/2 = .* a narrower extent of x"),
        ({"quantum": "sqrt(x + 4.3)"}, r"quantum_potential: .* and derivatives .* x = -4\.57 or -4\.03"),
        ({"interaction": "sqrt(3 + q*x)"}, r"interaction: .* on the grid"),
    ],
)
def test_a_singular_potential_is_named(potentials: dict[str, str], message: str) -> None:
    """Kills: infinite entries in a table; an energy of NaN from a potential whose force alone is finite."""
    symbol, grid = GeneratorSymbol(systems.model(**potentials)), systems.SMALL
    with pytest.raises(ModelError, match=message):
        SampledSymbol.on(symbol, *np.ix_(grid.q.values, grid.x.values), grid.y.half_frequencies)


def test_a_potential_that_is_singular_where_the_grid_would_grow_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a run that ends with a traceback when it grows, or without a word of why it did not."""
    cramped = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
    state = gaussian([0.2, -0.3, 0.1, 0.3], [0.5, 0.6, 0.4, 0.45], hbar=systems.HBAR)
    settings = {**SETTINGS, "grid": cramped, "adapt": True, "times": [0.3, 1.5], "tolerance": 1e-3}
    monkeypatch.setattr("wignercq.observables.resolution.ERROR_LEVEL", 2.2e-4)  # only just above the level of growth
    with pytest.raises(ResolutionError, match=r"^edge mass of axis x at t = ") as stop:
        evolve(systems.model(quantum="0.55*x**2 - log(7.4 - x)/20"), state, **settings)
    assert "widen grid.x.extent; the grid was to be changed at t = " in str(stop.value)
    assert "not done, quantum_potential: expected finite values" in str(stop.value)
    assert stop.value.solution is not None
    assert stop.value.solution.time.tolist() == [0.0, 0.3]
    assert stop.value.solution.dataset.attrs["grid_changes"] in str(stop.value)


def test_a_step_too_long_for_its_accuracy() -> None:
    """Kills: a time step taken on trust; a warning without its key; a result that means nothing."""
    settings = {**SETTINGS, "tolerance": 0.03, "order": 2}
    with pytest.warns(ResolutionWarning, match=r"time error at dt = 0\.5: expected below 0\.03 .* lower run\.dt"):
        accepted = evolve(systems.model(), STATE, **{**settings, "times": [0.5], "dt": 0.5})
    assert 0.03 < accepted.time_error < 0.3
    with pytest.raises(
        InputError, match=r"^dt: expected a time step with an error below 0\.3 .* got 2 with .* lower dt"
    ):
        evolve(systems.model(), STATE, **{**settings, "times": [2.0], "dt": 2.0})


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            '"0.4*q**2 + 0.08*q**4"',
            '"0.4*q**2 + log(q + 3)"',
            "wignercq: model.classical.potential: expected finite values",
        ),
        ("tolerance = 0.0002", "dt = 4.0", "wignercq: run.dt: expected a time step with an error below 0.3"),
    ],
)
def test_the_command_line_names_the_key(tmp_path: Path, capsys, monkeypatch, old: str, new: str, line: str) -> None:
    """Kills: a message that names an argument of Python to somebody who wrote a file."""
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(CONFIG.replace(old, new).replace("duration = 0.8", "duration = 4.0"))
    assert cli.main(["run", "run.toml", "--quiet"]) == 2
    assert capsys.readouterr().err.startswith(line)


def test_memory_that_fails_all_the_same_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a traceback when an estimate of memory was too low."""

    def failing(self: TiledEngine, kick: object, *, times: int) -> None:
        raise MemoryError("Unable to allocate 3.00 GiB")

    monkeypatch.setattr(TiledEngine, "compile_kick", failing)
    with pytest.raises(
        MemoryLimitError, match=r"grid: expected .* fits the free memory, got: Unable to allocate 3\.00"
    ):
        evolve(systems.model(), STATE, **SETTINGS)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("0::/batch/job", ("memory.max", "memory.current", "inactive_file")),
        ("9:cpu:/\n4:memory:/batch/job", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")),
    ],
)
def test_limits_of_control_groups_count(tmp_path: Path, monkeypatch, line: str, names: tuple[str, str, str]) -> None:
    """Kills: a container or a batch system that kills a run which takes the machine's free memory for its own."""
    limit, usage, reclaimable = names
    top = tmp_path / "memory" if "memory:" in line else tmp_path
    for folder, size, used in ((top / "batch" / "job", "max", 0), (top / "batch", "900000", 700000)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / limit).write_text(f"{size}\n")
        (folder / usage).write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{reclaimable} 300000\n")
    (tmp_path / "membership").write_text(line)
    before = memory.free_memory()
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "membership")
    assert memory.free_memory() == 500000
    assert before > 500000


def stopped(folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str) -> tuple[str, list[float]]:
    """What a run says at last that has to stop with exit code 3, and the times that its readable result holds."""
    text = configuration(**WELLS, grid=WIDE, run={"duration": 1.6, "outputs": 8, "dt": 0.05})
    assert old in text
    (folder / "run.toml").write_text(text.replace(old, new))
    assert cli.main(["run", str(folder / "run.toml"), "-o", str(folder / "out.nc"), "--quiet"]) == 3
    line = capsys.readouterr().err.splitlines()[-1]
    kept = Solution.load(folder / "out.nc")
    assert (
        line
        == f"wignercq: {kept.dataset.attrs['stopped']}; result up to t = {kept.time[-1]:.6g} saved in {folder}/out.nc"
    )
    assert np.isfinite(kept.covariance).all()
    assert cli.main(["info", str(folder / "out.nc")]) == 0
    return line, kept.time.tolist()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("diffusion = 0.5", "diffusion = 30.0", r"edge mass of axis p .* widen grid\.p\.extent"),
        ('"0.55*x**2 + 0.04*x**4"', '"2*x**4"', r"spectral tail of axis [xy] .* raise grid\.[xy]\.points"),
        (
            '"0.4*q**2 + 0.08*q**4"',
            '"-1.5*q**2"',
            r"(spectral tail|edge mass) of axis [qp] .* (raise|widen) grid\.[qp]\.",
        ),
        ('"0.55*x**2 + 0.04*x**4"', '"-2.5*x**2"', r"(spectral tail|edge mass) of axis x .* (raise|widen) grid\.x\."),
    ],
    ids=["diffusion", "aliasing", "unbound", "unbound quantum"],
)
def test_states_that_a_grid_cannot_hold(tmp_path: Path, capsys, old: str, new: str, message: str) -> None:
    """Kills: diffusion, aliasing and unbound motion that come out as numbers, or take the good ones with them."""
    line, times = stopped(tmp_path, capsys, old, new)
    assert re.search(message, line)
    assert times[0] == 0
    assert times[-1] < 1.6


@pytest.mark.slow
def test_numbers_that_are_none_end_the_run(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: exit code 0 for a result of NaN, a result thrown away with the step that spoiled it."""
    spoil(monkeypatch, call=4)
    line, times = stopped(tmp_path, capsys, "duration = 1.6\noutputs = 8", "duration = 0.4\noutputs = 4")
    assert "W is not finite at t = " in line
    assert 1 < len(times) < 5


@pytest.mark.slow
def test_a_preparation_ends_where_shorter_steps_do_not_help() -> None:
    """Kills: pilot runs of ever shorter steps, minutes of them, for a state that leaves its box at once."""
    cramped = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
    model = systems.model(quantum="-2.5*x**2 + 1e-12*x**4", decoherence=0.75)  # foreseen for sure if quadratic
    message = r"grid: expected one on which shorter steps .* stays at .* widen the extents"
    with pytest.warns(ResolutionWarning, match="trajectories"), pytest.raises(GridError, match=message):
        evolve(model, STATE, grid=cramped, duration=4.0, dt=0.1)
