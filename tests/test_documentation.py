"""What README, docs and examples promise: code blocks run, commands work, numbers in comments are right."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from wignercq.cli import commands as cli
from wignercq.config import Config
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.model.thermal import thermal_terms
from wignercq.results.solution import Solution
from wignercq.run.evolve import evolve

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
QUICK = ("quartic", "double_well", "morse", "driven_duffing", "thermal")  # the rest with the slow tests
RUNS = [path for path in EXAMPLES if "[compare]" not in path.read_text()]  # others: tests/physics/test_examples.py


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def quick(path: Path) -> str:
    """An example on a small grid for a short time."""
    text = re.sub(r"^\[grid\].*?(?=^\[)", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for key, value in (("duration", "0.4"), ("outputs", "4"), ("tolerance", "1e-3")):
        text, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        assert count == 1, (path, key)
    return text + "\n[grid]\n" + "\n".join(f"{axis} = {{ points = 32 }}" for axis in "qpxy")


def run_python(page: Path) -> None:
    """Run the Python blocks of a page in order, in one namespace."""
    namespace: dict[str, object] = {}
    for number, block in enumerate(blocks(page, "python"), start=1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), namespace)


NEEDS = {
    "gradients.md": (pytest.mark.slow, pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")),
    **dict.fromkeys(("steady.md", "observables.md", "correlations.md", "result-file.md"), pytest.mark.slow),
}


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, id=p.name, marks=NEEDS.get(p.name, ())) for p in PAGES[1:] if blocks(p, "python")],
)
def test_python_blocks_of_the_pages_run_without_warnings(page, tmp_path, monkeypatch, capsys):
    """Kills: documentation that shows names, arguments or files that do not exist."""
    monkeypatch.chdir(tmp_path)
    run_python(page)


def test_python_blocks_of_the_readme_run_and_tell_the_truth(tmp_path, monkeypatch, capsys):
    """Kills: a README example that fails, warns, or no longer shows decoherence and a negative Wigner function."""
    monkeypatch.chdir(tmp_path)
    run_python(PAGES[0])
    dataset = Solution.load("cat.nc").dataset
    purity = dataset["purity"].values
    assert purity[0] == pytest.approx(1.0, abs=1e-6)
    assert purity[-1] < 0.999
    assert (np.diff(purity) < 0).all()
    assert float(dataset["wigner_xy"].isel(frame=-1).min()) < -0.01
    assert Path("planes.pdf").stat().st_size > 20_000


def test_the_commands_of_the_readme_work(tmp_path, monkeypatch, capsys):
    """Kills: a command, option or file name in the README that the program does not know."""
    lines = [line for block in blocks(PAGES[0], "sh") for line in block.splitlines() if line.startswith("wignercq ")]
    assert [shlex.split(line)[1] for line in lines] == ["run", "info", "plot", "theory"]
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "oscillators.toml").write_text(quick(ROOT / "examples" / "oscillators.toml"))
    monkeypatch.chdir(tmp_path)
    for line in lines:
        assert cli.main(shlex.split(line)[1:]) == 0, (line, capsys.readouterr().err)
    assert len(list((tmp_path / "figures").glob("*.png"))) == 3


def test_the_two_commands_are_the_ones_that_are_checked():
    """Kills: a README whose commands for a fresh machine are not those of .ci/run and of the examples."""
    one, two = (block.strip() for block in blocks(PAGES[0], "sh")[:2])
    assert f'"{two}"' in (ROOT / ".ci" / "run").read_text()
    assert one.startswith("python3 -m venv .venv && ")
    assert one.endswith(" && .venv/bin/wignercq run examples/oscillators.toml")


def test_links_of_the_pages_lead_somewhere():
    """Kills: a link to a file that was moved."""
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        missing = [target for target in targets if not (page.parent / target).exists()]
        assert missing == [], page


def test_every_promise_has_its_test():
    """Kills: a promise whose test was renamed or removed, and a fault test that holds no promise."""
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text))
    assert len(named) > 50
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)
    for row in re.findall(r"^\| .* \|$", text, flags=re.MULTILINE):
        assert "`tests/" in row or row in ("| promise | test |", "| property | test |"), row
    for path in [*(ROOT / "tests" / "faults").glob("test_*.py"), *(ROOT / "tests" / "hostile").glob("test_*.py")]:
        names = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        unnamed = {(str(path.relative_to(ROOT)), name) for name in names} - named
        assert unnamed == set()


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, id=p.stem, marks=() if p.stem in QUICK else pytest.mark.slow)
        for p in EXAMPLES
        if "[sweep]" not in p.read_text()
    ],
)
def test_examples_run_and_obey_ehrenfest(path):
    """Kills: an example that fails, or whose masses do not reach the solver: d<q>/dt = <p>/M, d<x>/dt = <y>/m."""
    config = Config.from_text(quick(path))
    run = config.run
    solution = evolve(config.model, config.state, grid=config.axes, times=run.times, tolerance=run.accuracy)
    time, mean = solution.time, solution.mean
    np.testing.assert_allclose(mean[0], config.state.mean, atol=1e-4)
    for position, momentum, mass in ((0, 1, config.model.classical_mass), (2, 3, config.model.quantum_mass)):
        velocity = mean[:, momentum] / mass
        if config.model.is_thermal and position == 2:  # there is friction of x
            terms = thermal_terms(config.model)
            velocity -= terms.friction_x * (mean[:, 2] - terms.slope * mean[:, 0] - terms.offset)
        fit = np.polynomial.Polynomial.fit(time, velocity, 4).integ()
        moved = mean[-1, position] - mean[0, position]
        assert moved == pytest.approx(fit(time[-1]) - fit(time[0]), abs=2e-4)


def test_double_well_comment_states_its_levels_and_rates():
    """Kills: numbers in the comment that no longer belong to the parameters below it."""
    path = ROOT / "examples" / "double_well.toml"
    model = Config.load(path).model
    assert model.hbar == model.quantum_mass == 1.0
    c, b, lam = (model.parameters[name] for name in ("c", "b", "lam"))
    x = np.linspace(-6, 6, 3001)
    step = x[1] - x[0]
    diagonal = c * (x**2 - b**2) ** 2 + 1 / step**2
    levels = eigh_tridiagonal(
        diagonal, np.full(3000, -0.5 / step**2), eigvals_only=True, select="i", select_range=(0, 1)
    )
    comment = " ".join(line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#"))
    assert f"{levels[0]:.3f} and {levels[1]:.3f}, below the barrier of {c * b**4:.2f}" in comment
    assert f"= {np.pi / (levels[1] - levels[0]):.0f}." in comment
    assert f"= {model.D0 / 2 * (2 * b * lam) ** 2:.2f} and" in comment


@pytest.mark.slow
@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_examples_as_they_are(path, tmp_path, monkeypatch, capsys):
    """Kills: an example whose grid warns, whose budget does not close, or that loses its norm."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", str(path)]) == 0
    assert [line for line in capsys.readouterr().err.splitlines() if not line.startswith("wignercq: next: ")] == []
    dataset = Solution.load(f"{path.stem}.nc").dataset
    assert float(np.abs(dataset["norm"] - 1).max()) < 1e-8
    residual = dataset["energy_budget_residual"]
    assert float(np.abs(residual).max()) < 1e-4 + residual.attrs["integration_error"]
    assert float(dataset["density_qp"].min()) > -1e-6
    assert dataset.attrs["time_error_estimate"] <= Config.load(path).run.accuracy


def test_quick_examples_use_partial_axes():
    """Kills: the quick examples silently using a full grid, so that partial axes are never exercised."""
    axes = Config.from_text(quick(EXAMPLES[0])).axes
    assert set(axes) == set("qpxy")
    assert all(axis == FixedAxis(points=32) for axis in axes.values())
