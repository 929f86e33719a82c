"""One family: every kind of result says what it is in a line, in a notebook, and by the names of its variables."""

from __future__ import annotations

import html

import pytest
import xarray as xr
from support import results
from xarray.plot.utils import label_from_attrs

from wignercq.errors import InputError
from wignercq.results.result import Result
from wignercq.results.solution import Solution
from wignercq.results.summary import final_table
from wignercq.results.variables import described

FAMILY: dict[str, Result] = {
    "Solution(t = 0 to 12, 25 outputs, grid 26 x 30 x 34 x 38)": Solution(results.result()),
    "SteadyState(distance 6.9e-06, gap 0.316, grid 13 x 15 x 17 x 19)": results.steady(),
    "Breakdown(t = 0 to 0.6, 6 outputs, grid 16 x 18 x 20 x 22)": results.breakdown(),
    "SweepResult(2 values of g from 0.1 to 0.3 x 3 values of temperature from 0.5 to 2, 1 failed)": results.sweep(),
    "SteadySweep(2 values of g from 0.1 to 0.3 x 3 values of lam from 0.4 to 0.7, 1 failed)": results.steady_sweep(),
    "TwoTime(A = q, B = x, y, tau = 0 to 8, grid some grid)": results.two_times("q", "xy", 8.0),
}


@pytest.mark.parametrize("text", FAMILY)
def test_a_result_is_a_line_a_page_and_a_mapping(text: str) -> None:
    """Kills: a repr that prints the dataset, HTML without the summary or with its < as markup, a name that is found
    in the dataset but not in the result."""
    result = FAMILY[text]
    assert repr(result) == text
    page = result._repr_html_()
    assert page.startswith(f"<pre>{html.escape(result.summary())}</pre>")
    assert page.endswith(result.dataset._repr_html_()[-30:])
    name = str(next(iter(result.dataset.data_vars)))
    xr.testing.assert_identical(result[name], result.dataset[name])
    assert name in result
    assert "puritty" not in result
    assert [*result] == [*result.dataset.data_vars]
    with pytest.raises(InputError, match=r"variable: expected one of .*, got 'puritty'"):
        result["puritty"]


def test_axes_of_a_plot_are_labelled() -> None:
    """Kills: y labels that are sentences or formulas in code, a coordinate without units, a purity in model units."""
    data = described(results.result())
    assert data["purity"].attrs == {
        "long_name": "purity",
        "description": "Tr rho**2 of the reduced quantum state",
    }
    assert (data["time"].attrs["long_name"], data["time"].attrs["units"]) == ("time", "model units")
    for name, values in data.variables.items():
        assert 0 < len(values.attrs["long_name"]) <= 30, name
        assert values.attrs.get("units", "model units") == "model units"
    assert label_from_attrs(data["purity"]) == "purity"  # and not "purity []"
    swept = results.sweep().dataset
    assert all(values.attrs["long_name"] for values in swept.variables.values())
    spectrum = results.two_times("qx", "qx").spectrum([0.5, 1.0])
    assert spectrum["frequency"].attrs == {"long_name": "angular frequency", "units": "model units"}
    assert spectrum["spectrum"].attrs["units"] == "model units"
    told = described(xr.Dataset({"mine": ((), 1.0, {"long_name": "of mine", "units": "m"})}))["mine"]
    assert told.attrs == {"long_name": "of mine", "units": "m"}


@pytest.mark.parametrize("scale", [1.0, 1e-11])
def test_a_table_keeps_its_digits_at_any_scale(scale: float) -> None:
    """Kills: a table of zeros for a model in SI; a covariance that is zero up to rounding printed as a number."""
    data = results.result()
    mean, covariance = data["mean"] * scale, data["covariance"] * scale**2
    covariance[-1, 0, 1] = covariance[-1, 1, 0] = 1e-17 * scale**2
    lines = final_table(data.assign(mean=mean, covariance=covariance)).splitlines()
    written = dict(line.split() for line in lines[1:])
    assert float(written["<q>"]) == pytest.approx(float(mean[-1, 0]), rel=1e-3)
    assert float(written["cov(x,x)"]) == pytest.approx(float(covariance[-1, 2, 2]), rel=1e-3)
    assert float(written["cov(q,p)"]) == 0
