"""The master equation as an average over trajectories: a second solver, which shares only the model with the grid's."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.unravelling.result import Ensemble as Ensemble
    from wignercq.unravelling.trajectories import trajectories as trajectories

export(__name__, {"unravelling.result": "Ensemble", "unravelling.trajectories": "trajectories"})
