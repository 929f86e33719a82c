"""Ctrl-C and its like: at once while nothing is worth keeping, at the next good moment once a run is under way."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

#: What asks a run to stop: Ctrl-C, a batch system, a terminal that is closed; on Windows Ctrl-Break.
SIGNALS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


class Stop(BaseException):
    """Leave at once; `signal` says why."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class StopRequests:
    """Context in which a first of :data:`SIGNALS` only sets :attr:`requested`, once :attr:`patient` is True.

    Before that, and for every further signal, :class:`Stop` is raised where the program is; :attr:`requested` is set
    all the same, since Python drops what is raised while an object is finalised. A signal that is ignored, as in a job
    that a script put into the background or that ``nohup`` began, stays ignored. Outside the main thread, where Python
    delivers no signals, it does nothing.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self.patient = patient
        self.requested: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> StopRequests:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _receive(self, number: int, frame: FrameType | None) -> None:
        at_once = not self.patient or self.requested is not None
        self.requested = number
        if at_once:
            raise Stop(number)
