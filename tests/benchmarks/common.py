"""What the benchmarks share: sizes given as text, timing in turn, tables in Markdown."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np

from wignercq import Axis, Grid

T = TypeVar("T")
Shape = tuple[int, int, int, int]
EXTENTS = ((-7.0, 7.0), (-6.5, 7.0), (-7.0, 6.0), (-6.0, 6.5))
VERSIONED = ("wignercq", "numpy", "scipy", "pyfftw")


def parse_shape(text: str) -> Shape:
    """Points per axis from ``"48"`` or ``"40x54x48x60"``."""
    numbers = [int(part) for part in text.split("x")]
    if len(numbers) not in (1, 4):
        raise SystemExit(f"size: expected one number or four joined by x, got {text}")
    n_q, n_p, n_x, n_y = numbers * 4 if len(numbers) == 1 else numbers
    return n_q, n_p, n_x, n_y


def name_of(shape: Shape) -> str:
    """``"48^4"`` or ``"40x54x48x60"``."""
    return f"{shape[0]}^4" if len(set(shape)) == 1 else "x".join(map(str, shape))


def grid_of(shape: Shape) -> Grid:
    """A grid of that many points; the extents matter to no timing."""
    return Grid(*(Axis(lower, upper, n) for (lower, upper), n in zip(EXTENTS, shape, strict=True)))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Result and wall seconds of one call."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def in_turn(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median seconds of each, all of them called once in every round, after one call that does not count."""
    for work in works:
        work()
    times = [[timed(work)[1] for work in works] for _ in range(rounds)]
    return [float(median) for median in np.median(times, axis=0)]


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine() -> str:
    """Processor and versions, in one line."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    libraries = ", ".join(f"{name} {version(name)}" for name in VERSIONED)
    return f"{len(names)} cores of {names[0]}, Python {platform.python_version()}, {libraries}"


def table_in(paragraph: str) -> dict[str, list[list[str]] | list[str]] | None:
    """Header and rows of a table that :func:`markdown` made; None of any other paragraph."""
    if not paragraph.startswith("|"):
        return None
    header, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in paragraph.splitlines())
    return {"header": header, "rows": rows}
