"""Results on disk: whole or not at all, readable by anyone, refused when they are something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support import results

from wignercq import Solution
from wignercq.errors import InputError


@pytest.fixture
def solution() -> Solution:
    return Solution(results.result(outputs=6, frames=2))


def with_state(solution: Solution) -> Solution:
    grid = results.grid()
    W = np.random.default_rng(5).normal(size=grid.shape)
    return Solution(solution.dataset.assign(W=(("q", "p", "x", "y"), W)))


@pytest.mark.parametrize("keep", [False, True])
def test_round_trip(solution: Solution, tmp_path: Path, keep: bool) -> None:
    """Kills: values rounded to single precision, attributes or coordinates lost on the way to disk."""
    if keep:
        solution = with_state(solution)
    solution.save(tmp_path / "run.nc")
    loaded = Solution.load(tmp_path / "run.nc")
    xr.testing.assert_identical(loaded.dataset, solution.dataset)
    assert loaded.dataset["mean"].dtype == np.float64
    assert ("W" in loaded.dataset) == keep


def test_single_precision_is_read_as_it_is(solution: Solution, tmp_path: Path) -> None:
    """Kills: a warning of NumPy, an error here, when a W of single precision is compared with the largest number."""
    W = with_state(solution).dataset["W"].astype(np.float32)
    Solution(solution.dataset.assign(W=W)).save(tmp_path / "run.nc")
    loaded = Solution.load(tmp_path / "run.nc").dataset["W"]
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, W)


def test_opens_with_xarray_alone(solution: Solution, tmp_path: Path) -> None:
    """Kills: a file that needs this package to be read."""
    solution.save(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as dataset:
        last = float(dataset["mean"].sel(z="x")[-1])
        assert last == solution.mean[-1, 2]
        assert dataset["density_qx"].dims == ("frame", "q", "x")


def test_the_file_can_be_replaced_while_a_loaded_result_is_in_use(solution: Solution, tmp_path: Path) -> None:
    """Kills: a result that keeps its file open, so that later values come from another run."""
    solution.save(tmp_path / "run.nc")
    loaded = Solution.load(tmp_path / "run.nc")
    Solution(results.result(outputs=3)).save(tmp_path / "run.nc")
    assert loaded.time.size == 7
    assert np.array_equal(loaded.mean, solution.mean)


def test_shorthands_are_the_variables(solution: Solution) -> None:
    """Kills: a property that returns a neighbour."""
    dataset = solution.dataset
    assert np.array_equal(solution.time, dataset["time"])
    assert np.array_equal(solution.mean, dataset["mean"])
    assert np.array_equal(solution.covariance, dataset["covariance"])
    assert solution.time_error == 3.7e-7
    assert np.array_equal(with_state(solution).W, with_state(solution).dataset["W"])


def test_the_grid_is_that_of_the_planes_where_no_W_was_kept(solution: Solution) -> None:
    """Kills: a complaint about W of a result whose points are in the file; the end of an axis lost."""
    assert "W" not in solution
    for axis, own in zip(solution.grid, results.grid(), strict=True):
        assert (axis.points, axis.lower) == (own.points, own.lower)
        assert axis.upper == pytest.approx(own.upper, abs=1e-12)
    changed = Solution(solution.dataset.assign_attrs(grid="26 x 30 x 34 x 20"))
    with pytest.raises(InputError, match=r"^grid: .* did not change, .*, got '26 x 30 x 34 x 20' points at the end"):
        _ = changed.grid
    with pytest.raises(InputError, match=r"^grid: expected a result with the points of its grid, got one without"):
        _ = Solution(solution.dataset.drop_vars("y")).grid


def test_a_state_that_was_not_kept_is_explained(solution: Solution) -> None:
    """Kills: a KeyError of another library where one sentence would do."""
    with pytest.raises(InputError, match="W: expected a run with keep_state=True"):
        _ = solution.W


def test_a_failed_write_leaves_the_old_file_and_no_other(
    solution: Solution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: a half-written file under the final name, or debris beside it."""
    target = tmp_path / "run.nc"
    solution.save(target)
    before = target.read_bytes()

    def fail(self: xr.Dataset, path: Path, **_: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    with pytest.raises(OSError, match="no space left"):
        solution.save(target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]


@pytest.mark.parametrize("content", [b"", b"not a file of numbers", b"\x89HDF\r\n\x1a\n broken"])
def test_files_that_are_no_netcdf_are_refused(tmp_path: Path, content: bytes) -> None:
    """Kills: a traceback of the reading library."""
    path = tmp_path / "other.nc"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.nc: expected a NetCDF-4 result file, got something else"):
        Solution.load(path)


def test_other_netcdf_files_are_refused(tmp_path: Path) -> None:
    """Kills: any dataset taken for a result, which then fails far from here."""
    path = tmp_path / "weather.nc"
    xr.Dataset({"rain": ("day", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(InputError, match=r"weather\.nc: expected a result of wignercq, got another NetCDF file"):
        Solution.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Kills: a missing file reported as a broken one."""
    with pytest.raises(InputError, match=r"run\.nc: expected a result file, got nothing at this path"):
        Solution.load(tmp_path / "run.nc")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """Kills: IsADirectoryError or PermissionError that escapes."""
    with pytest.raises(InputError, match="expected a NetCDF-4 result file, got something else"):
        Solution.load(tmp_path)
