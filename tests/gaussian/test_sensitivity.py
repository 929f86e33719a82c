"""Derivatives of the steady state against differences of it."""

from __future__ import annotations

import numpy as np
import pytest
from support.parameters import NUMBERS

from wignercq.errors import InputError
from wignercq.gaussian import LinearModel, sensitivity
from wignercq.model.model import Model

BASE = {"a": 1.7, "b": 0.4, "c": 0.9, "g": -0.35, **NUMBERS, "decoherence": 0.9}


def build(values: dict[str, float]) -> Model:
    return Model(
        "a*q**2/2 + b*q",
        "c*x**2/2 - 0.3*x",
        "g*q*x + (q + x)**2/8",
        parameters={name: values[name] for name in "abcg"},
        **{name: value for name, value in values.items() if name not in "abcg"},
    )


def difference(name: str, *, saturated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Fourth-order central difference of the steady mean and covariance."""
    h = 1e-3 * abs(BASE[name])

    def steady(shift: float) -> tuple[np.ndarray, np.ndarray]:
        values = {**BASE, name: BASE[name] + shift}
        if saturated:
            values["decoherence"] = BASE["decoherence"] * BASE["diffusion"] / values["diffusion"]
        process = LinearModel.from_model(build(values))
        return process.fixed_point, process.steady_covariance()

    ends = [steady(k * h) for k in (-2, -1, 1, 2)]
    weights = np.array([1, -8, 8, -1]) / (12 * h)
    return (
        sum(w * e[0] for w, e in zip(weights, ends, strict=True)),
        sum(w * e[1] for w, e in zip(weights, ends, strict=True)),
    )


@pytest.mark.parametrize("name", list(BASE))
def test_every_parameter(name: str) -> None:
    """Kills a lost or wrong derivative of A, B or f: against fourth-order differences, to 1e-8 of the largest entry."""
    found, (mean, covariance) = sensitivity(build(BASE), name), difference(name, saturated=False)
    scale = max(np.abs(covariance).max(), 1e-3)
    assert np.abs(found.covariance - covariance).max() < 1e-8 * scale
    assert np.abs(found.mean - mean).max() < 1e-9 * max(np.abs(mean).max(), 1)


def test_diffusion_with_decoherence_following_it() -> None:
    """Kills a saturated derivative that forgets D0: D0 kept at a fixed 4 D0 D2 while D2 varies."""
    found = sensitivity(build(BASE), "diffusion", saturated=True)
    _, covariance = difference("diffusion", saturated=True)
    assert np.abs(found.covariance - covariance).max() < 1e-8 * np.abs(covariance).max()
    held = sensitivity(build(BASE), "diffusion").covariance
    assert np.abs(found.covariance - held).max() > 1e-3


def test_unknown_parameter_is_named() -> None:
    """Kills a zero derivative for a misspelt name."""
    with pytest.raises(InputError, match=r"^parameter: expected one of a, b, c, g, classical_mass"):
        sensitivity(build(BASE), "lam")
