"""The example of what mean-field dynamics misses, in small."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::wignercq.errors.SizeWarning")
def test_the_classical_particle_learns_of_the_cat_in_the_hybrid_dynamics_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: an example that no longer runs, or in which mean-field and hybrid dynamics spread q alike.

    The packets at +-1.8 push with a force of 0.9 either way: to t = 1 they spread q by 0.45/1.2 more.
    """
    path = ROOT / "examples" / "mean_field.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr(example, "DURATION", 1.0)
    seen = {}
    draw = example.draw
    monkeypatch.setattr(example, "draw", lambda run, paths: seen.update(run=run, **paths) or draw(run, paths))
    assert example.main(tmp_path, count=1024, tolerance=1e-2).stat().st_size > 10_000
    spread = {name: float(result.covariance[-1, 0, 0]) for name, result in seen.items()}
    assert spread["hybrid"] == pytest.approx(spread["run"], rel=0.15)
    assert spread["hybrid"] - spread["mean_field"] == pytest.approx((0.45 / 1.2) ** 2, rel=0.4)
    assert np.abs(seen["hybrid"].mean[-1, 0]) < 0.1
