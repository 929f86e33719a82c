"""Arrays on memory pages of their own, which go back to the system the moment the last array on them is gone.

What the allocator of the C library is given back it may keep for later, up to some tens of MiB, where it depends on
the order in which threads end; the fields of a pilot run would then still be there when the run itself needs memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import mmap
import os

import numpy as np


def zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A zero array that begins at a page, and so at a cache line; a page is taken when it is first written to.

    MemoryError where the system has no room for it.
    """
    flags = ("MAP_PRIVATE", "MAP_ANONYMOUS")
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if all(hasattr(mmap, f) for f in flags) else {}
    try:
        pages = mmap.mmap(-1, math.prod(shape) * dtype.itemsize, **private)  # shared ones would not be huge
    except OSError:
        raise MemoryError(f"no room for an array of shape {shape} and type {dtype}") from None
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype).reshape(shape)


def trim() -> None:
    """Give back to the system what the allocator keeps of freed temporaries: tens of MiB in each thread that worked."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None  # of glibc alone
    if give_back is not None:
        give_back(0)
