"""Matrix products on one thread: the engines share the work themselves, and results do not depend on BLAS threads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """A context in which BLAS uses one thread."""
    context: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return context


@cache
def _libraries() -> ThreadpoolController:
    """The libraries loaded, looked for once: that takes milliseconds."""
    return ThreadpoolController()
