"""Warnings: at the caller's line, once a run."""

from __future__ import annotations

import warnings

from wignercq import Axis, Grid, Model, evolve
from wignercq.errors import ResolutionWarning
from wignercq.states import gaussian


def test_warnings_point_at_the_line_that_called() -> None:
    """Kills: a line of this package, which tells a user nothing."""
    grid = Grid(*(Axis(-4, 4, points) for points in (16, 16, 18, 20)))
    state = gaussian((0, 0, 0.2, 0), (0.5, 0.5, 0.5, 0.5), hbar=1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        evolve(Model.oscillators(), state, 0.1, grid=grid, dt=0.02, on_unresolved="warn", outputs=4)
    assert len(caught) > 2
    assert {warning.filename for warning in caught} == {__file__}
    assert len({str(warning.message).split(" at t")[0] for warning in caught}) == len(caught)


def test_a_run_of_an_unphysical_model_says_when_purity_passes_1() -> None:
    """Kills: an opt-out of complete positivity whose consequences show in no place but the numbers; a line per output.

    Without noise and decoherence a classical particle that is sharper than any quantum one hands its sharpness over.
    """
    model = Model(
        *("q**2/2", "x**2/2", "0.8*(q - x)**2/2"), diffusion=1e-3, decoherence=0.0, allow_unphysical=True, hbar=1.0
    )
    grid = Grid(*(Axis(-4.5, 4.5, points) for points in (30, 32, 28, 34)))
    state = gaussian((0, 0, 0, 0), (0.12, 0.12, 0.5, 0.5), hbar=1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = evolve(model, state, 2.0, grid=grid, dt=0.25, outputs=4, tolerance=1e-2, on_unresolved="warn")
    purity = run.dataset["purity"].values
    first = next(i for i, value in enumerate(purity) if value > 1.01)
    told = [str(w.message) for w in caught if w.category is ResolutionWarning and "purity" in str(w.message)]
    assert len(told) == 1
    assert told[0].startswith(f"purity at t = {run.time[first]:.6g}: expected at most 1, got {purity[first]:.6g}; ")
    assert (purity > 1.01).sum() > 1
