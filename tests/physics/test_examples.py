"""What ``docs/examples.md`` says of the worked examples is what they give, and what other methods say of them."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.stats import norm
from support.reference.schroedinger import QuantumParticle, gaussian_packet, wigner

from wignercq.comparison import Breakdown
from wignercq.config import Config
from wignercq.config.execute import execute_comparison
from wignercq.model.model import Model, X

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
SECTIONS = {re.findall(r"wignercq compare examples/(\w+)\.toml", part)[0]: part for part in PAGE.split("\n## ")[1:]}
COLUMNS = {
    "exact": "exact",
    "Fokker-Planck": "fokker_planck",
    "order hbar^2": "first_order",
    "closure": "closure",
    "linearised": "linearised",
}


@dataclass(frozen=True)
class Number:
    """A number in a table of the page, in words and to the precision it is written with."""

    head: str
    row: str
    theory: str
    text: str

    def is_true_of(self, result: Breakdown) -> bool:
        """Whether the result rounds to what is written, give or take one in the last digit."""
        value = self._value(result)
        if self.text == "never":
            return bool(np.isnan(value))
        digits = len(self.text.partition(".")[2])
        return bool(abs(value - float(self.text)) <= 1.01 * 10.0**-digits)

    def _value(self, result: Breakdown) -> float:
        data = result.dataset.sel(theory=self.theory)
        if self.head == "breakdown time of":
            return float(data["breakdown_time"].sel(observable=self.row))
        time = float(self.head.removeprefix("at t = "))
        if self.row.startswith("P(x > "):
            plane = data["wigner_xy"].sel(frame=time, method="nearest", tolerance=1e-9)
            beyond = plane.where(plane["x"] > float(self.row[6:-1]), 0.0).sum()
            return float(beyond) * float(np.prod([plane[name][1] - plane[name][0] for name in "xy"]))
        at = data.sel(time=time, method="nearest", tolerance=1e-9)
        name, _, variable = self.row.partition("_")
        return float(at["mean"].sel(z=variable) if name == "mean" else at[self.row])


def section(name: str) -> str:
    """The text on an example, on one line."""
    return " ".join(SECTIONS[name].split())


def model_of(name: str) -> Model:
    return Config.load(ROOT / "examples" / f"{name}.toml").model


def alone(model: Model) -> QuantumParticle:
    """The quantum particle without the classical one, by another method."""
    return QuantumParticle(sp.lambdify(X, model.V_Q, "numpy"), model.quantum_mass, model.hbar, -7.0, 15.0, 300)


def numbers(text: str) -> list[Number]:
    """Everything in the tables of a section but what is said to be absent."""
    found, head = [], []
    for line in text.splitlines():
        cells = [cell.strip(" `") for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells or set(cells[0]) <= set("-:"):
            head = head if cells else []
        elif not head:
            head = cells
        else:
            pairs = zip(head[1:], cells[1:], strict=True)
            found += [Number(head[0], cells[0], COLUMNS[name], text) for name, text in pairs if text != "same"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_the_tables_of_an_example_are_what_it_gives(name: str) -> None:
    """Kills: numbers in the text that the program no longer gives, and an example whose grid warns."""
    config = Config.load(ROOT / "examples" / f"{name}.toml")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = execute_comparison(config)
    stated = numbers(SECTIONS[name])
    assert len(stated) >= 15
    assert [number for number in stated if not number.is_true_of(result)] == []


def test_every_example_with_a_comparison_has_its_section() -> None:
    """Kills: a worked example that the page forgets, or one that it promises and that is not there."""
    written = {path.stem for path in (ROOT / "examples").glob("*.toml") if "[compare]" in path.read_text()}
    assert written == {*SECTIONS, "quartic_sweep"}


def test_the_counterpart_of_the_duffing_oscillator_departs_at_the_rate_of_its_text() -> None:
    """Kills: a rate that the parameters no longer have; <|x|> by quadrature, the third derivative in closed form."""
    model, state = model_of("quartic"), Config.load(ROOT / "examples" / "quartic.toml").state
    x, width = state.mean[2], np.sqrt(np.diag(state.covariance))[2:]
    modulus = norm.expect(np.abs, loc=x, scale=width[0])
    third = 2 * (1 + 4 * np.exp(-1.5)) / np.sqrt(2 * np.pi) / width[1] ** 3
    rate = model.hbar**2 * model.parameters["g"] / 4 * modulus * third
    said = f"`(hbar^2 g/4) <|x|> integral |d_y^3 W|` = {rate:.2f}: one per cent at t = {0.01 / rate:.3f}."
    assert said in section("quartic")


@pytest.mark.slow
def test_the_double_well_alone_tunnels_as_its_text_says() -> None:
    """Kills: numbers for the particle alone that belong to other parameters."""
    model = model_of("double_well")
    b, frequency = model.parameters["b"], np.sqrt(8 * model.parameters["c"] * model.parameters["b"] ** 2)
    particle, psi = alone(model), gaussian_packet(-b, 0.0, 1 / (2 * frequency), 1.0)
    times, found = (3.6, 8.2, 12.0), []
    x, y = np.linspace(-4.4, 4.4, 61), np.linspace(-8, 8, 81)
    for time in times:
        W = wigner(particle.evolve(psi, time), x, y, hbar=1.0, reach=9.0, nodes=361)
        found.append((np.abs(W).sum() * (x[1] - x[0]) * (y[1] - y[0]) - 1) / 2)
    right = np.linspace(0.0, 7.0, 1401)
    share = float((np.abs(particle.evolve(psi, 12.0)(right)) ** 2).sum()) * right[1]
    rate = model.D0 * model.parameters["lam"] ** 2 * (2 * b) ** 2 / 2
    left = [coupled / w for coupled, w in zip((0.176, 0.099, 0.014), found, strict=True)]
    for said in (
        f"Only 0.69 of it has arrived on the right, of the particle alone {share:.2f}.",
        "negativities of {:.2f}, {:.2f} and {:.2f} at t = 3.6, 8.2 and 12".format(*found),
        f"`D0 lam^2 dx^2/2` = {rate:.2f} for dx = {2 * b:.0f}",
        "what is left of them, {:.2f}, {:.2f} and {:.2f}".format(*left),
        "as exp(-0.11 t) = {:.2f}, {:.2f} and {:.2f}".format(*np.exp(-rate * np.array(times))),
    ):
        assert said in section("double_well")


def test_the_levels_of_the_morse_potential_are_counted() -> None:
    """Kills: a comment with the bound states or the frequency of another depth."""
    model, comment = model_of("morse"), (ROOT / "examples" / "morse.toml").read_text()
    depth, a = model.parameters["D"], model.parameters["a"]
    levels = QuantumParticle(sp.lambdify(X, model.V_Q, "numpy"), 1.0, 1.0, -5.0, 60.0, 500).spectrum[0]
    bound = int((levels < depth).sum())
    assert f"with {bound} bound states" in section("morse")
    assert f"{bound} bound states: sqrt(2 m D)/(a hbar) = {np.sqrt(2 * depth) / a:.1f}" in comment
    assert f"a sqrt(2 D/m) = {a * np.sqrt(2 * depth):.1f}" in comment


def test_a_linear_coupling_would_damp_the_cat_as_the_text_says() -> None:
    """Kills: a rate for comparison that has nothing to do with the example."""
    model, side = model_of("radiation_pressure"), 1.8
    lam = 2 * model.parameters["a"] * side
    rate = model.D0 * lam**2 * (2 * side) ** 2 / 2
    said = f"lam = {lam:.2f}, would damp the fringes at the rate `D0 lam^2 dx^2/2` = {rate:.2f}"
    assert said in section("radiation_pressure")
    assert np.exp(6.3 * rate) == pytest.approx(27, abs=0.5)  # "to a twenty-seventh within the period"


def test_what_lies_above_the_barrier_of_the_cubic_well() -> None:
    """Kills: a barrier, a classical share or levels that are not those of the potential."""
    model = model_of("cubic_well")
    particle = alone(model)
    c, e = model.parameters["c"], model.parameters["e"]
    root = np.sqrt(c**2 - 4 * e)
    barrier, far = (c - root) / (2 * e), (c + root) / (2 * e)
    top = float(particle.potential(barrier))
    x, y = np.meshgrid(*[np.linspace(-6, 6, 1201)] * 2, indexing="ij")
    density = np.exp(-(x**2) - y**2)
    lost = (y**2 / 2 + particle.potential(x) > top) | (x > barrier)
    energies, states = particle.spectrum
    weights = (states.T @ gaussian_packet(0.0, 0.0, 0.5, 1.0)(particle.nodes)).real ** 2
    weights /= weights.sum()
    second, first = np.argsort(weights)[-2:]
    for said in (
        f"a barrier of {top:.2f} at x = {barrier:.2f}",
        f"turns the potential up again at x = {far:.1f}",
        f"{float((density * lost).sum() / density.sum()):.3f} of it lies above the barrier or beyond",
        f"{weights[first]:.2f} of its weight in the one level {energies[first]:.2f} of the well",
        f"{weights[energies > top].sum():.3f} above the barrier",
        f"the second level at {energies[second]:.2f}, which holds {weights[second]:.3f}",
    ):
        assert said in section("cubic_well")


@pytest.mark.slow
def test_diffusion_over_the_barrier_takes_over_from_tunnelling() -> None:
    """Kills: a claim on stronger coupling that nobody computed."""
    text = (ROOT / "examples" / "cubic_well.toml").read_text()
    for old, new in (
        ("lam = 0.15", "lam = 0.4"),
        ("duration = 6.0\noutputs = 30", "duration = 4.0\noutputs = 8"),
        ("[-4.2, 4.8]", "[-4.4, 5.4]"),
        ("[-4.9, 5.3]", "[-5.2, 6.0]"),
        ("tolerance = 1e-4", "tolerance = 1e-3"),
        ("[compare]", "[compare]\nthreshold = 0.1"),
    ):
        assert old in text
        text = text.replace(old, new)
    result = execute_comparison(Config.from_text(text))
    stated = {"exact": "0.060", "fokker_planck": "0.077"}
    for theory, written in stated.items():
        assert Number("at t = 4", "P(x > 3.33)", theory, written).is_true_of(result)
    said = "there are {exact} behind it at t = 4 in the exact solution and {fokker_planck} in the counterpart"
    assert said.format(**stated) in section("cubic_well")


@pytest.mark.slow
def test_the_points_of_the_sweep_that_the_text_names() -> None:
    """Kills: times in the text on the map that the sweep no longer gives."""
    config = Config.load(ROOT / "examples" / "quartic_sweep.toml")
    assert config.sweep is not None
    g, hbars = (axis.values for axis in config.sweep.axes)
    assert (len(g), len(hbars)) == (2, 20)
    results = {
        h: execute_comparison(config.at({"g": 0.1, "hbar": h}), frames=0) for h in (hbars[2], hbars[5], hbars[-1])
    }
    first, middle, last = ({t: result.times(t)["W"] for t in result.theories} for result in results.values())
    text = " ".join((ROOT / "docs" / "breakdown.md").read_text(encoding="utf-8").split())
    said = (
        f"breaks down at t = {last['fokker_planck']:.2f} for hbar = {hbars[-1]:g} and g = 0.1, at "
        f"{middle['fokker_planck']:.2f} for hbar = {hbars[5]:.2f}, and for hbar below 0.45 not within the run"
    )
    assert said in text
    assert first["fokker_planck"] is None
    closure = [times["closure"] for times in (first, middle, last)]
    assert f"The closure's time, {min(closure):.2f} to {max(closure):.2f}, does not depend on hbar" in text
