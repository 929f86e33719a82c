"""What the JAX engine promises beyond the contract of engines: many steps in one loop, several devices, float32."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.jax_on_devices import EXAMPLES, difference_after

from wignercq import Propagator, evolve
from wignercq.errors import InputError, MemoryLimitError
from wignercq.planning.memory import require_memory
from wignercq.planning.numerics import Numerics
from wignercq.propagation.engines import engine_class, registry
from wignercq.propagation.engines.base import Room
from wignercq.propagation.engines.interruption import Abandoned, Interruption
from wignercq.propagation.schemes import STRANG

SCRIPT = Path(__file__).parents[1] / "support" / "jax_on_devices.py"
needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")


@needs_jax
def test_a_few_steps_in_float32_are_off_by_its_rounding() -> None:
    """Kills: products in fewer digits than those of W, as accelerators are fond of; 2e-7 was seen."""
    assert difference_after(2, "oscillators, odd p", engine_class("jax"), "float32") < 2e-6


@needs_jax
@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_twenty_steps_are_those_of_the_tiled_engine(name: str) -> None:
    """Kills: a loop that fuses wrongly, a bath or a friction left out; a kick evaluated in W's own precision."""
    assert difference_after(20, name, engine_class("jax")) < 1e-12
    assert difference_after(20, name, engine_class("jax"), "float32") < 1e-5


@needs_jax
@pytest.mark.slow
@pytest.mark.parametrize("devices", [2, 4])
def test_several_devices_do_what_one_does(devices: int) -> None:
    """Kills: parts of W exchanged wrongly, left split along x, multipliers of the wrong part, sums over one part,

    and more than one exchange in each of the six transports of two steps; what is gathered are densities of (q, x).
    """
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(SCRIPT.parents[2])}
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(devices)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["all-to-all", "6", "all-gather", "2"]


@needs_jax
@pytest.mark.slow
def test_a_run_is_that_of_the_tiled_engine() -> None:
    """Kills: an engine that only steps: grids that grow, pilot runs, outputs between steps, W in the result."""
    settings: dict[str, Any] = {"tolerance": 1e-4, "keep_state": True, "outputs": 3}
    model, state = systems.oscillators(), systems.packet()
    found, expected = (evolve(model, state, duration=0.5, engine=name, **settings) for name in ("jax", "tiled"))
    assert found.dataset.attrs["engine"] == "jax"
    assert np.array_equal(found.dataset["time"], expected.dataset["time"])
    assert np.abs(found.dataset["W"].values - expected.dataset["W"].values).max() < 1e-12
    for name in ("norm", "purity", "energy"):
        assert np.abs(found.dataset[name] - expected.dataset[name]).max() < 1e-11


@needs_jax
@pytest.mark.slow
def test_a_stretch_is_left_within_its_loop_and_can_be_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: Ctrl-C that waits for the end of a stretch, a W that was spent, looks that change the result."""
    from wignercq.propagation.engines import jax

    engine = jax.JaxEngine(systems.grid(12, 14, 16, 18))
    monkeypatch.setitem(jax.WORK_BETWEEN_LOOKS, "cpu", 4 * engine.grid.size)
    W, looks = engine.of(systems.gaussian_density(engine.grid)), iter(range(4))
    start, steps = np.array(engine.array(W)), Propagator(systems.quartic(), engine, STRANG, 0.02)
    engine.interruption = Interruption(lambda: next(looks, None) is None)
    with pytest.raises(Abandoned), engine.interruption.welcome():
        steps.advance(W, 40, engine.empty())
    assert np.array_equal(engine.array(W), start)
    whole, _ = steps.advance(W, 40, engine.empty())
    engine.interruption = Interruption(lambda: False)
    with engine.interruption.welcome():
        in_parts, boundaries = steps.advance(W, 40, engine.empty())
    assert np.array_equal(engine.array(whole), engine.array(in_parts))
    assert len(boundaries) == 39


@needs_jax
@pytest.mark.slow
def test_jax_is_left_alone_until_its_engine_is_made() -> None:
    """Kills: seconds of importing it in every run; 64 bits switched on where JAX serves others too."""
    code = (
        "import sys, wignercq; wignercq.evolve, wignercq.propagation.engines; assert 'jax' not in sys.modules; "
        "from wignercq.propagation.engines import engine_class; kind = engine_class('jax'); import jax; "
        "assert not jax.config.jax_enable_x64; kind(wignercq.Grid(*[wignercq.Axis(-1, 1, 8)] * 4)); "
        "assert jax.config.jax_enable_x64"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_jax_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a traceback of an import; an error that names no argument."""

    def absent(name: str) -> None:
        raise ModuleNotFoundError("No module named 'jax'", name="jax")

    monkeypatch.setattr(registry, "import_module", absent)
    with pytest.raises(InputError, match=r"^engine: .*pip install 'wignercq\[jax\]'.* got 'jax'$"):
        engine_class("jax")


def test_a_run_has_to_fit_the_memory_of_its_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a run that is let through, or refused, for the memory beside the processor. 16^4 cells need some MiB."""
    monkeypatch.setattr(Numerics, "room", lambda self, grid: Room(2.0**20, 2.0**30))
    with pytest.raises(MemoryLimitError, match=r"the free memory of the devices of 1\.0 MiB"):
        require_memory([systems.grid(16, 16, 16, 16)], Numerics(engine="array"), None)
    monkeypatch.setattr(Numerics, "room", lambda self, grid: Room(2.0**40, 0.0))
    require_memory([systems.grid(200, 200, 200, 200)], Numerics(engine="array"), None)


@needs_jax
def test_points_that_devices_do_not_divide_are_refused() -> None:
    """Kills: an error of the exchange in the middle of a run; 14 of q on one device are right."""
    kind: Any = engine_class("jax")
    with pytest.raises(InputError, match=r"^devices: expected 1 to 1, "):
        kind(systems.grid(14, 8, 8, 8), devices=2)
    import jax

    with pytest.raises(InputError, match=r"^grid.q.points: .* multiple of the 4 devices, got 14; take 12 or 16$"):
        kind(systems.grid(14, 8, 8, 8), devices=jax.devices() * 4)
    assert kind(systems.grid(14, 8, 8, 8)).grid.q.points == 14
