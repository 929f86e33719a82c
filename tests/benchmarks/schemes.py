"""Time error of W against passes for forward splitting schemes, on three models; a Markdown table.

Usage: python tests/benchmarks/schemes.py [--models A,B] [--schemes A,B] [--longer N], N times longer runs, with N times
the passes, in boxes an eighth wider.

A pass is one transport and one momentum stage, neighbours fused. Errors are relative to the largest W and measured
against many steps of another scheme on the same grid, so that they are time errors alone; the line below the table
says how far two such references are apart. Schemes that begin with transport need more than `Propagator` offers, so
the stages are carried out here, by the same engine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from math import exp, log, sqrt

import numpy as np
from common import machine, markdown

from wignercq import Axis, Grid, Model
from wignercq.propagation.engines import Kick, TiledEngine
from wignercq.propagation.generator import GeneratorSymbol, SampledSymbol
from wignercq.propagation.schemes import CHIN_4A, FORWARD_3, STRANG, Part, Stage
from wignercq.propagation.transport import contraction_matrix, free_shear
from wignercq.states import gaussian

HBAR = 0.8
BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": HBAR, "friction": 0.3, "diffusion": 0.5}
START = gaussian([0.5, 0.2, -0.4, 0.3], [0.5, 0.62, 0.42, 0.41], hbar=HBAR)
PASSES = (6, 12, 24, 48)  # per run; the last three are tabulated
TARGETS = (1e-5, 1e-7)
Curve = list[tuple[int, float]]  # passes and errors, in the order of PASSES
T, V = Part.TRANSPORT, Part.MOMENTUM


@dataclass(frozen=True)
class Problem:
    """A model, a grid that resolves it to about 1e-9, and a duration."""

    model: Model
    grid: Grid
    duration: float

    def longer(self, factor: float) -> Problem:
        """A run `factor` times as long, in a box an eighth wider with the same spacings."""
        wider = (Axis(9 / 8 * a.lower, 9 / 8 * a.upper, 2 * round(9 / 16 * a.points)) for a in self.grid)
        return Problem(self.model, Grid(*wider), factor * self.duration)


PROBLEMS = {
    "harmonic": Problem(
        Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.4, **BATH),
        Grid(Axis(-5.3, 5.9, 34), Axis(-6.0, 5.7, 32), Axis(-4.9, 4.5, 36), Axis(-5.2, 5.4, 38)),
        1.2,
    ),
    "quartic": Problem(
        Model("0.4*q**2", "0.55*x**2 + 0.0375*x**4", "0.2*(q - x)**2", **BATH),
        Grid(Axis(-5.5, 5.9, 34), Axis(-6.0, 5.8, 32), Axis(-5.0, 4.7, 42), Axis(-6.4, 6.2, 40)),
        0.8,
    ),
    "radiation pressure": Problem(
        Model("0.45*q**2", "0.6*x**2", "0.1*q*x**2 + 0.3*q*x", **BATH),
        Grid(Axis(-5.5, 5.7, 32), Axis(-5.9, 6.1, 34), Axis(-4.9, 4.6, 36), Axis(-5.3, 5.4, 38)),
        1.0,
    ),
}


@dataclass(frozen=True)
class Method:
    """A palindromic sequence of stages in either order; `processed` if a kernel needs the processor around it."""

    name: str
    stages: tuple[Stage, ...]
    processed: bool = False

    @property
    def passes(self) -> int:
        """Passes per step, fused."""
        return len(self.stages) // 2

    @property
    def tables(self) -> int:
        """Multiplier tables of momentum stages to be stored."""
        return len({stage for stage in self.stages if stage.part is V})


def palindrome(name: str, first: Part, *half: tuple[float, ...], processed: bool = False) -> Method:
    """The first half of a step and its centre, as (fraction, commutator) from the part `first` on, and its mirror."""
    parts = (first, V if first is T else T) * len(half)
    stages = [Stage(part, *map(Fraction, numbers)) for part, numbers in zip(parts, half, strict=False)]
    return Method(name, tuple(stages + stages[-2::-1]), processed)


def omelyan_42(b: float, c: float) -> Method:
    """Three momentum stages, transport outermost, from the two numbers of Omelyan et al. (2003), eqs (40)-(42)."""
    a = 0.5 - 1 / sqrt(24 * b)
    outer = (1 - 12 * c - sqrt(6 * b) * (1 - b)) / 24
    return palindrome("Omelyan (42) T first", T, (a,), (b, outer), (0.5 - a,), (1 - 2 * b, c))


def omelyan_36(a: float, c: float) -> Method:
    """The family of the default, with the two numbers of Omelyan et al. (2003), eqs (34)-(36)."""
    b = 1 / (12 * a * (1 - a))
    outer = (1 / (a * (1 - a) ** 2) - 6) / 288 - c
    return palindrome("Omelyan (36)", V, (0.5 - b, outer), (a,), (b, c), (1 - 2 * a,))


#: Chin, Phys. Lett. A 226, 344 (1997); Omelyan, Mryglod and Folk, Comput. Phys. Commun. 151, 272 (2003), by equation;
#: Rowlands, J. Comput. Phys. 97, 235 (1991) and Takahashi and Imada, J. Phys. Soc. Jpn. 53, 3765 (1984). The two
#: four-stage schemes were found here: beside the conditions of fourth order they meet the two that are left of the
#: next order when all potentials are quadratic and nothing rubs; what is free keeps the rest of that order small.
METHODS = (
    Method("Strang", STRANG.stages),
    Method("Chin 4A", CHIN_4A.stages),
    palindrome("Omelyan (28)", V, (1 / 6, -17 / 18000), (1 / 2,), (2 / 3, 1 / 72 + 17 / 9000)),
    palindrome("Chin 4B T first", T, ((1 - 1 / sqrt(3)) / 2,), (1 / 2, (2 - sqrt(3)) / 48), (1 / sqrt(3),)),
    palindrome("Chin 4C T first", T, (1 / 6,), (3 / 8,), (1 / 3,), (1 / 4, 1 / 192)),
    omelyan_36(0.2728983001988755, 0.002960781208329478),
    omelyan_42(0.2825633404177051, 0.003035236056708454),
    palindrome(
        "Omelyan (53)",
        V,
        (0.05851872613455621, 0.0004339598806816256),
        (0.1921125277429464,),
        (0.2852162240687091,),
        (0.3078874722570536,),
        (0.31253009959346936, 0.002427475259663050),
    ),
    palindrome(
        "Omelyan (78) T first",
        T,
        (0.06419108866816235,),
        (0.1518179640276466,),
        (0.1919807940455741,),
        (0.2158369476787619, 0.0009628905212024874),
        (0.2438281172862635,),
        (0.264690176587183,),
    ),
    palindrome(
        "four-stage T first",
        T,
        (0.1012,),
        (0.24466091757993702, 0.000707729052177975),
        (0.2949187918053287,),
        (0.255339082420063, 0.0007230022407819156),
        (0.2077624163893426,),
    ),
    palindrome(
        "four-stage",
        V,
        (0.06506892240916162, 0.00019127),
        (0.2087,),
        (0.2993250784287565, 0.0007914667897522807),
        (0.2913,),
        (0.27121199832416376, 0.0012033159879548633),
    ),
    palindrome("processed kernel", T, (1 / 2,), (1, 1 / 24), processed=True),
    Method("default", FORWARD_3.stages),
)
REFERENCES = (Method("default", FORWARD_3.stages), omelyan_42(0.2825633404177051, 0.003035236056708454))
REFERENCE_STEPS = 32


def defects(stages: Iterable[Stage]) -> tuple[float, float]:
    """What is left of [T, [T, V]] and of [V, [T, V]], both zero for a symmetric scheme of fourth order.

    The momentum stages have to integrate t**2 exactly, and their commutators have to add up to half the mean square
    of what the stepwise V lags behind a uniform one.
    """
    now = kicked = 0.0
    moment, lag = -1 / 3, 0.0
    for stage in stages:
        fraction = float(stage.fraction)
        if stage.part is T:
            lag += ((now + fraction - kicked) ** 3 - (now - kicked) ** 3) / 3
            now += fraction
        else:
            moment += fraction * now**2
            lag -= 2 * float(stage.commutator)
            kicked += fraction
    return moment, lag / 2


class Runner:
    """Runs methods on one problem and keeps neither tables nor results."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.engine = TiledEngine(problem.grid, threads=1)
        q, _, x, y = problem.grid
        self.symbol = SampledSymbol.on(GeneratorSymbol(problem.model), *np.ix_(q.values, x.values), y.half_frequencies)

    def final(self, method: Method, steps: int) -> np.ndarray:
        """W at the end of the run."""
        dt = self.problem.duration / steps
        W = self.engine.allocate()
        START.fill(self.problem.grid, W)
        if method.processed:
            self._process(W, dt**2 / 24)
        compiled: dict[tuple[Part, float, float], Callable[[np.ndarray], None]] = {}
        for key in fused(method.stages * steps):
            if key not in compiled:
                compiled[key] = self._compile(*key, dt)
            compiled[key](W)
        if method.processed:
            self._process(W, -(dt**2) / 24)
        return np.array(W)

    def _compile(self, part: Part, fraction: float, commutator: float, dt: float) -> Callable[[np.ndarray], None]:
        engine, model, grid = self.engine, self.problem.model, self.problem.grid
        if part is V:
            exponent = fraction * dt * self.symbol.generator + commutator * dt**3 * self.symbol.commutator
            table = engine.compile_kick(Kick(exponent.reshape(3, -1, exponent.shape[-1]), grid))
            return lambda W: engine.momentum(W, table)
        shear = engine.compile_shear(free_shear(model, grid, fraction * dt))
        contraction = contraction_matrix(grid.p, exp(-model.damping_rate * fraction * dt))

        def transport(W: np.ndarray) -> None:
            engine.transport(W, shear)
            W[...] = np.matmul(contraction, W.reshape(grid.q.points, grid.p.points, -1)).reshape(W.shape)

        return transport

    def _process(self, W: np.ndarray, scale: float) -> None:
        """exp(scale [T, V]) as its Taylor series: [T, V] spreads and sharpens, but W is smooth and scale small."""
        term = np.array(W)
        for k in range(1, 5):
            term = scale / k * (self._transport(self._momentum(term)) - self._momentum(self._transport(term)))
            W += term

    def _momentum(self, W: np.ndarray) -> np.ndarray:
        """V W, multiplication by the symbol in (q, r, x, s)."""
        r = self.problem.grid.p.frequencies[None, :, None, None]
        c = [part[:, None] for part in self.symbol.generator]
        return np.fft.irfftn((c[0] + r * (c[1] + r * c[2])) * np.fft.rfftn(W, axes=(1, 3)), W.shape[1::2], axes=(1, 3))

    def _transport(self, W: np.ndarray) -> np.ndarray:
        """T W = -(p/M) d_q W - (y/m) d_x W + d_p (alpha/M) p W."""
        model, (_, p, _, y) = self.problem.model, self.problem.grid.mesh
        return (
            -p / model.classical_mass * self._derivative(W, 0)
            - y / model.quantum_mass * self._derivative(W, 2)
            + model.damping_rate * self._derivative(p * W, 1)
        )

    def _derivative(self, W: np.ndarray, axis: int) -> np.ndarray:
        frequencies = tuple(self.problem.grid)[axis].frequencies.reshape([-1 if i == axis else 1 for i in range(4)])
        return np.fft.ifft(1j * frequencies * np.fft.fft(W, axis=axis), axis=axis).real


def fused(stages: Iterable[Stage]) -> Iterable[tuple[Part, float, float]]:
    """Part, fraction and commutator, neighbours of the same part added up."""
    for part, group in groupby(stages, lambda stage: stage.part):
        same = list(group)
        yield part, float(sum(s.fraction for s in same)), float(sum(s.commutator for s in same))


def interpolated(points: Curve, passes: float) -> float:
    """Error at a number of passes, a power law between and beyond the measured ones."""
    pairs = list(pairwise(points))
    (a, left), (b, right) = next((pair for pair in pairs if passes <= pair[1][0]), pairs[-1])
    return left * (right / left) ** (log(passes / a) / log(b / a))


def needed(points: Curve, error: float) -> float:
    """Passes for an error, by the same power laws."""
    pairs = list(pairwise(points))
    (a, left), (b, right) = next((pair for pair in pairs if error >= pair[1][1]), pairs[-1])
    return a * (b / a) ** (log(error / left) / log(right / left))


def order(points: Curve) -> float:
    """Observed between the second run and the third, where rounding and grid do not show yet."""
    (a, left), (b, right) = points[1:3]
    return log(left / right) / log(b / a)


def measure(runner: Runner, methods: Sequence[Method], longer: float) -> tuple[dict[str, Curve], float]:
    """Passes and errors of all methods, and the difference of the two references."""
    reference, other = (runner.final(method, round(REFERENCE_STEPS * longer)) for method in REFERENCES)
    largest = np.abs(reference).max()
    curves = {}
    for method in methods:
        steps = [max(1, round(passes * longer / method.passes)) for passes in PASSES]
        errors = [np.abs(runner.final(method, n) - reference).max() / largest for n in steps]
        curves[method.name] = [(n * method.passes, float(e)) for n, e in zip(steps, errors, strict=True)]
    return curves, float(np.abs(other - reference).max() / largest)


def arguments() -> tuple[dict[str, Problem], list[Method], float]:
    """Problems, methods and how many times longer to run than usual, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", default=",".join(PROBLEMS))
    parser.add_argument("--schemes", default=",".join(method.name for method in METHODS))
    parser.add_argument("--longer", type=float, default=1.0)
    given = parser.parse_args()
    problems = {name: PROBLEMS[name] for name in given.models.split(",")}
    if given.longer != 1:
        problems = {name: problem.longer(given.longer) for name, problem in problems.items()}
    return problems, [method for method in METHODS if method.name in given.schemes.split(",")], given.longer


def main() -> None:
    problems, methods, longer = arguments()
    for method in methods:
        if method.name != "Strang" and not method.processed:
            assert max(map(abs, defects(method.stages))) < 1e-14, method
    start = time.perf_counter()
    results = {name: measure(Runner(problem), methods, longer) for name, problem in problems.items()}
    rows = []
    for method in methods:
        curves = [results[name][0][method.name] for name in problems]
        errors = [" / ".join(f"{interpolated(curve, p * longer):.1e}" for p in PASSES[1:]) for curve in curves]
        orders = " / ".join(f"{order(curve):.2f}" for curve in curves)
        targets = [" / ".join(f"{needed(curve, target):.1f}" for curve in curves) for target in TARGETS]
        rows.append([method.name, method.passes, method.tables, *errors, orders, *targets])
    headings = [f"passes for {target:.0e}" for target in TARGETS]
    print(markdown(["scheme", "passes per step", "tables", *problems, "order", *headings], rows))
    print("\nreferences differ by", ", ".join(f"{name} {results[name][1]:.0e}" for name in problems))
    print(f"{machine()}; {time.perf_counter() - start:.0f} s on one core")


if __name__ == "__main__":
    main()
