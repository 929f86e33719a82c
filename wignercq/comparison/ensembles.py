"""The theories that are averages over trajectories: computed first, put beside the others at outputs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wignercq.comparison.breakdown_times import ENERGIES
from wignercq.comparison.theories import SAMPLED
from wignercq.errors import InputError, Interrupted, StateError
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.grid.interpolation import interpolation
from wignercq.results.variables import FRAME_PLANES
from wignercq.run.progress import Progress
from wignercq.unravelling import Ensemble, trajectories
from wignercq.unravelling.format import momentum_axis
from wignercq.unravelling.result import keep
from wignercq.unravelling.trajectories import BLOCK, FINEST

if TYPE_CHECKING:
    from wignercq.comparison.session import ComparisonRequest

#: Variables of a comparison with a standard error, ``name_error``, where there are trajectories.
WITH_ERRORS = ("mean", "covariance", *ENERGIES, "occupation", "purity", "distance_density_matrix")


def computed(request: ComparisonRequest, theory: str, place: Path | None, *, resume: bool, shown: Progress) -> Ensemble:
    """The trajectories of a theory, all outputs of which have planes.

    What there is of them is kept at `place`, and gone on from there if `resume` is set and they are the same.

    Raises
    ------
    InputError
        There are no trajectories of the model or of the state.
    Interrupted
        A signal came.
    """
    shown.tell(f"trajectories of the theory {theory}")
    state = request.state
    if isinstance(state, np.ndarray):
        raise StateError("state", "a State, of which trajectories are drawn", "W as an array")

    def of(start: Ensemble | None) -> Ensemble:
        with ThreadPoolExecutor(request.numerics.threads) as pool:
            return trajectories(
                request.model,
                state,
                times=request.times,
                count=request.trajectories,
                seed=request.seed,
                tolerance=FINEST,
                frames="all",
                kept=0,
                start=start,
                dynamics=SAMPLED[theory],
                executor=pool,
                checkpoint=place,
                progress=shown,
            )

    start = _begun(place, request.trajectories) if resume and place is not None else None
    try:
        try:
            found = of(start)
        except InputError as error:
            if start is None or error.argument != "start":
                raise
            found = of(None)
    except Interrupted as stop:
        if stop.solution is not None and place is not None:
            keep(stop.solution, place)
        raise
    finally:
        shown.finish()
    if place is not None:
        keep(found, place)
    return found


def _begun(place: Path, count: int) -> Ensemble | None:
    """Trajectories to go on from; None where there are none that can be read, or more than a number in blocks."""
    try:
        start = Ensemble.load(place)
    except InputError:
        return None
    return start if start.count < count + BLOCK else None


def own_axes(ensemble: Ensemble) -> dict[str, Axis]:
    """The axes of the planes of trajectories; q and p are bins."""
    plan = ensemble.plan
    hbar = float(ensemble.dataset.attrs["hbar"])
    return {"q": plan.q, "p": plan.p, "x": plan.axis, "y": momentum_axis(plan.axis, hbar)}


def numbers(ensemble: Ensemble, output: int) -> dict[str, Any]:
    """What trajectories tell of an output, under the names of a run."""
    its = ensemble.dataset.isel(time=output)
    return {name: its[name].values[()] for name in WITH_ERRORS if name in its}


def planes_on(grid: Grid, ensemble: Ensemble, output: int) -> dict[str, np.ndarray]:
    """The marginal planes of an output on a grid: bins of q and p shared out, x and y interpolated."""
    own = own_axes(ensemble)
    onto = {
        name: _shared(own[name], axis) if name in "qp" else interpolation(own[name], axis.values, nyquist=axis.nyquist)
        for name, axis in zip(NAMES, grid, strict=True)
    }
    its = ensemble.dataset.isel(frame=output)
    return {name: onto[a] @ its[name].values @ onto[b].T for name, (a, b) in FRAME_PLANES.items()}


def _shared(bins: Axis, cells: Axis) -> np.ndarray:
    """The matrix from densities in bins to those in cells around points, each bin being shared out by its overlaps."""
    low = np.maximum.outer(cells.values - cells.spacing / 2, bins.values - bins.spacing / 2)
    high = np.minimum.outer(cells.values + cells.spacing / 2, bins.values + bins.spacing / 2)
    return np.maximum(high - low, 0.0) / cells.spacing


def standard_errors(ensemble: Ensemble) -> dict[str, np.ndarray]:
    """Of every variable that trajectories tell of, at all outputs; of the distance from rho that of :func:`noise`."""
    data, count = ensemble.dataset, ensemble.count
    errors = {name: data[f"{name}_error"].values for name in WITH_ERRORS if f"{name}_error" in data}
    rho = ensemble.gathered.rho * (ensemble.plan.axis.spacing / count)
    return errors | {"distance_density_matrix": noise(rho, count)}


def noise(rho: np.ndarray, count: int) -> np.ndarray:
    """How far the mean of N pure states is from rho, that of all, in the trace norm, at most on average.

    With populations P_k of rho

        E Tr|rho_N - rho| <= Tr sqrt(E (rho_N - rho)**2) = Tr sqrt((rho - rho**2)/N) = sum_k sqrt(P_k (1 - P_k)/N)

    since the root is concave and every pure state its own square. From matrices (..., n, n) in an orthonormal basis.
    """
    populations = np.clip(np.linalg.eigvalsh(rho), 0.0, 1.0)
    return np.asarray(np.sqrt(populations * (1 - populations) / count).sum(axis=-1))
