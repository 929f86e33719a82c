"""Reports: one page that needs nothing but itself and says what the dataset holds."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from PIL import Image
from support import results

from wignercq.comparison import OBSERVABLES
from wignercq.model.formulas import FUNCTIONS
from wignercq.model.typeset import latex
from wignercq.plotting import formula_svg
from wignercq.report import comparison_report, sweep_report, write_report
from wignercq.report.page import number, parameter, symbol

BROWSER = shutil.which("chromium")
PIXEL = b"\x89PNG"
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser would find: tags that match, tables as rows of texts, sources of images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.sources.append(str(dict(attrs)["src"]))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def test_a_report_of_a_comparison_states_its_numbers() -> None:
    """Kills: times or errors under another theory, tags that do not match, settings of another run."""
    result = results.breakdown()
    page = Page(comparison_report(result, results.config(), {"theories": PIXEL, "errors": PIXEL}))
    assert page.open == []
    assert page.tags.count("h1") == 1
    times = next(table for table in page.tables if table[0][1:] and table[1][0] == "⟨q⟩")
    errors = [table for table in page.tables if table[1][0] == "⟨q⟩"][1]
    assert times[0][1:] == errors[0][1:] == ["Fokker-Planck", "order ħ²", "Gaussian closure", "linearised"]
    assert [row[0] for row in times[1:]] == [Page(symbol(name)).text for name in OBSERVABLES]
    assert len({row[0] for row in times[1:]}) == len(OBSERVABLES)
    row, column = OBSERVABLES.index("cov_px") + 1, 4
    expected = result.dataset.sel(theory="linearised", observable="cov_px")
    assert times[row][column] == f"{float(expected['breakdown_time']):.3g}"
    assert errors[row][column] == f"{float(expected['error'][-1]):.1e}"
    assert [row[2] for row in times[1:]] == ["-"] * len(OBSERVABLES)
    assert [row[2] for row in errors[1:]] == ["0"] * len(OBSERVABLES)
    cells = {row[0]: row[1] for table in page.tables for row in table if len(row) == 2}
    assert cells["axis y"] == "-5.1 to 5.2, 22 points"
    assert cells["time step"] == "0.0375 (Strang)"
    assert cells["time error"] == "3.7e-07 of the maximum of W, estimated"
    assert (cells["kC"], cells["quantum mass m"], cells["4 D₀ D₂"]) == ("1.3", "0.8", "1")
    assert "edge mass of axis p is large" in cells.values()
    first, when = result.broken("closure")[0]
    assert 0 < when < result.time[1]  # so it is extrapolated
    assert f"Gaussian closure: first off in {Page(symbol(first)).text}, at t = ~{when:.3g}." in page.text
    assert results.CONFIG in page.text


def test_trajectories_are_told_with_their_errors() -> None:
    """Kills: a column without standard errors, noise in bold, a W of trajectories that nobody knows."""
    result = results.with_trajectories()
    page = Page(comparison_report(result, results.config(), {"theories": PIXEL, "errors": PIXEL}))
    assert page.open == []
    errors = [table for table in page.tables if table[1][0] == "⟨q⟩"][1]
    assert errors[0][-2:] == ["trajectories", "mean-field"]
    rows = {name: row[-2:] for name, row in zip(OBSERVABLES, errors[1:], strict=True)}
    assert rows["cov_xx"] == ["2.4e-02 ± 1e-02", "6.2e-01 ± 1e-02"]
    assert rows["W"] == ["-", "-"]
    cells = {row[0]: row[1] for table in page.tables for row in table if len(row) == 2}
    told = "1024, seed 4; numerical error trajectories 2.0e-03, mean-field 2.0e-03"
    assert cells["trajectories"] == told
    assert "a difference of less than 5 of them is no breakdown" in page.text
    assert (
        "noise          1024 trajectories; errors of means and covariances up to 0.05 may be chance" in result.summary()
    )
    plain = Page(comparison_report(results.breakdown(), results.config(), {"theories": PIXEL, "errors": PIXEL}))
    assert "mean-field" not in plain.text


def test_a_page_serves_phones_paper_and_who_does_not_see_it() -> None:
    """Kills: a page as wide as a desk on a phone, a configuration folded away in print, tables without heads,
    alternative texts that repeat the caption."""
    result = results.breakdown()
    text = comparison_report(result, results.config(), {"theories": PIXEL, "errors": PIXEL})
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "@media print" in text
    assert "@media screen and (prefers-color-scheme: dark)" in text
    assert "<details" not in text
    assert text.count('scope="col"') == 3 + 3 * 4 - 1
    assert text.count('scope="row"') == text.count("<tr>") - text.count("<thead>")
    worst = float(result.dataset["error"].sel(theory="linearised").max())
    texts = re.findall(r'<img alt="([^"]*)"', text)[-2:]
    assert f"linearised from 0.012 to {worst:.2g}" in texts[1] or f"to {worst:.2g}" in texts[1]
    assert "Largest differences at the end: Fokker-Planck by" in texts[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.05457182e-34, "1.05457 \N{MULTIPLICATION SIGN} 10⁻³⁴"),
        (0.25, "0.25"),
        (-2e7, "-2 \N{MULTIPLICATION SIGN} 10⁷"),
        (0, "0"),
    ],
)
def test_numbers_of_any_scale(value: float, text: str) -> None:
    """Kills: 1e-34 in a page, digits lost, a factor of one left out."""
    assert number(value) == text


def test_names_are_formulas() -> None:
    """Kills: names of variables of the program in a page; markup in a name that becomes markup of the page."""
    found = [Page(parameter(name)).text for name in ("k_C", "lam", "omega_1", "depth", "classical_mass", "g")]
    assert found == ["kC", "λ", "ω1", "depth", "classical mass", "g"]
    assert parameter("x_<b>") == "<i>x</i><sub>&lt;b&gt;</sub>"


def test_no_breakdown_is_said() -> None:
    """Kills: a report that leaves the reader of a quadratic model to find out from dashes."""
    page = Page(
        comparison_report(results.breakdown(broken=False), results.config(), {"theories": PIXEL, "errors": PIXEL})
    )
    assert "No breakdown up to t = 0.6." in page.text


def test_a_report_of_a_sweep_states_every_point() -> None:
    """Kills: points under the values of others, failures left out, a fixed D0 where the temperature varies."""
    result = results.sweep()
    settings = results.config(results.CONFIG + "[sweep]\ng = [0.1, 0.3]\ntemperature = [0.5, 1.0, 2.0]\n")
    page = Page(sweep_report(result, settings, {"map": PIXEL}))
    assert page.open == []
    times = next(table for table in page.tables if table[0][:2] == ["g", "temperature"])
    assert [row[:2] for row in times[1:]] == [[g, T] for g in ("0.1", "0.3") for T in ("0.5", "1", "2")]
    point = result.dataset["breakdown_time"].sel(g=0.3, temperature=1.0, theory="closure", observable="cov_xx")
    assert times[5][4] == ("-" if np.isnan(point) else f"{float(point):.3g}")
    cells = {row[0]: row[1] for table in page.tables for row in table if len(row) == 2}
    assert (cells["g"], cells["diffusion D₂"], cells["decoherence D₀"]) == ("varied", "varied", "1/(4 D₂)")
    assert "failed: killed <by> the test" in [row[-1] for row in page.tables[-1]]
    assert "failed at g = 0.1, temperature = 1: killed <by> the test." in page.text


@pytest.mark.slow
def test_a_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    """Kills: images by reference, scripts, markup from a configuration that becomes markup of the page."""
    hostile = results.config("# </pre><script>alert(1)</script><img src=x onerror=y>\n" + results.CONFIG)
    path = write_report(results.breakdown(), hostile, tmp_path)
    page = Page(path.read_text(encoding="utf-8"))
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "scope", "alt", "src"}
    assert "<script>alert(1)</script>" in page.text
    kinds = [source.partition(",") for source in page.sources]
    images = [base64.b64decode(data) for kind, _, data in kinds if kind == "data:image/png;base64"]
    formulas = [base64.b64decode(data) for kind, _, data in kinds if kind == "data:image/svg+xml;base64"]
    assert len(images) + len(formulas) == len(page.sources) == 2 + 6
    for data, name in zip(images, ("theories.png", "errors.png"), strict=True):
        assert data == (tmp_path / name).read_bytes()
        assert Image.open(io.BytesIO(data)).size[0] == 1120
    assert all(ET.fromstring(formula).tag.endswith("svg") for formula in formulas)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["errors.png", "report.html", "theories.png"]


@pytest.mark.parametrize(
    ("formula", "typeset"),
    [
        ("x**2/2", r"\dfrac{x^{2}}{2}"),
        ("lam*(x - 1)**2/4", r"\dfrac{\lambda \left(x - 1\right)^{2}}{4}"),
        ("depth*exp(-x/3)", r"\mathrm{depth} e^{- \frac{x}{3}}"),
        ("11*x/200", "0.055 x"),
        ("k_C*omega_1", r"k_{C} \omega_{1}"),
    ],
)
def test_formulas_as_a_physicist_writes_them(formula: str, typeset: str) -> None:
    """Kills: lambda as a product of letters, fractions too small to read, 0.055 as a fraction."""
    assert latex(sp.sympify(formula)) == typeset


@pytest.mark.slow
def test_every_accepted_function_and_name_can_be_typeset() -> None:
    """Kills: a model that runs and whose report then fails."""
    x = sp.Symbol("x")
    formulas = [function(x) ** 2 * sp.sqrt(x + sp.pi) for function in FUNCTIONS.values()]
    formulas += [
        sp.Symbol(name) * x for name in ("a_", "_a", "a__b", "a_b_c", "Delta2x", "lambda_", "x1dot_bold", "ell")
    ]
    assert len({formula_svg(latex(formula)) for formula in formulas}) == len(formulas)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    """Kills: a page that parses but stays blank, or images that a browser cannot decode: it would draw no colours."""
    path = write_report(results.breakdown(), results.config(), tmp_path)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-quic"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,4000"]
    picture = tmp_path / "page.png"
    command = [str(BROWSER), *options, f"--screenshot={picture}", path.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    pixels = np.asarray(Image.open(picture).convert("RGB"), int)
    dark = (pixels.sum(axis=2) < 300).any(axis=1)
    assert dark[:150].any()
    assert dark.mean() > 0.3
    red_and_blue = [(pixels[..., a] - pixels[..., b] > 80).sum() for a, b in ((0, 2), (2, 0))]
    assert min(red_and_blue) > 3000
