"""Messages that name the cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import qutip
from support import results
from support.systems import SMALL

import wignercq as wc
from wignercq import Solution
from wignercq.cli import commands as cli
from wignercq.errors import InputError

MODEL = wc.Model.oscillators()
STATE = wc.states.gaussian((0, 0, 0.2, 0), (0.5, 0.5, 0.5, 0.5), hbar=1.0)
KET = qutip.basis(3, 1)
OF_QUTIP = r", got a Qobj of QuTiP; states\.from_number_basis\(ket, mass=.*makes a state of it$"


def begun_at_three() -> Any:
    data = wc.states.gibbs(MODEL).wigner(SMALL)
    coordinates = {name: axis.values for name, axis in zip("qpxy", SMALL, strict=True)}
    return wc.run.evolve.xr.DataArray(data, {**coordinates, "time": 3.0}, tuple("qpxy"))


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "a ket as a state": (lambda: wc.evolve(MODEL, KET, 1.0), "^state: .*" + OF_QUTIP),
    "a ket as a factor": (lambda: wc.classical(variances=(1, 1)) * KET, "^quantum: .*" + OF_QUTIP),
    "a ket as an observable": (
        lambda: wc.evolve(MODEL, STATE, 1.0, grid=SMALL, observables={"n": KET}),
        r"^observables\.n: .*" + OF_QUTIP,
    ),
    "a file as a state": (
        lambda: wc.evolve(MODEL, "run.nc", 1.0),
        r"^state: .*, got 'run\.nc'; wignercq\.load reads the result in a file$",
    ),
    "too few levels": (
        lambda: (
            Solution(results.result().assign_attrs(hbar=1.0, quantum_mass=1.0))
            .quantum_state()
            .number_basis(frequency=1.0, levels=2)
        ),
        r"^levels: .*; name more levels, another frequency or position, or a larger tolerance$",
    ),
    "times before the beginning": (
        lambda: wc.evolve(MODEL, begun_at_three(), times=[1, 2]),
        r"^times: expected increasing times >= 3, where the run begins, got \[1, 2\]$",
    ),
    "a unit of memory": (
        lambda: wc.evolve(MODEL, STATE, 1.0, memory_limit="4 Gigabyte"),
        r"^memory_limit: .* such as '4 GiB' in B, MiB, GiB, TiB, got '4 Gigabyte'$",
    ),
    "a unit as a kind": (
        lambda: wc.Units(1e-25, 1e6).natural(0.3, "Kelvin"),
        r"^kind: .*, got 'Kelvin'; did you mean 'temperature'\?$",
    ),
    "a plane by its letters": (
        lambda: Solution(results.result()).plot.plane("xy"),
        r"^plane: .*, got 'xy'; did you mean 'wigner_xy'\?$",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cure_is_named(case: str) -> None:
    """Kills: a line that says what is wrong and leaves the reader to look for what helps."""
    act, told = CASES[case]
    with pytest.raises(InputError, match=told):
        act()


def test_a_result_is_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: "not UTF-8" for a result given to `wignercq run`; a folder that is missing told by an internal name."""
    monkeypatch.chdir(tmp_path)
    result = Solution(results.result())
    result.save("result.nc")
    assert cli.main(["run", "result.nc"]) == 2
    told = capsys.readouterr().err
    assert told == (
        "wignercq: result.nc: expected a configuration in TOML, got a result, which wignercq info and plot show\n"
    )
    with pytest.raises(InputError) as caught:
        result.save("nodir/x.nc")
    assert str(caught.value) == "nodir/x.nc: expected a file in an existing folder, got nodir, which is none"
