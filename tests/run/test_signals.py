"""Ctrl-C and SIGTERM: waited with, obeyed at once, ignored or left alone, as the moment asks; in this very process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

import pytest
from support import systems

from wignercq import evolve
from wignercq.errors import Interrupted
from wignercq.run.signals import SIGNALS, Stop, StopRequests
from wignercq.run.track import Track


def press(number: int = signal.SIGINT) -> None:
    """Send a signal to this process; Python runs its handler at the next opportunity, which is before this returns."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_waits_and_the_second_does_not(number: int) -> None:
    """Kills: Ctrl-C that breaks a step, Ctrl-C that cannot break anything."""
    with StopRequests(patient=True) as requests:
        press(number)
        assert requests.requested == number
        with pytest.raises(Stop) as stop:
            press(signal.SIGTERM)
        assert stop.value.signal == signal.SIGTERM
    with StopRequests(), pytest.raises(Stop) as stop:
        press(number)
    assert stop.value.signal == number


def test_a_signal_while_an_object_is_finalised_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: Ctrl-C without effect, because Python drops what a finaliser or a weak reference's callback raises."""

    class Last:
        def __del__(self) -> None:
            press()

    dropped = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    with StopRequests() as requests:
        Last()
    assert [report.exc_type for report in dropped] == [Stop]
    assert requests.requested == signal.SIGINT


def test_handlers_of_others_come_back_and_ignored_signals_stay_ignored() -> None:
    """Kills: a notebook whose Ctrl-C is dead after a run; a job in the background that a closed terminal interrupts."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with StopRequests(patient=True) as requests:
            press(signal.SIGTERM)
            assert requests.requested is None
            press()
            assert requests.requested == signal.SIGINT
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_and_other_signals_are_left_alone() -> None:
    """Kills: ValueError from signal.signal in a thread; signals caught that ask for something else."""
    handlers: list[Any] = []

    def work() -> None:
        with StopRequests(patient=True):
            handlers.extend(signal.getsignal(number) for number in (*SIGNALS, signal.SIGUSR1))

    before = [signal.getsignal(number) for number in (*SIGNALS, signal.SIGUSR1)]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == before
    with StopRequests():
        assert signal.getsignal(signal.SIGUSR1) == before[-1]
    assert [*SIGNALS] == [2, 15, 1]  # as POSIX numbers Ctrl-C, SIGTERM and SIGHUP


def test_what_a_second_ctrl_c_leaves_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a record cut in the middle of an output, a result with W half way through a step."""
    look, looks = Track._look, iter(range(4))

    def interrupted(self: Track, W: Any, time: float) -> Any:
        if next(looks) == 3:
            press(signal.SIGINT)
            press(signal.SIGTERM)
        return look(self, W, time)

    monkeypatch.setattr(Track, "_look", interrupted)
    with pytest.raises(Interrupted) as stop:
        evolve(
            systems.quartic(), systems.packet(), grid=systems.SMALL, times=[0.1, 0.2, 0.3, 0.4], dt=0.1, tolerance=0.9
        )
    assert stop.value.signal == signal.SIGTERM
    solution = stop.value.solution
    assert solution is not None
    assert solution.time.tolist() == [0.0, 0.1, 0.2]
    assert {variable.sizes["time"] for variable in solution.dataset.data_vars.values() if "time" in variable.dims} == {
        3
    }
