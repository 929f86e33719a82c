"""The result of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from wignercq.errors import InputError, StateError, brief, listed
from wignercq.grid.grid import NAMES, RELATIVE_TO, Axis, Grid
from wignercq.results.reading import Fault, faults_of_a_run
from wignercq.results.result import Plots, Result
from wignercq.results.summary import MomentTheory, accuracy_lines, final_table, observable_lines
from wignercq.results.variables import CENTRE, LABELS, asked_for, kept_axis, kept_state

if TYPE_CHECKING:  # results are read without SymPy
    from wignercq.model.model import Model
    from wignercq.results.quantum_state import DensityMatrix

SAME_TIME = 1e-9  # times that differ by so little, relative to the end of a run, are one


@dataclass(frozen=True, eq=False, repr=False)
class Solution(Result):
    """What a run computed.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/result-file.md``.
    """

    plot = Plots("SolutionPlots")

    @property
    def mean(self) -> np.ndarray:
        """<z> for z = (q, p, x, y) at every output, shape (n, 4)."""
        return self.dataset["mean"].values

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of (q, p, x, y) at every output, shape (n, 4, 4)."""
        return self.dataset["covariance"].values

    @property
    def centre(self) -> np.ndarray:
        """The centre of the frame, to which coordinates of the dataset are relative, at every output, shape (n, 4)."""
        return self.dataset[CENTRE].values if CENTRE in self.dataset else np.zeros((self.time.size, len(NAMES)))

    @property
    def W(self) -> xr.DataArray:
        """W[q, p, x, y] at the last output, on axes of the laboratory.

        InputError unless the run was asked to keep it.
        """
        if "W" not in self.dataset:
            kept = f"only W at t = {_listed(self.state_times)}" if self.state_times.size else "only its observables"
            raise InputError("W", "a run with keep_state=True", f"one that kept {kept}")
        return self._in_laboratory(self.dataset["W"], -1)

    def _in_laboratory(self, array: xr.DataArray, output: int) -> xr.DataArray:
        """An array over q, p, x or y at an output, with coordinates of the laboratory."""
        if CENTRE not in self.dataset:
            return array
        centre = self.centre[output]
        axes = {name: array[name] + far for name, far in zip(NAMES, centre, strict=True) if name in array.dims}
        for name, axis in axes.items():
            own = {key: value for key, value in array[name].attrs.items() if key != RELATIVE_TO}
            axis.attrs = {**own, "long_name": LABELS[name][0]}
        return array.assign_coords(axes)

    @property
    def state_times(self) -> np.ndarray:
        """Times at which W was kept, in order."""
        before = self.dataset["state_time"].values if "state_time" in self.dataset.coords else np.zeros(0)
        return np.append(before, self.time[-1:] if "W" in self.dataset else [])

    def state(self, t: float | None = None) -> xr.DataArray:
        """W[q, p, x, y] at a time at which it was kept, by default the last one.

        Parameters
        ----------
        t : float, optional
            One of :attr:`state_times`.

        Returns
        -------
        xarray.DataArray
            On the grid of that moment, in the laboratory, which is in its coordinates; the coordinate ``time`` is the
            moment, the attribute ``centre`` that of a frame that moves.

        Raises
        ------
        InputError
            W was not kept at that time.
        """
        times = self.state_times
        wanted = float(times[-1] if t is None and times.size else math.nan if t is None else t)
        near = np.flatnonzero(np.abs(times - wanted) <= SAME_TIME * max(abs(float(self.time[-1])), abs(wanted)))
        if not near.size:
            came = "no time, and a run that kept no W" if t is None else f"{wanted:g}"
            raise InputError("t", f"a time at which W was kept, {_listed(times)}", came)
        k = int(near[0])
        if k < times.size - 1 or "W" not in self.dataset:
            own = self.dataset[kept_state(k)].rename({kept_axis(name, k): name for name in NAMES})
        else:
            own = self.W
        own = own.rename("W").assign_coords(time=float(times[k]))
        if CENTRE not in self.dataset:
            return own
        own.attrs = {**own.attrs, CENTRE: self.centre[int(np.abs(self.time - times[k]).argmin())].tolist()}
        return own

    def conditional_state(self, q: float, p: float, t: float | None = None) -> xr.DataArray:
        """The Wigner function of the quantum state given the classical point (q, p), ``W(q, p, x, y)/P(q, p)``.

        Parameters
        ----------
        q, p : float
            Within the grid; between its points W is interpolated trigonometrically.
        t : float, optional
            One of :attr:`state_times`, by default the last.

        Returns
        -------
        xarray.DataArray
            Of x and y, integral 1, units of 1/action. Its attribute ``density`` is P(q, p), the probability density
            of the point, the integral of W over x and y.

        Raises
        ------
        InputError
            A point outside the grid or with less than 1e-6 of the largest density; W was not kept.
        """
        from wignercq.observables.conditional import conditional_state

        W = self.state(t)
        found = conditional_state(W.values, _grid_of(W), q, p)
        at = {"q": float(q), "p": float(p), "time": W["time"]}
        text = "Wigner function of the quantum state given (q, p)"
        attributes = {"long_name": text, "density": found.density}
        return xr.DataArray(found.wigner, {"x": W["x"], "y": W["y"], **at}, ("x", "y"), attrs=attributes)

    def physics(self, model: Model | None = None, t: float | None = None) -> dict[str, float]:
        """Temperatures, heat flows, entropies and information of a W that was kept, by name.

        Parameters
        ----------
        model : Model, optional
            By default that of the run, :attr:`model`.
        t : float, optional
            One of :attr:`state_times`, by default the last.

        Returns
        -------
        dict of str to float
            See :func:`wignercq.observables.physics.physics_of`, :data:`wignercq.observables.physics.MEANINGS`; the
            distance from the hybrid Gibbs state is NaN where the model has none.

        Raises
        ------
        InputError
            W was not kept, or the result does not know its model.
        """
        from wignercq.observables.physics import physics_of
        from wignercq.states import gibbs

        model = self.model if model is None else model
        W = self.state(t)
        grid, write, time = _grid_of(W), None, float(W["time"])
        with suppress(StateError):  # a model without a Gibbs state
            write = gibbs(model.at(time)).slab(grid)
        return physics_of([*W.values], model, grid, gibbs=write, time=time)

    @property
    def grid(self) -> Grid:
        """The grid on which the run ended, in its frame, also where no W was kept.

        InputError where planes and no W were kept of a grid that changed: they lie on one that holds all of them.
        """
        if "W" in self.dataset:
            return _grid_of(self.dataset["W"])  # its own coordinates, not those of the laboratory
        if not all(name in self.dataset.coords for name in NAMES):
            raise InputError("grid", "a result with the points of its grid", "one without")
        # the planes' grid holds and resolves what any grid of the run does: with as many points it is the last one
        last, planes = str(self.dataset.attrs.get("grid")), " x ".join(str(self.dataset[name].size) for name in NAMES)
        if last != planes:
            expected = "a run whose grid did not change, or one with keep_state=True"
            raise InputError("grid", expected, f"{brief(last)} points at the end, and planes on {planes}")
        return Grid(*(Axis.through(self.dataset[name].values) for name in NAMES))

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the variables that the run was asked to record beside those of every run."""
        return tuple(asked_for(self.dataset))

    @property
    def time_error(self) -> float:
        """Estimated time error of W relative to its maximum, the largest over the run."""
        return float(self.dataset.attrs["time_error_estimate"])

    def quantum_state(self, time: float | None = None) -> DensityMatrix:
        """The reduced quantum state at one of the outputs whose planes are kept, by default the last.

        Parameters
        ----------
        time : float, optional
            One of ``dataset["frame"]``.

        Returns
        -------
        DensityMatrix
            With its positions; ``to_qutip(frequency=...)`` makes an object of QuTiP.

        Raises
        ------
        InputError
            No planes are kept at this time, or the result does not know its hbar.
        """
        from wignercq.results.quantum_state import LEFT_OUT, quantum_state  # here, since results are read without SymPy

        frames, attributes = self.dataset["frame"].values, self.dataset.attrs
        if not frames.size or "hbar" not in attributes:
            raise InputError("time", "a result with planes and its hbar", "one without")
        index = -1 if time is None else int(np.abs(frames - time).argmin())
        if time is not None and not abs(frames[index] - time) <= SAME_TIME * abs(frames[-1]):
            kept = listed([f"{frame:g}" for frame in frames], limit=12)
            raise InputError("time", f"one of the frames, {kept}", f"{time:g}")
        level = attributes.get("tolerance")
        level = float(level) if isinstance(level, (float, np.floating)) else 0.0
        output = int(np.abs(self.time - frames[index]).argmin())
        return quantum_state(
            self._in_laboratory(self.dataset["wigner_xy"][index], output),
            hbar=float(attributes["hbar"]),
            mass=float(attributes["quantum_mass"]),
            time=float(frames[index]),
            tolerance=max(LEFT_OUT, level**2),
        )

    def summary(self, theory: MomentTheory | None = None) -> str:
        """The last means and covariances, beside those of a Gaussian theory if given, and how far to trust them."""
        table = "\n".join([final_table(self.dataset, theory), *observable_lines(self.dataset)])
        return f"{table}\n\n{accuracy_lines(self.dataset)}"

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be the result of a run."""
        return faults_of_a_run(dataset)


def _grid_of(W: xr.DataArray) -> Grid:
    return Grid(*(Axis.through(W[name].values) for name in NAMES))


def _listed(times: np.ndarray) -> str:
    return listed([f"{time:.6g}" for time in times], 6) or "never"
