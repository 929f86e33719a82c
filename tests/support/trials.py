"""Runs that choose grid and step themselves, measured against independent answers over their whole course.

Answers: the exact Gaussian of a quadratic model by one matrix exponential, Schroedinger's equation for an uncoupled
quantum particle, Kramers' equation for an uncoupled classical one, and a Galerkin solution for a coupled model that is
neither. None of them shares code with the program.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from support.reference import kramers, schroedinger
from support.reference.cases import quartic_case
from support.reference.hermite_galerkin import evolve as galerkin_evolve
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate
from support.systems import gaussian_density, numbers_of
from wignercq import Grid, Model
from wignercq.errors import InputError, ResolutionError
from wignercq.planning.numerics import Numerics
from wignercq.run.request import Request, times_of
from wignercq.run.session import Session
from wignercq.states import State, gaussian

HBAR = 0.8
MOMENTS = 4  # of a run at which W is compared
MASSES = {"classical_mass": 1.3, "quantum_mass": 0.7}
MEAN, VARIANCES = (0.6, -0.4, 0.8, 0.3), (0.5, 0.6, 0.4, 0.45)
GRID_SHARE = 0.03  # of the tolerance that a grid aims at; the run estimates the error of its steps alone
SOON = 10.0  # seconds within which a refusal has to come

#: The relative error of W at a time, on a grid.
Error = Callable[[float, Grid, np.ndarray], float]


@dataclass(frozen=True)
class Case:
    """A problem and how far a W is from its answer."""

    name: str
    model: Model
    state: State
    duration: float
    error: Error = field(repr=False)


@dataclass(frozen=True)
class Trial:
    """What a run turned out to be; without a grid if it was refused."""

    case: str
    tolerance: float
    seconds: float
    grid: Grid | None = None
    steps: int = 0
    error: float = np.nan  # true error of W over the run, relative to its maximum at the time
    estimate: float = np.nan  # time error that the run reports
    message: str = ""  # refusal, loss or warnings

    @property
    def faults(self) -> list[str]:
        """What is wrong with it."""
        if self.grid is None:
            refused = self.message.count("\n") == 0 and self.seconds < SOON and not self.message.startswith("lost")
            return [] if refused else [f"{self.message[:100]} after {self.seconds:.0f} s"]
        found, ratio = [], self.estimate / self.error
        if not self.error <= self.tolerance:
            found.append(f"error {self.error / self.tolerance:.2g} times the tolerance")
        of_the_grid = GRID_SHARE * self.tolerance
        if not self.estimate + of_the_grid > self.error / 3 or (ratio > 3 and self.error > 0.1 * self.tolerance):
            found.append(f"estimate {ratio:.2g} times the error")
        return found

    @property
    def row(self) -> list[str]:
        """Its line in a table."""
        if self.grid is None:
            return [self.case, f"{self.tolerance:.0e}", "", "", f"{self.seconds:.1f}", "", "", self.message]
        remarks = "; ".join([*self.faults, *([self.message] if self.message else [])])
        shape, error = " x ".join(map(str, self.grid.shape)), self.error / self.tolerance
        numbers = [str(self.steps), f"{self.seconds:.1f}", f"{error:.2g}", f"{self.estimate / self.error:.2g}"]
        return [self.case, f"{self.tolerance:.0e}", shape, *numbers, remarks]


HEADER = ["case", "tolerance", "grid", "steps", "seconds", "error/tolerance", "estimate/error", "remarks"]


def tried(case: Case, tolerance: float) -> Trial:
    """Carry out a case, grid and step left open, and compare W with the answer at some moments of the run."""
    request = Request(case.model, case.state, None, times_of(case.duration, MOMENTS, None), Numerics(tolerance))
    started, errors = time.perf_counter(), []
    compared = 0.0  # seconds that are not the run's
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1, "blas"):
        warnings.simplefilter("always")
        try:
            session = Session.begin(request)
            track = session.loop.leader
            for _ in session.outputs():
                rows = len(track.record.rows)
                if rows > len(errors) + 1:  # the first is the beginning
                    paused = time.perf_counter()
                    errors.append(case.error(track.record.times[-1], track.grid, track.engine.array(track.at_output)))
                    compared += time.perf_counter() - paused
        except (InputError, ResolutionError) as error:
            seconds = time.perf_counter() - started - compared
            lost = "lost: " if isinstance(error, ResolutionError) else "refused: "
            return Trial(case.name, tolerance, seconds, message=f"{lost}{error}")
    seconds = time.perf_counter() - started - compared
    said = [str(warning.message) for warning in caught]
    attributes: dict[str, Any] = session.attributes
    steps = round(case.duration / attributes["time_step"])
    estimate = float(attributes["time_error_estimate"])
    return Trial(case.name, tolerance, seconds, track.grid, steps, max(errors), estimate, "; ".join(said))


def relative(W: np.ndarray, answer: np.ndarray) -> float:
    """Largest difference relative to the largest value of the answer."""
    return float(np.abs(W - answer).max() / np.abs(answer).max())


def linear(
    name: str,
    duration: float,
    *,
    k_C: float = 0.9,
    k_Q: float = 1.2,
    lam: float = 0.4,
    forces: tuple[float, float] = (0.0, 0.0),
    friction: float = 0.3,
    diffusion: float = 0.5,
    mean: Sequence[float] = MEAN,
    variances: Sequence[float] = VARIANCES,
    hbar: float = HBAR,
    masses: tuple[float, float] = (1.3, 0.7),
) -> Case:
    """A quadratic model, with constant forces on q and x, from a Gaussian; the answer is the exact Gaussian."""
    bath = {"friction": friction, "diffusion": diffusion}
    bodies = {"classical_mass": masses[0], "quantum_mass": masses[1]}
    potentials = f"{k_C / 2!r}*q**2 - ({forces[0]!r})*q", f"{k_Q / 2!r}*x**2 - ({forces[1]!r})*x"
    model = Model(*potentials, f"{lam / 2!r}*(q - x)**2" if lam else "0", hbar=hbar, **bath, **bodies)
    drift, noise = np.zeros((5, 5)), np.zeros((5, 5))  # the fifth variable is 1
    drift[:4, :4] = oscillator_drift(k_C=k_C, k_Q=k_Q, lam=lam, friction=friction, **bodies)
    drift[[1, 3], 4] = [-force for force in forces]
    decoherence = 1 / (4 * diffusion) if lam else 0.0
    noise[:4, :4] = oscillator_noise(lam=lam, hbar=hbar, diffusion=diffusion, decoherence=decoherence)
    start = np.zeros((5, 5))
    start[:4, :4] = np.diag(variances)

    def error(t: float, grid: Grid, W: np.ndarray) -> float:
        moved, covariance = propagate(drift, noise, np.array([*mean, 1.0]), start, t)
        return relative(W, gaussian_density(grid, moved[:4], covariance[:4, :4]))

    return Case(name, model, gaussian(mean, variances, hbar=hbar), duration, error)


def damped(friction: float, temperature: float, duration: float, **changes: Any) -> Case:
    """Coupled oscillators with a bath of this friction and temperature, D2 = 2 alpha T."""
    name = f"friction {friction:g}, D2 {2 * friction * temperature:g}"
    return linear(name, duration, friction=friction, diffusion=2 * friction * temperature, **changes)


def quantum(name: str, duration: float, formula: str, mean: Sequence[float], variance: float, *, reach: float) -> Case:
    """A free-standing quantum particle in a potential, beside a classical oscillator with noise and no coupling."""
    bodies = {"classical_mass": 1.3, "friction": 0.3, "diffusion": 0.5}
    model = Model("0.45*q**2", formula, "0", quantum_mass=0.7, hbar=HBAR, **bodies)
    variances = (*VARIANCES[:2], variance, HBAR**2 / 4 / variance)

    def potential(x: np.ndarray) -> np.ndarray:
        values = eval(formula, {"__builtins__": {}}, {"x": x, "exp": np.exp, "cos": np.cos})
        return np.asarray(values, float)

    @cache
    def particle() -> schroedinger.QuantumParticle:
        return schroedinger.QuantumParticle(potential, 0.7, HBAR, mean[2] - reach, mean[2] + reach, 400)

    def error(t: float, grid: Grid, W: np.ndarray) -> float:
        psi = particle().evolve(schroedinger.gaussian_packet(mean[2], mean[3], variance, HBAR), t)
        plane = schroedinger.wigner(psi, grid.x.values, grid.y.values, hbar=HBAR, reach=2 * reach, nodes=1601)
        centre, covariance = kramers.harmonic_moments(
            np.array(mean[:2]), np.diag(VARIANCES[:2]), t, k=0.9, mass=1.3, friction=0.3, diffusion=0.5
        )
        density = kramers.gaussian(centre, covariance)(grid.q.values[:, None], grid.p.values[None, :])
        return relative(W, density[:, :, None, None] * plane)

    return Case(name, model, gaussian(mean, variances, hbar=HBAR), duration, error)


def classical(
    name: str, duration: float, formula: str, slope: Callable[[np.ndarray], np.ndarray], **bath: float
) -> Case:
    """A free-standing classical particle in a potential, beside a quantum oscillator in a squeezed state."""
    model = Model(formula, "0.6*x**2", "0", hbar=HBAR, **MASSES, **bath)
    variances = (*VARIANCES[:2], 0.35, HBAR**2 / 4 / 0.35)
    axes = kramers.HermiteAxis(0.0, 0.46, 100), kramers.HermiteAxis(0.0, 0.56, 100)  # 1e-7 of the density
    particle = kramers.ClassicalParticle(slope=slope, mass=1.3, q=axes[0], p=axes[1], **bath)
    begin = kramers.gaussian(np.array(MEAN[:2]), np.diag(VARIANCES[:2]))
    drift = oscillator_drift(k_C=0, k_Q=1.2, lam=0, friction=0, **MASSES)[2:, 2:]

    @lru_cache(maxsize=MOMENTS)
    def values(t: float) -> np.ndarray:
        return particle.evolve(begin, t)

    def error(t: float, grid: Grid, W: np.ndarray) -> float:
        density = particle.on(values(t), grid.q.values, grid.p.values)
        moved, covariance = propagate(drift, np.zeros((2, 2)), np.array(MEAN[2:]), np.diag(variances[2:]), t)
        plane = kramers.gaussian(moved, covariance)(grid.x.values[:, None], grid.y.values[None, :])
        return relative(W, density[:, :, None, None] * plane)

    return Case(name, model, gaussian(MEAN, variances, hbar=HBAR), duration, error)


def coupled(name: str, duration: float) -> Case:
    """A quartic quantum oscillator coupled to a classical one; of the Galerkin answer the (x, y) plane converges."""
    case = quartic_case()
    case = replace(case, basis=replace(case.basis, degree=8, levels=38))  # 24 levels leave 1e-5 of W
    model = Model(case.classical_formula, case.quantum_formula, case.interaction_formula, **numbers_of(case.system))

    @cache
    def state(k: int) -> np.ndarray:
        if k == 0:
            return case.initial_state(case.basis)
        return galerkin_evolve(case.system, case.basis, state(k - 1), (duration / MOMENTS,))[1]

    def error(t: float, grid: Grid, W: np.ndarray) -> float:
        plane = W.sum(axis=(0, 1)) * grid.q.spacing * grid.p.spacing
        return relative(plane, case.wigner_xy(state(round(t / duration * MOMENTS)), grid.x.values, grid.y.values))

    start = gaussian(case.mean, case.variances, hbar=case.system.hbar)
    return Case(name, model, start, duration, error)


HEAVY_AND_LIGHT = {"masses": (1e3, 1e-3), "k_C": 900.0, "k_Q": 1.2e-3, "lam": 1e-3}
LIGHT_AND_HEAVY = {"masses": (1e-3, 1e3), "k_C": 9e-4, "k_Q": 1200.0, "lam": 4e-4}
FREE = {"k_C": 0.0, "k_Q": 0.0, "lam": 0.0}


def _quartic(q: np.ndarray) -> np.ndarray:
    return 0.9 * q + 0.2 * q**3


def _two_wells(q: np.ndarray) -> np.ndarray:
    return 0.4 * q**3 - q


#: Ones that take a second at 1e-3.
FEW = (
    damped(0.3, 0.8, 0.6),
    damped(3.0, 0.8, 0.3),
    linear("free", 0.5, **FREE),
    linear("heavy and light", 0.5, **HEAVY_AND_LIGHT, mean=(0.1, 30.0, 9.0, -0.01),
           variances=(0.02, 1.8e4, 300.0, 6e-4), friction=300.0, diffusion=10800.0),
)  # fmt: skip
#: Those of the test.
CASES = (
    *FEW[2:],
    damped(0.3, 0.8, 2.0),
    damped(3.0, 0.8, 1.0),
    linear("friction 0, D2 0.5", 2.0, friction=0.0),
    damped(10.0, 0.5, 4.0),
    damped(10.0, 1.0, 2.0),
    damped(30.0, 0.5, 1.0),
    linear("hot", 1.0, friction=0.3, diffusion=3.6, variances=(6.0, 8.0, 3.0, 4.0)),
    linear("cold", 2.0, friction=0.3, diffusion=0.03, lam=0.1, variances=(0.06, 0.07, 0.36, 0.45)),
    linear("light and heavy", 0.5, **LIGHT_AND_HEAVY, mean=(20.0, 0.01, -0.01, 9.0),
           variances=(890.0, 8e-4, 4e-4, 420.0), friction=3e-4, diffusion=4.8e-4),
    linear("narrow", 0.2, variances=(0.06, 0.08, 0.1, 1.7)),
    linear("wide", 0.2, variances=(4.0, 5.0, 1.5, 0.11)),
    linear("displaced", 0.2, mean=(9.0, -6.0, -7.0, 5.0)),
    linear("fast", 0.2, **FREE, mean=(0.0, 20.0, 0.0, -12.0)),
    linear("falling", 0.4, k_C=0.0, k_Q=0.0, lam=0.2, forces=(-6.0, 4.0)),
    linear("over a barrier", 0.8, k_C=-0.9, lam=0.2),
    quantum("double well", 0.8, "0.06*x**4 - 0.4*x**2", (0.6, -0.4, -1.5, 0.2), 0.4, reach=9.0),
    quantum("Morse", 0.5, "5*(1 - exp(-0.35*x))**2", (0.6, -0.4, 0.4, 0.3), 0.4, reach=8.0),
    classical("quartic, classical", 0.5, "0.45*q**2 + 0.05*q**4", _quartic, friction=0.3, diffusion=0.5),
    coupled("quartic, coupled", 0.5),
)  # fmt: skip
#: Those of the benchmark.
ALL = (
    *CASES,
    damped(3.0, 5.0, 0.3),
    damped(1.0, 0.05, 0.5, lam=0.1),
    linear("strong coupling", 0.4, lam=3.0),
    linear("bound, displaced", 0.8, mean=(4.0, 0.0, -3.0, 0.0)),
    linear("falling far", 1.5, k_C=0.0, k_Q=0.0, lam=0.2, forces=(-6.0, 4.0)),
    linear("far away", 0.3, **FREE, mean=(1e4, 1e3, -1e4, 1e3)),
    linear("squeezed hard", 0.1, variances=(0.5, 0.6, 0.01, 16.5)),
    linear("long", 4.0),
    quantum("double well, longer", 1.5, "0.06*x**4 - 0.4*x**2", (0.6, -0.4, -1.5, 0.2), 0.4, reach=10.0),
    quantum("pendulum", 0.6, "3*(1 - cos(x/1.7))", (0.6, -0.4, 0.7, 0.1), 0.4, reach=9.0),
    quantum("quartic", 0.5, "0.5*x**2 + 0.1*x**4", (0.6, -0.4, 0.8, 0.3), 0.4, reach=8.0),
    classical("two wells, classical", 0.5, "0.1*q**4 - 0.5*q**2", _two_wells, friction=0.3, diffusion=0.5),
    classical("quartic, classical, damped", 0.4, "0.45*q**2 + 0.05*q**4", _quartic, friction=3.0, diffusion=4.8),
)
