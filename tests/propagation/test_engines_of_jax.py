"""What the JAX engine promises beyond the contract of engines: many steps in one loop, several devices, float32."""

from __future__ import annotations

import importlib.util
import os
import socket
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


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


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
    assert difference_after(20, name, engine_class("jax"), "float32") < 2e-5  # of whole arrays, 1.4e-5 was seen


@needs_jax
def test_an_option_that_xla_does_not_know_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: an engine that ends with the XLA that drops the option."""
    from wignercq.propagation.engines import jax_devices as programs

    assert programs._wide.__wrapped__() == programs.WIDE
    monkeypatch.setattr(programs, "WIDE", {"xla_no_such_option": 512})
    assert programs._wide.__wrapped__() is None


@needs_jax
@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2, 4])
def test_any_number_of_devices_does_what_the_tiled_engine_does(devices: int) -> None:
    """Kills: parts of W exchanged wrongly, left split along x, multipliers of the wrong part, sums over one part,

    more than one exchange in each of the six transports of two steps, of which densities of (q, x) are gathered alone,
    and a loop that takes another memory than the engine says; all but 1 to 4 % of it, as on 64^4 points too.
    """
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(SCRIPT.parents[2])}
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(devices)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    *exchanges, _, memory = run.stdout.split()
    assert exchanges == (["all-to-all", "6", "all-gather", "2"] if devices > 1 else [])
    assert 0.95 < float(memory) < 1.05


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
@pytest.mark.slow
def test_two_processes_do_what_one_does() -> None:
    """Kills: sums over the part of one process, slabs that only their owner sees, parts that are read as the whole.

    Twenty steps of two examples agree with the tiled engine to 1e-12 there, on odd numbers of points too.
    """
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(SCRIPT.parents[2])}
    script, port = str(SCRIPT.with_name("jax_in_processes.py")), free_port()
    both = [
        subprocess.Popen(
            [sys.executable, script, f"127.0.0.1:{port},{k}/2"], env=environment, stderr=subprocess.PIPE, text=True
        )
        for k in (1, 2)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said


@needs_jax
def test_devices_that_are_not_there_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a run on processors that was meant for GPUs, tables in 32 bits, a traceback of JAX, one process of a job

    that waits for others because of what SLURM or MPI have told it.
    """
    for name in ("SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_PROCID", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"):
        monkeypatch.setenv(name, "2")
    import jax

    kind: Any = engine_class("jax")
    assert kind(systems.grid(8, 8, 8, 8)).devices == len(jax.local_devices())
    assert not jax.distributed.is_initialized()
    with pytest.raises(InputError, match=r"^devices: expected 1 to 1, "):
        kind(systems.grid(14, 8, 8, 8), devices=2)
    with pytest.raises(InputError, match=r"^devices: expected a gpu that JAX sees .* got cpu alone$"):
        kind.over("gpu")(systems.grid(8, 8, 8, 8))
    with jax.enable_x64(False), pytest.raises(InputError, match=r"^engine: expected JAX with 64 bits, .* got 32 bits$"):
        kind(systems.grid(8, 8, 8, 8))
    with pytest.raises(InputError, match=r"^devices: expected none, but with the engine 'jax', got 2$"):
        Numerics(devices=2)


@needs_jax
def test_points_that_devices_do_not_divide_get_advice_and_are_thinned_rightly() -> None:
    """Kills: an eighth of all devices at nothing without a word; every other point counted on each device anew."""
    from wignercq.propagation.engines import jax_devices, jax_sums

    advice = "grid.q.points: 14 cost as much as 16 on 4 devices; take 12 or 16"
    assert jax_devices.advice(systems.grid(14, 8, 8, 8), 4) == advice
    assert jax_devices.advice(systems.grid(62, 8, 64, 8), 4) == ""
    for points, devices in ((13, 2), (14, 4), (15, 3), (8, 1), (5, 3)):
        share = -(-points // devices)
        laid = np.full(share * devices, -1)
        laid[:points] = np.arange(points)
        rows = [part[k * share % 2 :: 2] for k, part in enumerate(laid.reshape(devices, share))]
        kept = np.concatenate([np.pad(row, (0, -(-share // 2) - row.size), constant_values=-1) for row in rows])
        assert kept[[*jax_sums.even_rows(points, share, devices)]].tolist() == [*range(0, points, 2)]


@needs_jax
def test_phases_are_those_of_the_library() -> None:
    """Kills: a quadrant taken for another, parts of pi/2 that do not add up, a series that ends too early."""
    from wignercq.propagation.engines.jax_phases import cos_sin

    quarters = np.arange(-9, 10) * (np.pi / 4)
    near = np.concatenate([quarters, np.nextafter(quarters, 10), np.linspace(-20, 20, 2001)])
    engine_class("jax")(systems.grid(8, 8, 8, 8))  # 64 bits
    for angle in (near, 1e4 * near):
        cos, sin = cos_sin(angle)
        assert np.abs(cos - np.cos(angle)).max() < 3e-16
        assert np.abs(sin - np.sin(angle)).max() < 3e-16
