"""The result of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from wignercq.comparison.breakdown_times import first_output, least_error, told
from wignercq.comparison.reading import OVER_TRAJECTORIES, faults
from wignercq.errors import one_of
from wignercq.results.reading import Fault
from wignercq.results.result import Plots, Result

SHOWN = 4  # observables of a theory in the summary


@dataclass(frozen=True, eq=False, repr=False)
class Breakdown(Result):
    """How far, how soon and in which observable each theory departs from the exact hybrid dynamics.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/breakdown.md``.
    """

    plot = Plots("BreakdownPlots")

    @property
    def theories(self) -> tuple[str, ...]:
        """Names of the theories compared with the exact one."""
        return tuple(str(name) for name in self.dataset["theory"].values[1:])

    @property
    def threshold(self) -> float:
        """Error that counts as a breakdown."""
        return float(self.dataset.attrs["threshold"])

    @property
    def first_output(self) -> float:
        """The first output after the start: breakdown times before it are extrapolated."""
        return first_output(self.dataset)

    def note(self, theory: str) -> str:
        """What is to be said of a theory: the same equation as another, or why it has no result; empty if nothing."""
        return str(self.dataset["note"].sel(theory=self._known(theory)).item())

    def _known(self, theory: str) -> str:
        """The name of a theory; InputError where there is no such one."""
        one_of("theory", theory, [str(name) for name in self.dataset["theory"].values])
        return theory

    def times(self, theory: str) -> dict[str, float | None]:
        """First time at which each observable of a theory is off by more than the threshold; None for never."""
        row = self.dataset["breakdown_time"].sel(theory=self._known(theory))
        return {
            str(name): None if np.isnan(t) else float(t)
            for name, t in zip(row["observable"].values, row.values, strict=True)
        }

    def broken(self, theory: str) -> list[tuple[str, float]]:
        """Observables that break down, with their times, the earliest first."""
        return sorted(((n, t) for n, t in self.times(theory).items() if t is not None), key=lambda item: item[1])

    @property
    def is_broken(self) -> bool:
        """Whether any theory breaks down in any observable."""
        return any(self.broken(theory) for theory in self.theories)

    def summary(self) -> str:
        """A few lines: what broke down when, for each theory."""
        certain = ~self.dataset["theory"].isin(OVER_TRAJECTORIES).values
        worst = float(np.nanmax(self.dataset["numerical_error"].values[:, certain]))
        lines = [
            f"t = 0 to {self.time[-1]:g}, threshold {self.threshold:g}, numerical error below {worst:.1g}",
            *(f"{theory:14} {self._verdict(theory)}" for theory in self.theories),
        ]
        if any(0 < t < self.first_output for theory in self.theories for _, t in self.broken(theory)):
            lines.append(f"{'~':14} extrapolated, before the first output at {self.first_output:g}")
        if "trajectories" in self.dataset.attrs:
            lines.append(f"{'noise':14} {self._noise()}")
        return "\n".join(lines if self.is_broken else [*lines, "no breakdown"])

    def _noise(self) -> str:
        """How many trajectories there are, and what they do not tell."""
        sampled = self.dataset["theory"].isin(OVER_TRAJECTORIES)
        moments = self.dataset["observable"].str.contains("mean_|cov_")
        most = float(np.nanmax(least_error(self.dataset).values[:, sampled.values][..., moments.values]))
        count = self.dataset.attrs["trajectories"]
        return f"{count} trajectories; errors of means and covariances up to {most:.1g} may be chance; no W is known"

    def _verdict(self, theory: str) -> str:
        broken = self.broken(theory)
        if not broken:
            return self.note(theory) or "no breakdown"
        shown = ", ".join(f"{name} at {told(t, self.first_output)}" for name, t in broken[:SHOWN])
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        return f"{shown}{more}" + (f" ({self.note(theory)})" if self.note(theory) else "")

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be a comparison."""
        return faults(dataset)
