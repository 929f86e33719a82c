"""What a W of the JAX engine takes on its devices, what these have, and how fast they are."""

from __future__ import annotations

import jax
import numpy as np
from jax.sharding import Mesh

from wignercq.grid.grid import Grid
from wignercq.propagation.engines import processes
from wignercq.propagation.engines.base import Room
from wignercq.propagation.engines.jax_devices import filled_up, way
from wignercq.propagation.engines.jax_passes import points_at_once

TEMPORARIES = 2  # half-spectra
BLOCKS = 5  # as large as a block of W, where it is gone through in blocks
BYTES_OF_A_KICK = 56  # for each (q, x, s), beside the columns for each (q, x, r)
WORK_AREA = 0.35  # of the devices' memory: a third is needed beside a run while XLA tries which products are fastest
SPEED = {"cpu": 1e7}  # cells times steps in a second on each device, in round numbers
SPEED_OF_GPU = 3e9


def needed(grid: Grid, dtype: np.dtype | type, tables: int, mesh: Mesh) -> float:
    """Bytes on all devices: W, a copy, what passes need beside it, and what a step multiplies by for so many kicks.

    Passes need two half-spectra; on processors some blocks, and between several of them W once more. Of kicks, where
    they are distinct, the coefficients alone are kept, of several devices for both ways of cutting them, and of each
    transport stage, of which there are as many, its matrices, on every device.
    """
    _, n_p, _, n_y = grid.shape
    n_q, n_x = (filled_up(n, mesh) for n in (grid.q.points, grid.x.points))
    itemsize = np.dtype(dtype).itemsize
    W = n_q * n_p * n_x * n_y * itemsize
    beside = 0.0
    for points in (n_q // mesh.size, n_x // mesh.size):
        size = points_at_once(points, W / mesh.size, way(mesh).block)
        of_one = BLOCKS * size / points if size < points else TEMPORARIES * (1 + 2 / n_y)
        beside = max(beside, W * of_one)
    if way(mesh).has_spare:
        beside += W
    kicks = n_q * n_x * (BYTES_OF_A_KICK * (n_y // 2 + 1) + 16 * n_p) * min(mesh.size, 2)
    matrices = (n_p * n_q**2 + n_y * n_x**2) * itemsize * mesh.size
    return 2 * W + beside + tables * float(kicks + matrices)


def room(mesh: Mesh) -> Room | None:
    """On all devices together, but for what the compiler works in; None where they are processors."""
    own = [device for device in mesh.devices if device.process_index == jax.process_index()]
    stats = [device.memory_stats() for device in own]
    if mesh.devices[0].platform == "cpu" or not all(stats):
        return None
    free = processes.gathered(min(s["bytes_limit"] - s["bytes_in_use"] for s in stats)).min()
    held = processes.gathered(max(s["bytes_in_use"] for s in stats)).max()
    return Room((1 - WORK_AREA) * float(free) * mesh.size, float(held) * mesh.size, int(mesh.size))


def speed(mesh: Mesh) -> float:
    """Cells times steps in a second."""
    return SPEED.get(mesh.devices[0].platform, SPEED_OF_GPU) * int(mesh.size)
