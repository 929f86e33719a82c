"""The threads of BLAS: none beside those of an engine, which owns the cores."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def single_threaded() -> AbstractContextManager[object]:
    """While in this context, one thread does what BLAS is called for."""
    context: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return context


@cache
def _libraries() -> ThreadpoolController:
    """Those that are loaded; it takes milliseconds to look for them."""
    return ThreadpoolController()
