"""Quick to start: a library is loaded when something needs it, and names imported on demand are the ones promised."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from support import results

import wignercq
from wignercq import Solution, comparison, config, correlations, report, sweep
from wignercq.lazy import LazyPackage

LIBRARIES = "numpy scipy sympy xarray pandas pyfftw pydantic h5py matplotlib psutil tqdm threadpoolctl".split()
HELP = "from wignercq.cli.commands import main; main(['--help'])"
LAZY = (wignercq, comparison, config, correlations, report, sweep)


def loaded_by(code: str, folder: Path) -> set[str]:
    """The modules that a fresh process has loaded after some code."""
    code += "\nimport sys\nsys.stderr.write(' '.join(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(process.stderr.split())


@pytest.mark.parametrize("code", ["import wignercq", "from wignercq import errors", HELP])
def test_the_start_loads_no_library(tmp_path: Path, code: str) -> None:
    """Kills: an import at the top of a module that every start passes through."""
    assert loaded_by(code, tmp_path) & set(LIBRARIES) == set()


@pytest.mark.parametrize(
    "code",
    [
        "from wignercq import Solution; Solution.load('run.nc')",
        "import wignercq; wignercq.load('run.nc').summary()",
        "from wignercq.cli.commands import main; assert main(['info', 'run.nc']) == 0",
    ],
)
def test_reading_a_result_loads_no_solver(tmp_path: Path, code: str) -> None:
    """Kills: a result that needs the engines, the formulas or the configuration in order to be read."""
    Solution(results.result(outputs=3)).save(tmp_path / "run.nc")
    loaded = loaded_by(code, tmp_path)
    assert loaded & {"pyfftw", "sympy", "pydantic", "matplotlib", "wignercq.propagation", "wignercq.planning"} == set()
    assert "xarray" in loaded


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_what_type_checkers_see_is_what_is_exported(package: LazyPackage) -> None:
    """Kills: a name that has moved in one of the two lists, is missing in one, or leads nowhere."""
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (guarded,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname: n.module for n in guarded.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    assert seen == package.homes
    assert set(seen) <= set(dir(package))
    for name in seen:
        assert not isinstance(getattr(package, name), type(sys))
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nonsense'"):
        _ = package.nonsense


@pytest.mark.slow
@pytest.mark.parametrize("first", ["comparison.compare", "errors"])
def test_a_submodule_does_not_hide_the_function_of_its_name(tmp_path: Path, first: str) -> None:
    """Kills: `compare` that is the module once anything has imported that."""
    second = "from wignercq.comparison import compare; assert callable(compare)"
    loaded_by(
        f"import wignercq.{first}; {second}; import wignercq.comparison as c; assert c.compare is compare", tmp_path
    )
    loaded_by(f"{second}; import wignercq.{first}; {second}", tmp_path)


def test_parts_of_the_package_need_no_import_of_their_own(tmp_path: Path) -> None:
    """Kills: `wignercq.states.cat` that worked as long as something else had imported the states."""
    loaded = loaded_by("import wignercq; wignercq.states.cat; wignercq.gaussian.LinearModel", tmp_path)
    assert "wignercq.run" not in loaded
    loaded_by("import wignercq; assert wignercq.comparison.Breakdown is wignercq.comparison.result.Breakdown", tmp_path)


def test_the_version_is_that_of_the_distribution() -> None:
    """Kills: a version that is asked for at every start, or lost."""
    from importlib.metadata import version

    assert wignercq.__version__ == version("wignercq")
