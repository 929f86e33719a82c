"""The JAX engine on processors, as one device and as two, beside the tiled one; and what the exchange of W takes of it.

python tests/benchmarks/processors.py [size, default 48] [rounds, default 5]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from common import grid_of, in_turn, machine, markdown, name_of, parse_shape
from jax.sharding import Mesh

from wignercq import Model, Propagator
from wignercq.propagation.engines import Engine, TiledEngine
from wignercq.propagation.engines import jax_devices as programs
from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.jax import JaxEngine
from wignercq.propagation.schemes import BY_ORDER

DEVICES = (1, 2)
STEPS = 4  # of a scheme with three stages: as many as make W come back to where it was split
THREADS = 2


def stretch(engine: Engine, friction: float) -> tuple[Callable[[], Any], int]:
    """Steps of fourth order of a coupled quartic model, and the pairs of passes in them."""
    model = Model("0.5*q**2", "0.5*x**2 + 0.02*x**4", "0.1*(q - x)**2", friction=friction, diffusion=0.5)
    steps = Propagator(model, engine, BY_ORDER[4], 0.02)
    q, p, x, y = (np.exp(-(axis.values**2)) for axis in engine.grid)
    held = [engine.product(np.outer(q, p), np.outer(x, y))]

    def run() -> None:
        held[0], _ = steps.advance(held[0], STEPS)
        jax.block_until_ready(held[0])

    return run, STEPS * len(steps.compiled.legs)


@partial(jax.jit, static_argnames="mesh", donate_argnums=(0, 1))
def exchanged(W: Any, spare: Any, *, mesh: Mesh) -> tuple[Any, Any]:
    """W split along q, to x and back, as steps do it."""

    def act(W: Any, spare: Any) -> tuple[Any, Any]:
        held = passes.Held(W, spare, passes.ALONG_Q)
        for _ in range(2):
            held = passes.exchanged(held, programs.way(mesh))
        return held.W, held.spare

    return programs.spread(act, mesh, (programs.CUT[0],) * 2, (programs.CUT[0],) * 2)(W, spare)


def exchange(engine: JaxEngine) -> Callable[[], None]:
    """Two exchanges of all of W."""
    n_q, n_p, n_x, n_y = engine.grid.shape
    W = jax.numpy.ones((n_q, n_x, n_p, n_y), device=programs.cut(engine._mesh, 0))
    held = [(W, programs.spare_for(W, engine._mesh))]

    def run() -> None:
        held[0] = jax.block_until_ready(exchanged(*held[0], mesh=engine._mesh))

    return run


def main() -> None:
    jax.config.update("jax_num_cpu_devices", max(DEVICES))
    shape = parse_shape(sys.argv[1] if len(sys.argv) > 1 else "48")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rows, grid = [], grid_of(shape)
    for friction in (0.0, 0.3):
        engines = [TiledEngine(grid, threads=THREADS), *(JaxEngine(grid, devices=n) for n in DEVICES)]
        works, pairs = zip(*(stretch(engine, friction) for engine in engines), strict=True)
        *seconds, two_exchanges = in_turn([*works, exchange(engines[-1])], rounds)  # type: ignore[arg-type]
        tiled, one, two = (time / n for time, n in zip(seconds, pairs, strict=True))
        rows.append(
            (
                name_of(shape),
                friction,
                *(f"{1e3 * time:.1f} ms" for time in (tiled, one, two)),
                f"{one / tiled:.2f}",
                f"{two / tiled:.2f}",
                f"{two_exchanges / 2 / two:.3f}",
            )
        )
    print(machine())
    columns = ("tiled", "one device", "two", "one / tiled", "two / tiled", "exchange / pair of two")
    print(markdown(("grid", "friction", *columns), rows))


if __name__ == "__main__":
    main()
