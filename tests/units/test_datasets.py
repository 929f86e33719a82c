"""Runs in SI units and in natural ones are the same runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wignercq import FixedAxis, Model, evolve
from wignercq.states import gaussian
from wignercq.units import Units, in_si

MASS, FREQUENCY = 3.4e-27, 2 * math.pi * 1.7e6
UNITS = Units(MASS, FREQUENCY)
POINTS = dict(zip("qpxy", (18, 20, 22, 24), strict=True))


def test_a_run_in_si_is_the_one_in_natural_units() -> None:
    """Kills: a search for grid or step that knows a scale of its own, a variable converted as another quantity."""
    natural = Model("0.45*q**2", "x**2/2 + 0.05*x**4", "-0.3*q*x", classical_mass=1.7, friction=0.4, diffusion=0.9)
    si = UNITS.si_model(natural)
    mean, variances = np.array([0.5, -0.3, 0.2, 0.4]), np.array([0.8, 0.9, 0.5, 0.55])
    z = np.array([UNITS.size(kind) for kind in ("length", "momentum", "length", "momentum")])
    options = {"tolerance": 1e-3, "keep_state": True, "outputs": 2, "on_unresolved": "warn"}
    grids = [
        {name: FixedAxis((-5.0 * size, 5.5 * size), n) for (name, n), size in zip(POINTS.items(), z * by, strict=True)}
        for by in (1 / z, 1)
    ]
    here = evolve(natural, gaussian(mean, variances, hbar=1.0), 0.5, grid=grids[0], **options)
    start = gaussian(mean * z, variances * z**2, hbar=UNITS.size("action"))
    there = evolve(si, start, UNITS.si(0.5, "time"), grid=grids[1], **options)
    converted = in_si(here.dataset, UNITS)
    assert here.dataset.attrs["grid"] == there.dataset.attrs["grid"] == "18 x 20 x 22 x 24"
    for name, variable in there.dataset.variables.items():
        if variable.dtype.kind == "f" and "residual" not in str(name):
            scale = np.nan_to_num(np.abs(variable.values)).max()
            assert converted[name].values == pytest.approx(variable.values, abs=1e-9 * scale, nan_ok=True), name
    assert converted.x.attrs["units"] == "m"
    assert converted["W"].attrs["units"] == "1/(J s) 1/(J s)"
    assert float(converted["energy"][0]) == pytest.approx(float(here["energy"][0]) * 1.054571817e-34 * FREQUENCY)
