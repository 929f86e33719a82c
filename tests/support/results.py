"""Results made up: of a run by the Gaussian theory alone, of a comparison and a sweep with numbers all different."""

from __future__ import annotations

import numpy as np
import xarray as xr

from support.configurations import box, configuration
from wignercq.comparison import OBSERVABLES, THEORIES, Breakdown
from wignercq.config import Config
from wignercq.correlations import TwoTime
from wignercq.gaussian import LinearModel, response, two_time
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model
from wignercq.steady import SteadyState
from wignercq.sweep import SteadySweep, SweepResult
from wignercq.sweep.gathering import gather
from wignercq.sweep.steady_gathering import gather_steady

PLANES = {"density_qp": "qp", "wigner_xy": "xy", "density_qx": "qx", "density_py": "py"}
MEAN = np.array([1.2, -0.3, -0.8, 0.4])
COVARIANCE = np.diag([0.5, 0.6, 0.35, 0.45])
CONFIG = configuration()


def model() -> Model:
    """Coupled oscillators with every number different from the others and from 1."""
    return config(configuration(quartic=False)).model


def grid() -> Grid:
    """Four axes that differ in extent and size."""
    return Grid(Axis(-5.0, 6.0, 26), Axis(-7.0, 6.5, 30), Axis(-6.0, 5.5, 34), Axis(-4.5, 5.0, 38))


def result(outputs: int = 24, frames: int = 3, duration: float = 12.0) -> xr.Dataset:
    """The evolution of a displaced Gaussian as a result dataset."""
    theory, axes = LinearModel.from_model(model()), dict(zip(NAMES, grid(), strict=True))
    times = np.linspace(0, duration, outputs + 1)
    mean, covariance = theory.mean(times, MEAN), theory.covariance(times, COVARIANCE)
    chosen = np.unique(np.linspace(0, outputs, frames).round().astype(int))
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "mean": (("time", "z"), mean),
        "covariance": (("time", "z", "z2"), covariance),
        "norm": (("time",), 1 + 1e-14 * np.arange(len(times))),
        "energy_budget_residual": (("time",), 1e-9 * np.sin(times)),
        "energy_left_out": (("time",), 1e-12 * times),
        "purity": (("time",), 0.35 / np.sqrt(np.linalg.det(covariance[:, 2:, 2:]))),
        "negativity": (("time",), 0.02 * np.exp(-times)),
        "occupation": (("time",), 0.5 * covariance[:, 2, 2] + 0.3),
        "edge_mass": (("time", "axis"), 1e-12 * np.exp(0.2 * np.outer(times, [1, 2, 3, 0.5]))),
        "spectral_tail": (("time", "axis"), 1e-10 * np.exp(-0.1 * np.outer(times, [1, 2, 3, 0.5]))),
    }
    parts = ("energy_classical", "energy_quantum", "energy_interaction")
    for share, name in enumerate(parts, start=1):
        variables[name] = (("time",), share * (mean[:, 0] ** 2 + covariance[:, 2, 2]))
    variables["energy"] = (("time",), sum(variables[name][1] for name in parts))
    for name, (a, b) in PLANES.items():
        planes = [_plane(mean[i], covariance[i], axes, a, b) for i in chosen]
        variables[name] = (("frame", a, b), np.array(planes))
    coordinates = {name: axis.values for name, axis in axes.items()}
    names = {"z": list(NAMES), "z2": list(NAMES), "axis": list(NAMES)}
    attributes = {
        "wignercq_version": "0.1.0",
        "versions": "numpy 2.1.0",
        "engine": "tiled",
        "precision": "float64",
        "scheme": "Strang",
        "hbar_order": "exact",
        "grid": "26 x 30 x 34 x 38",
        "time_step": 0.125,
        "time_error_estimate": 3.7e-7,
        "wall_time": 4.2,
    }
    return xr.Dataset(variables, {"time": times, "frame": times[chosen], **coordinates, **names}, attributes)


def _plane(mean: np.ndarray, covariance: np.ndarray, axes: dict[str, Axis], a: str, b: str) -> np.ndarray:
    pair = [NAMES.index(a), NAMES.index(b)]
    precision = np.linalg.inv(covariance[np.ix_(pair, pair)])
    z = np.stack(np.meshgrid(axes[a].values, axes[b].values, indexing="ij"), axis=-1) - mean[pair]
    exponent = np.einsum("...i,ij,...j", z, precision, z)
    return np.exp(-exponent / 2) * np.sqrt(np.linalg.det(precision)) / (2 * np.pi)


def breakdown(*, broken: bool = True, seed: int = 3) -> Breakdown:
    """Six outputs, three frames; errors grow, the first order is the exact equation, the closure has no occupation."""
    random = np.random.default_rng(seed)
    times = np.linspace(0, 0.6, 6)
    errors = random.uniform(0.5, 2.0, (6, 5, len(OBSERVABLES))) * (1e-3 * (1 + 20 * times))[:, None, None]
    errors[:, [0, 2]] = 0.0
    errors[:, 3, OBSERVABLES.index("occupation")] = np.nan
    broken_at = np.where(errors[-1] > 0.01, random.uniform(0.1, 0.6, errors[-1].shape), np.nan)
    axes = {
        name: np.linspace(*axis["extent"], axis["points"], endpoint=False) for name, axis in box(16, 18, 20, 22).items()
    }
    x, y = axes["x"], axes["y"]
    packet = np.exp(-((x[:, None] + 0.8) ** 2) - (y - 0.4) ** 2 / 2)
    planes = packet * (
        1 - 0.3 * np.arange(1, 4)[:, None, None, None] * np.array([1, 0.8, 1, 0.6, 0.5])[:, None, None] * y
    )
    planes[:, 2] = planes[:, 0]
    variables = {
        "error": (("time", "theory", "observable"), errors if broken else errors / 1e4),
        "numerical_error": (("time", "theory"), 1e-5 * random.uniform(1, 2, (6, 5))),
        "breakdown_time": (("theory", "observable"), broken_at if broken else np.full_like(broken_at, np.nan)),
        "note": (("theory",), ["", "", "the same equation as exact", "", ""]),
        "wigner_xy": (("frame", "theory", "x", "y"), planes),
        "edge_mass": (("time", "theory", "axis"), random.uniform(1e-9, 1e-8, (6, 5, 4))),
        "spectral_tail": (("time", "theory", "axis"), random.uniform(1e-7, 1e-6, (6, 5, 4))),
    }
    coordinates = {
        "time": times,
        "frame": times[[0, 2, 5]],
        "theory": list(THEORIES),
        "observable": list(OBSERVABLES),
        "axis": list(NAMES),
        **axes,
    }
    attributes = {
        "wignercq_version": "0.1.0",
        "model": "a model",
        "scheme": "Strang",
        "grid": "16 x 18 x 20 x 22",
        "tolerance": 1e-4,
        "threshold": 0.01,
        "time_step": 0.0375,
        "time_error_estimate": 3.7e-7,
        "wall_time": 4.2,
        "warnings": "edge mass of axis p is large",
    }
    return Breakdown(xr.Dataset(variables, coordinates, attributes))


def with_trajectories() -> Breakdown:
    """The same with trajectories and mean-field theory, off in no observable and in all of them."""
    data = breakdown().dataset
    names = [*THEORIES, "trajectories", "mean_field"]
    data = data.drop_vars("note").reindex(theory=names).assign(note=("theory", [*data["note"].values, "", ""]))
    outputs = np.arange(6)
    for k, name in enumerate(names[5:]):
        of_theory = {"theory": name}
        data["error"].loc[of_theory] = (0.004 + 0.1 * k) * (1 + outputs)[:, None]
        data["error"].loc[of_theory | {"observable": "W"}] = np.nan
        data["numerical_error"].loc[of_theory] = 0.002
        data["wigner_xy"].loc[of_theory] = data["wigner_xy"].sel(theory="closure")
    data["breakdown_time"].loc[{"theory": "mean_field"}] = 0.05
    data["breakdown_time"].loc[{"theory": "mean_field", "observable": "W"}] = np.nan
    chance = 0.01 * (data["error"].notnull() & data["theory"].isin(names[5:]))
    data["statistical_error"] = chance.where(data["error"].notnull())
    return Breakdown(data.assign_attrs(trajectories=1024, seed=4))


def config(text: str = CONFIG) -> Config:
    """The configuration that goes with it."""
    return Config.from_text(text)


def sweep(
    table: str = "g = [0.1, 0.3]\ntemperature = { from = 0.5, to = 2.0, points = 3, scale = 'log' }",
) -> SweepResult:
    """A sweep whose second point failed and whose first never breaks down."""
    settings = config(f"{CONFIG}[sweep]\n{table}\n")
    assert settings.sweep is not None
    points = [tuple(point.values()) for point in settings.sweep.points]
    results = {point: breakdown(seed=k, broken=k > 0) for k, point in enumerate(points) if k != 1}
    return gather(settings, results, {points[1]: "killed <by> the test"})


RELAXING = Model.oscillators(
    k_C=0.9, k_Q=0.7, lam=1.1, classical_mass=0.8, quantum_mass=0.9, hbar=0.8, friction=1.0, diffusion=1.2
)  # its slowest rate is 0.294
KICKS = {"q": (1, 1.0), "p": (0, -1.0), "x": (3, 1.0), "y": (2, -1.0)}  # what H - f B displaces, and by what
KIND = {"q": "classical", "p": "classical", "x": "quantum", "y": "quantum"}


def two_times(
    first: str = "qpxy", second: str = "qpxy", end: float = 80.0, spacing: float = 0.1, mean: float = 0.0
) -> TwoTime:
    """Two-time functions and responses of a steady state by the Gaussian theory alone, about given means."""
    theory, tau = LinearModel.from_model(RELAXING), np.linspace(0, end, round(end / spacing) + 1)
    rows, columns = ([NAMES.index(name) for name in names] for names in (first, second))
    connected = two_time(theory, tau)[:, rows][:, :, columns]
    kicks = [KICKS[name] for name in second]
    responses = response(theory, tau)[:, rows][:, :, [kicked for kicked, _ in kicks]] * [sign for _, sign in kicks]
    pair = ("tau", "first", "second")
    variables = {
        "correlation": (pair, connected + mean**2),
        "connected": (pair, connected),
        "response": (pair, responses),
        "mean_first": (("tau", "first"), np.full(connected.shape[:2], mean)),
        "mean_second": (("second",), np.full(len(second), mean)),
        "kind": (("second",), [KIND[name] for name in second]),
        "state_change": (("tau",), 1e-7 * tau),
        "edge_mass": (("axis",), np.array([1e-9, 2e-9, 3e-9, 4e-9])),
        "spectral_tail": (("axis",), np.array([5e-9, 6e-9, 7e-9, 8e-9])),
    }
    texts = ("versions", "model", "engine", "precision", "scheme", "bath", "grid")
    attributes = {
        "wignercq_version": "0.1.0",
        **{name: f"some {name}" for name in texts},
        "hbar": RELAXING.hbar,
        "time_step": 0.05,
        "time_error_estimate": 3e-7,
        "wall_time": 4.2,
    }
    coordinates = {"tau": tau, "first": list(first), "second": list(second), "axis": list(NAMES)}
    return TwoTime(xr.Dataset(variables, coordinates, attributes))


def steady(seed: int = 3, *, thin: int = 2) -> SteadyState:
    """A steady state made up: numbers that differ with the seed, a Gaussian W on every `thin`-th point."""
    random = np.random.default_rng(seed)
    every = slice(None, None, thin)
    data = result(outputs=1, frames=1).isel(time=[0], q=every, p=every, x=every, y=every)
    data["mean"] = data["mean"] + random.uniform(-0.1, 0.1, (1, 4))
    data["purity"] = data["purity"] * random.uniform(0.5, 1.0)
    coordinates = [data[name] for name in NAMES]
    exponent = sum((z - MEAN[i]) ** 2 / COVARIANCE[i, i] / 2 for i, z in enumerate(coordinates))
    data["W"] = np.exp(-exponent).transpose(*NAMES)
    rates = np.sort(random.uniform(0.1, 2.0, 6))
    for name, values in (("decay_rate", rates), ("mode_frequency", 2 * rates), ("mode_residual", rates / 1e5)):
        data[name] = (("mode",), values)
    data["drift_mean"] = (("z",), random.uniform(1e-6, 1e-5, 4))
    data["drift_covariance"] = (("z", "z2"), random.uniform(1e-6, 1e-5, (4, 4)))
    data.attrs |= {
        "kind": "steady state",
        "model": "a model",
        "grid_changes": "",
        "grid": " x ".join(str(data.sizes[name]) for name in NAMES),
        "tolerance": 1e-4,
        "gap": float(rates[0]),
        "steps": 250.0,
        "cell_steps": 2.5e7,
        **{name: float(random.uniform(1e-6, 1e-5)) for name in ("residual", "distance_estimate", "solver_error")},
    }
    return SteadyState(data)


def steady_sweep(table: str = "g = [0.1, 0.3]\nlam = [0.4, 0.5, 0.7]") -> SteadySweep:
    """A sweep of steady states whose second point failed."""
    settings = config(f"{CONFIG}[sweep]\n{table}\n")
    assert settings.sweep is not None
    points = [tuple(point.values()) for point in settings.sweep.points]
    found = {point: steady(k) for k, point in enumerate(points) if k != 1}
    for each in found.values():
        each.dataset.attrs["warnings"] = ""
    return gather_steady(settings, found, {points[1]: "killed <by> the test"})
