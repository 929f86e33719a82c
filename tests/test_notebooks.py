"""The notebooks of the documentation run from top to bottom, and show what they say."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def result(cell: nbformat.NotebookNode) -> dict[str, str]:
    """What a cell ends with, by type."""
    return {kind: text for out in cell.outputs if "data" in out for kind, text in out.data.items()}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_in_a_few_lines(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: names that are gone, figures that do not show, numbers that part from those beside them.

    QuTiP's <x**2> lacks what its levels leave out, 1e-6 of it.
    """
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.read(path, as_version=4)
    lines = [line for cell in code(notebook) for line in cell.source.splitlines() if line.strip()]
    assert len(lines) < 40
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    shown = [result(cell) for cell in code(notebook)]
    assert sum("image/png" in kinds for kinds in shown) >= 2
    assert any("text/html" in kinds and "purity" in kinds["text/html"] for kinds in shown)
    assert any("text/latex" in kinds for kinds in shown)
    pairs = [ast.literal_eval(kinds["text/plain"]) for kinds in shown if _is_pair(kinds.get("text/plain", ""))]
    assert len(pairs) >= 2
    for one, other in pairs:
        assert one == pytest.approx(other, rel=5e-6)


def _is_pair(text: str) -> bool:
    try:
        found = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return False
    return isinstance(found, tuple) and len(found) == 2 and all(isinstance(number, float) for number in found)


def test_there_are_notebooks_without_outputs() -> None:
    """Kills: a folder that is empty, so that nothing is tested; figures of an old version kept in the repository."""
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        assert all(not cell.outputs for cell in code(nbformat.read(path, as_version=4)))
