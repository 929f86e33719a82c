"""How the cores are shared by the processes of a sweep."""

from __future__ import annotations

import pytest

from wignercq.sweep.carrier import shares


def test_processes_of_a_sweep_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a sweep of few points that leaves cores idle, one with more threads than cores."""
    monkeypatch.setattr("wignercq.sweep.carrier.cores", lambda: 16)
    assert shares(100, None, None) == (16, 1)
    assert shares(3, None, None) == (3, 5)
    assert shares(100, 4, None) == (4, 4)
    assert shares(100, None, 4) == (4, 4)
    assert shares(100, 3, 2) == (3, 2)
    assert shares(100, None, 32) == (1, 32)
    assert shares(0, None, None) == (1, 16)
