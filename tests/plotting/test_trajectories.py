"""The figure of trajectories: what its panels show."""

from __future__ import annotations

import numpy as np

from wignercq import Model
from wignercq.plotting import plot_trajectories
from wignercq.states import gaussian
from wignercq.unravelling import trajectories


def test_single_trajectories_the_record_and_the_density() -> None:
    """Kills: <x> for q, a band of another variable, trajectories that are exchanged, a density that is none."""
    model = Model.oscillators(lam=0.7, friction=0.3, diffusion=0.5)
    state = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.5, 0.55], hbar=1.0)
    data = trajectories(model, state, 0.4, count=256, outputs=4, frames=1, kept=3, seed=1, dt=0.1).dataset
    of_q, of_x, record, density = plot_trajectories(data).axes
    for ax, i in ((of_q, 0), (of_x, 2)):
        mean, *paths = (line.get_ydata() for line in ax.get_lines())
        np.testing.assert_array_equal(mean, data["mean"][:, i])
        np.testing.assert_array_equal(np.stack(paths, axis=1), data["trajectory"][:, i])
    paths = record.get_lines()[1::2]
    for number, line in enumerate(paths):
        np.testing.assert_array_equal(line.get_xydata(), data["trajectory"].values[:, [0, 2], number])
    assert len(paths) == 3
    heights, edges, _ = density.patches[0].get_data()
    np.testing.assert_allclose((heights * np.diff(edges)).sum(), 1.0, rtol=1e-12)
    assert len(plot_trajectories(data.isel(frame=slice(0)), size=3.4).axes) == 3
