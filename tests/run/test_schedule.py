"""When checkpoints are written."""

from __future__ import annotations

import pytest

from wignercq.errors import InputError
from wignercq.run import schedule
from wignercq.run.schedule import Schedule


def test_soon_and_then_by_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: ten minutes without a checkpoint, a disk that is written to all the time."""
    now = [500.0]
    monkeypatch.setattr(schedule.clock, "perf_counter", lambda: now[0])

    def written(plan: Schedule, cost: float, hours: float) -> list[float]:
        times, begun = [], now[0]
        while now[0] - begun < 3600 * hours:
            now[0] += 1.0
            if plan.is_due:
                times.append(now[0] - begun)
                plan.begin()
                now[0] += cost
                plan.end()
        return times

    cheap, dear = written(Schedule(), 0.25, 1), written(Schedule(), 30.0, 10)
    assert cheap[0] == dear[0] == 61.0
    assert cheap[2] - cheap[1] == pytest.approx(61.25)
    assert dear[2] - dear[1] == pytest.approx(30 / 0.02 + 30, abs=2)
    assert 30.0 * len(dear) < 0.021 * 36000
    assert written(Schedule(600.0), 30.0, 1) == [601.0, 601.0 + 631.0, 601.0 + 2 * 631.0, 601.0 + 3 * 631.0, 3125.0]
    told = "checkpoint_every: expected a positive number, of s, or text such as '5 min' in s, min, h, got 0"
    with pytest.raises(InputError, match=told):
        Schedule(0)
