"""What the JAX engine does on so many devices, against the tiled one; a script, since JAX fixes its devices at start.

XLA_FLAGS=--xla_force_host_platform_device_count=4 python jax_on_devices.py 4
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import systems
from wignercq import Grid, Model, Propagator
from wignercq.propagation.engines import TiledEngine, engine_class, processes
from wignercq.propagation.schemes import FORWARD_3, STRANG, Scheme

#: Points, model, scheme and whether the noise of p is in the transport; no points of q and x of the last are even.
EXAMPLES: dict[str, tuple[tuple[int, int, int, int], Model, Scheme, bool]] = {
    "quartic with friction": ((12, 14, 16, 18), systems.quartic(), FORWARD_3, False),
    "oscillators, odd p": ((8, 15, 12, 20), systems.oscillators(friction=0.0), STRANG, False),
    "strongly damped, odd y": ((16, 12, 20, 13), systems.oscillators(friction=4.0, diffusion=5.0), FORWARD_3, True),
    "quantum bath": ((13, 10, 15, 14), systems.with_baths(), FORWARD_3, False),
    "thermal dynamics": ((12, 16, 15, 13), systems.thermal(), FORWARD_3, False),
}


def difference_after(steps: int, name: str, kind: Any, dtype: str = "float64", **options: Any) -> float:
    """Of an example the largest difference of W to the tiled engine's, relative to the maximum of W."""
    points, model, scheme, exact_bath = EXAMPLES[name]
    grid, results = systems.grid(*points), []
    start = systems.gaussian_density(grid, systems.MEAN, np.diag(systems.VARIANCES))
    for engine in (kind(grid, dtype, **options), TiledEngine(grid)):
        W, _ = Propagator(model, engine, scheme, 0.03, exact_bath=exact_bath).advance(engine.of(start), steps)
        results.append(np.array(engine.array(W), float))
    found, expected = results
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def compared(devices: int, examples: Iterable[str] = EXAMPLES) -> None:
    """AssertionError where something differs, with W gone through as a whole and in blocks of one q or a few."""
    from wignercq.propagation.engines import jax_devices, jax_parts

    kind: Any = engine_class("jax")
    for block in (jax_devices.BLOCK, 2.0**16):
        in_blocks_of(block)
        for name in examples:
            worst = difference_after(20, name, kind, devices=devices)
            assert worst < 1e-12, (name, block, worst)
    jax_parts.PART = 2**14  # several, with a last one that is smaller
    grid = systems.grid(13, 14, 15, 18)
    engine, judge = kind(grid, devices=devices), TiledEngine(grid)
    start = systems.gaussian_density(grid, systems.MEAN, np.diag(systems.VARIANCES))
    ours, theirs = engine.of(start), judge.of(start)
    assert len(ours.sharding.device_set) == devices
    close(engine.array(ours), start)
    close(np.stack(list(engine.slabs(ours))), start)
    close(engine.integral(ours), judge.integral(theirs))
    for found, expected in zip(engine.spectral_power(ours), judge.spectral_power(theirs), strict=True):
        assert np.abs(found - expected).max() < 1e-4  # of every other q where there is an even number on a device
    for pair, plane in judge.marginals(theirs)[0].items():
        close(engine.marginals(ours)[0][pair], plane)
    for found, expected in zip(engine.lines(engine.thinned(ours)), judge.lines(judge.thinned(theirs)), strict=True):
        close(found, expected)
    other = systems.grid(16, 15, 20, 18)
    wider = TiledEngine(other)
    expected = wider.array(judge.transferred(theirs, wider))
    for count in {devices, devices if processes.count() > 1 else 1}:
        target = kind(other, devices=count)
        close(target.array(engine.transferred(ours, target)), expected)
    steps = [Propagator(systems.quartic(), each, FORWARD_3, 0.05) for each in (engine, judge)]
    _, boundaries = steps[0].advance(ours, 4)
    _, wanted = steps[1].advance(theirs, 4)
    for found, expected in zip(boundaries, wanted, strict=True):
        close(found.p_characteristic, expected.p_characteristic)
        close(found.density_qx, expected.density_qx)


def in_blocks_of(size: float) -> None:
    """Have W gone through in blocks of so many bytes from here on."""
    from wignercq.propagation.engines import jax_devices as programs

    programs.BLOCK = size
    for program in (programs.steps, programs.last_step, programs.kick_spending, programs.kick_keeping, programs.move):
        program.compiled.clear_cache()


def compiled_loop(devices: int, grid: Grid) -> tuple[dict[str, int], float, float]:
    """How often a turn of the compiled loop, of steps of three stages, talks to all devices, by the kind of talk.

    And the bytes that it takes with a W that is kept beside it, on all devices, and what the engine says.
    """
    import jax

    from wignercq.propagation.engines import jax_devices

    engine: Any = engine_class("jax")(grid, devices=devices)  # type: ignore[call-arg]
    W = engine.of(systems.gaussian_density(grid))
    form = engine._form(Propagator(systems.quartic(), engine, FORWARD_3, 0.05).compiled)
    by = 2 if devices > 1 else 1
    spare = jax_devices.spare_for(W, engine._mesh)
    program = jax_devices.steps.compiled.lower(W, spare, *form, by, mesh=engine._mesh, capacity=by, by=by).compile()
    found, tables = program.memory_analysis(), jax.tree.leaves(form)  # some of them are given more than once
    once = {id(each): each for each in tables}.values()
    taken = found.argument_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes
    taken = devices * (taken + found.temp_size_in_bytes) + W.nbytes
    taken += sum(map(held, once)) - sum(map(held, tables))
    kinds = ("all-to-all", "all-gather", "collective-permute", "reduce-scatter")
    exchanges = {kind: count for kind in kinds if (count := program.as_text().count(f" {kind}("))}
    return exchanges, taken, engine.over(devices).memory(grid, float, tables=len({id(leg.kick) for leg in form.legs}))


def held(values: Any) -> int:
    """Bytes on all devices together."""
    return sum(part.data.nbytes for part in values.addressable_shards)


def close(found: np.ndarray | float, expected: np.ndarray | float) -> None:
    """AssertionError where two arrays differ by more than rounding."""
    assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


if __name__ == "__main__":
    from wignercq.propagation.engines.jax_devices import BLOCK

    compared(int(sys.argv[1]))
    in_blocks_of(BLOCK)
    exchanges, taken, stated = compiled_loop(int(sys.argv[1]), systems.grid(32, 36, 40, 44))
    for kind, count in exchanges.items():
        sys.stdout.write(f"{kind} {count}\n")
    sys.stdout.write(f"memory {taken / stated:.3f}\n")
