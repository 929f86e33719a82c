"""Attacks tried one by one in a process of their own, which has a trap for whoever runs code and little memory."""

from __future__ import annotations

import builtins
import io
import os
import resource
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from support.corpus import CANARY
from support.processes import CONTEXT
from wignercq import Model
from wignercq.config import Config
from wignercq.errors import InputError

SECONDS = 2.0  # of processor time, for one case
MEMORY = 128 * 2**20  # bytes more than before the first case, for all of them
CAGE = 2**30  # bytes; a case that wants more finds no memory
PATIENCE = 60.0  # seconds of any clock, after which a case counts as one that never ends
LONGEST = 600  # characters of an error


class Refused(Exception):
    """A command refused a case; the message is the line it printed."""


@dataclass(frozen=True)
class Answer:
    """What became of a case.

    Parameters
    ----------
    case : str
    error : str
        The message it was refused with, lines; empty when it was accepted.
    seconds : float
        Of processor time.
    defeat : str
        What should never happen: another exception, something printed, code that was run; empty as a rule.
    """

    case: str
    error: str
    seconds: float
    defeat: str


def answers(act: Callable[[str], object], cases: Sequence[str], folder: Path) -> list[Answer]:
    """Try `act` on every case in one process that works in `folder`; fail when it dies, hangs or takes memory.

    `act` is a function at the top of a module. It refuses a case by an InputError or by Refused.
    """
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_answer, args=(act, cases, folder, sender))
    process.start()
    sender.close()
    found: list[Answer] = []
    try:
        for case in cases:
            assert receiver.poll(PATIENCE), f"never ends: {case[:200]!a}"
            found.append(receiver.recv())
        growth = receiver.recv()
    except EOFError:
        raise AssertionError(f"killed its process: {cases[len(found)][:200]!a}") from None
    finally:
        process.kill()
        process.join()
        receiver.close()
    assert growth < MEMORY, f"{growth / 2**20:.0f} MiB"
    return found


def _answer(act: Callable[[str], object], cases: Sequence[str], folder: Path, sender: Connection) -> None:
    os.chdir(folder)
    before, cage = _largest_memory(), psutil.Process().memory_info().vms + CAGE
    resource.setrlimit(resource.RLIMIT_AS, (cage, cage))
    calls: list[str] = []
    setattr(builtins, CANARY, lambda *arguments, **named: calls.append("the canary was called"))
    for case in cases:
        start, error, defeat, printed = time.process_time(), "", "", io.StringIO()
        try:
            with redirect_stdout(printed), redirect_stderr(printed):
                act(case)
        except (InputError, Refused) as refused:
            error = str(refused)
        except BaseException as other:
            defeat = " ".join(traceback.format_exception(other))
        defeat = defeat or printed.getvalue()
        if calls or Path(CANARY).exists():
            defeat = "code was run"
            calls.clear()
        sender.send(Answer(case, error, time.process_time() - start, defeat))
    sender.send(_largest_memory() - before)


def _largest_memory() -> int:
    """Bytes this process has held at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def require_harmless(found: Sequence[Answer]) -> None:
    """Fail unless every case ended soon, in acceptance or in lines for people to read, one for each mistake."""
    defeats = [(answer.case[:100], answer.defeat) for answer in found if answer.defeat]
    assert defeats == [], defeats[:5]
    slow = [(answer.case[:100], answer.seconds) for answer in found if answer.seconds > SECONDS]
    assert slow == [], slow[:5]
    ugly = [(answer.case[:100], answer.error) for answer in found if not all(map(_is_a_line, answer.error.split("\n")))]
    assert ugly == [], ugly[:5]


def _is_a_line(error: str) -> bool:
    return error == "" or (error.isprintable() and error.count(": expected ") >= 1 and len(error) <= LONGEST)


def refused(found: Sequence[Answer]) -> list[str]:
    """The cases that were refused."""
    return [answer.case for answer in found if answer.error]


def accepted(found: Sequence[Answer]) -> list[str]:
    """The others."""
    return [answer.case for answer in found if not answer.error]


def modelled(formula: str) -> None:
    """A case that is a formula: as V_Q, and in V_I."""
    Model("q**2/2", formula)
    Model("q**2/2", "x**2/2", f"0.1*q*({formula})", diffusion=0.5)


def configured(text: str) -> None:
    """A case that is a configuration."""
    Config.from_text(text)
