"""How processes that carry out one run come to an end, with a JAX in place of which something small stands."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from wignercq.propagation.engines import processes


def fail(*_: object) -> None:
    raise RuntimeError("a process is gone")


@pytest.mark.parametrize(
    ("barrier", "is_met"),
    [(lambda *_: None, True), (fail, False), (lambda *_: time.sleep(5), False)],
    ids=["met", "failed", "waited for in vain"],
)
@pytest.mark.parametrize("is_private", [True, False])
def test_the_end_is_agreed_on_whatever_barrier_a_jax_has(
    barrier: Callable[..., None], is_met: bool, is_private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: an ImportError in place of the error that ended the run, a wait for ever where others are gone."""
    modules = {name: ModuleType(name) for name in ("jax", "jax._src", "jax._src.distributed", "jax.experimental")}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    if is_private:
        state = SimpleNamespace(client=SimpleNamespace(wait_at_barrier=barrier))
        vars(modules["jax._src.distributed"])["global_state"] = state
    public = fail if is_private else barrier
    vars(modules["jax.experimental"])["multihost_utils"] = SimpleNamespace(sync_global_devices=public)
    monkeypatch.setattr(processes, "_joined", [SimpleNamespace(process_count=lambda: 2)])
    monkeypatch.setattr(processes, "END", -0.9)
    begin = time.monotonic()
    assert processes.all_end() is is_met
    assert time.monotonic() - begin < 2
