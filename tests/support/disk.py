"""Results that are kept in memory: to write one and to read it takes half a second."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from wignercq.results import reading
from wignercq.results.result import Result


def keep_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files of results hold a word, and what is read from them come from memory."""
    kept: dict[Path, xr.Dataset] = {}
    read = reading.read_dataset

    def save(result: Result, path: Path) -> None:
        Path(path).write_text("kept")
        kept[Path(path).resolve()] = result.dataset.copy(deep=True)

    def read_dataset(path: str | Path) -> xr.Dataset:
        place = Path(path).resolve()
        if place in kept and place.exists() and place.read_text() == "kept":
            return kept[place].copy(deep=True)
        return read(path)

    monkeypatch.setattr(Result, "save", save)
    for module in ("wignercq.results.result", "wignercq.sweep.loading"):
        monkeypatch.setattr(f"{module}.read_dataset", read_dataset)
