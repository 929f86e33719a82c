"""What a configuration says of steady states: the table [steady], what may be left out, what is the same search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.configurations import configuration

from wignercq.config import Config
from wignercq.config import execute as module
from wignercq.config.execute import check_steady, execute_steady
from wignercq.config.identity import point_identity, seek_the_same, steady_identity
from wignercq.errors import ConfigError, InputError

MODEL = configuration(initial={}, grid={}, run={}, compare={})


@pytest.mark.parametrize(
    ("tables", "settings"),
    [
        ("", (1e-6, None)),
        ("[run]\norder = 2\n", (1e-6, None)),
        ("[run]\nprecision = 'float32'\n", (1e-6, None)),
        ("[run]\ntolerance = 3e-5\n", (3e-5, None)),
        ("[run]\ndt = 0.1\n", (1e-6, 0.1)),
        ("[run]\ndt = 0.1\n[steady]\ntolerance = 2e-4\n", (2e-4, 0.1)),
        ("[run]\ntolerance = 3e-5\n[steady]\ntolerance = 2e-4\ndt = 0.07\n", (2e-4, 0.07)),
    ],
)
def test_a_model_is_enough(tables: str, settings: tuple[float, float | None]) -> None:
    """Kills: a steady state that wants an initial state, settings of [run] that outdo those of [steady]."""
    config = Config.from_text(MODEL + tables, runs=False)
    assert (config.steady_tolerance, config.steady_dt) == settings
    assert (config.model.friction, config.initial_state, len(config.axes)) == (0.35, None, 0)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (MODEL, "initial"),
        (configuration(run={}), "run.duration"),
        (configuration(run={"tolerance": 1e-4}), "run.duration"),
    ],
)
def test_a_run_needs_more(text: str, key: str) -> None:
    """Kills: a run without a state or an end, refused late or without the name of the key."""
    config = Config.from_text(text, runs=False)
    for refused in (
        lambda: Config.from_text(text),
        lambda: config.state if key == "initial" else config.run.duration,
    ):
        with pytest.raises(ConfigError, match=rf"^{key}: expected this key, got nothing( \(line \d+\))?(\n|$)"):
            refused()


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("tolerance = 0", "steady.tolerance: expected a number > 0, got 0"),
        ("tolerance = 1.5", "steady.tolerance: expected a number < 1, got 1.5"),
        ("tolerance = '1e-3'", 'steady.tolerance: expected a finite number, got "1e-3"'),
        ("dt = -0.1", "steady.dt: expected a number > 0, got -0.1"),
        (
            "tolerence = 1e-3",
            "steady.tolerence: expected one of tolerance, dt, got an unknown key; did you mean 'tol",
        ),
        ("duration = 3.0", "steady.duration: expected one of tolerance, dt, got an unknown key"),
    ],
)
def test_settings_that_cannot_be_used(table: str, line: str) -> None:
    """Kills: bad input accepted, or refused without the path of its key."""
    with pytest.raises(ConfigError) as caught:
        Config.from_text(f"{MODEL}[steady]\n{table}\n", runs=False)
    assert str(caught.value).startswith(line)


def test_everything_that_is_asked_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a setting of the file that the search never hears of."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(module, "steady_state", lambda model, **settings: asked.update(settings, model=model))
    text = configuration(
        initial={},
        grid={"q": {"extent": [-4, 5], "points": 20}, "memory_limit": "3 MiB"},
        run={
            "order": 2,
            "hbar_order": 0,
            "engine": "array",
            "checkpoint_every": "2 min",
            "observables": {"x4": "x**4"},
        },
        steady={"tolerance": 1e-3, "dt": 0.05},
    )
    execute_steady(Config.from_text(text, runs=False), threads=1, checkpoint=Path("best.nc"))
    axes, model = asked.pop("grid"), asked.pop("model")
    assert (axes["q"].extent, axes["q"].points, model.friction) == ((-4, 5), 20, 0.35)
    numbers = {"tolerance": 1e-3, "dt": 0.05, "order": 2, "hbar_order": 0, "threads": 1, "memory_limit": 3 * 2**20}
    others = {"engine": "array", "checkpoint": Path("best.nc"), "checkpoint_every": 120.0, "start": None}
    others["observables"] = {"x4": "x**4"}
    assert asked == {**numbers, **others, "progress": False}
    execute_steady(Config.from_text(MODEL, runs=False))
    assert asked["grid"] is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "friction = 0.35",
            "",
            "model.classical.friction: expected a positive number, so that there is a steady state",
        ),
        (
            "k_C*q**2/2",
            "-k_C*q**4",
            "model: expected potentials that bind both particles, so that there is a steady state",
        ),
        ("g*x**4/4", "g*x**3", "model: expected potentials that bind both particles, so that there is"),
        ("lam*(q - x)**2/2", "lam", "model.interaction.potential: expected a coupling, so that the steady state is un"),
        ("[steady]", "[steady]\ntolerance = 1e-15", "steady.tolerance: expected at least"),
        ("[steady]", "[run]\ntolerance = 1e-15", "run.tolerance: expected at least"),
    ],
)
def test_models_without_a_steady_state(old: str, new: str, line: str) -> None:
    """Kills: a search without end, or a refusal that names an argument in place of the key."""
    config = Config.from_text((MODEL + "[steady]\n").replace(old, new), runs=False)
    with pytest.raises(InputError) as caught:
        execute_steady(config)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_searches_are_the_same_by_what_decides_their_result() -> None:
    """Kills: finished steady states found again, or those of other numbers taken for them."""
    base = configuration()
    free = [("mean = [0.4", "mean = [0.5"), ("duration = 0.6", "duration = 0.7"), ("hbar = 0.7", "hbar = 7e-1")]
    free += [("[grid]", "[grid]\nmemory_limit = '1 GiB'"), ("[run]", "[run]\ncheckpoint_every = '1 min'")]
    assert all(seek_the_same(base, base.replace(*change)) for change in free)
    decisive = [
        ("0.35", "0.36"),
        ("g = 0.2", "g = 0.21"),
        ("points = 18", "points = 20"),
        ("[run]", "[run]\norder = 2"),
    ]
    decisive += [("tolerance = 0.0001", "tolerance = 9e-5"), ("[run]", "[steady]\ntolerance = 1e-3\n[run]")]
    texts = [base.replace(*change) for change in [("a", "a"), *decisive]]
    assert len({steady_identity(Config.from_text(text)) for text in texts}) == 1 + len(decisive)
    assert not seek_the_same(base, "")
    assert point_identity(Config.from_text(texts[-1])) == point_identity(Config.from_text(base))


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (
            "initial.frequency = [1.1, 1.3]",
            "sweep.initial.frequency: expected a number of the model, for steady",
        ),
        ("gap = [0.1, 0.2]", "sweep.gap: expected a name that the result does not use itself, got gap"),
    ],
)
def test_sweeps_that_steady_states_do_not_take(table: str, line: str) -> None:
    """Kills: the same state found at every point, or a swept number that hides a variable of the result."""
    text = configuration().replace("g = 0.2", "g = 0.2\ngap = 0.1").replace("+ g*x", "+ gap*x + g*x")
    config = Config.from_text(f"{text}[sweep]\n{table}\n")
    with pytest.raises(ConfigError) as caught:
        check_steady(config)
    assert str(caught.value).startswith(line)
