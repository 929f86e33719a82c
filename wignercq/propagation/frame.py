"""A frame that goes with W: coordinates relative to a classical trajectory z_c(t), so that a box holds the width of W.

With ``W'(z') = W(z_c + z')`` every stage of a step is what it is in the laboratory, up to a translation, to all orders
in hbar:

- T is linear: where (q_c, p_c, x_c, y_c) moves as T moves a point, z' moves as z does. Noise is the same everywhere.
- V leaves (q, x) alone. Its symbol is taken at (q_c + q', x_c + x'), with r, s and h = hbar s/2 unchanged, and a change
  (dp, dy) of the momenta of the centre multiplies by ``exp(i r dp + i s dy)``.

The stage ``exp(t G + k C)`` moves a point at the centre by the slopes of its exponent at r = s = 0, ::

    dp = -t V_q + 2 k (V_qq V_q/M + V_qx V_x/m),    dy = -t V_x + 2 k (V_qx V_q/M + V_xx V_x/m)

with V = V_C + V_Q + V_I, and so the centre is moved: noises, also those that depend on places, and decoherence are of
second order in r and s and do not move it. At the end of a step it is put where the exact trajectory is: what
the scheme is wrong about the trajectory, O(dt**(order + 1)) in a step, is made good in W.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import sympy as sp

from wignercq.errors import InputError
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, X
from wignercq.propagation.schemes import Part, Scheme

PRECISION = 1e-13  # of the trajectory, relative, and
OF_WIDTHS = 1e-12  # of the widths of W, in each of its steps


Point: TypeAlias = tuple[float, float, float, float]  # (q, p, x, y)


class Beginning(NamedTuple):
    """Where and when a frame begins."""

    start: Point  # in the laboratory
    widths: Point  # of W: what an error of the trajectory is measured by
    time: float = 0.0  # as the model counts it


class Place(NamedTuple):
    """Where the centre is at a momentum stage, and by how much the stage changes its momenta."""

    q: float
    x: float
    dp: float
    dy: float
    time: float = 0.0  # of the stage, as the model counts it


@dataclass(frozen=True, eq=False)
class MovingFrame:
    """The frame of the classical trajectory that begins at one point, friction of both particles included."""

    model: Model
    beginning: Beginning
    _pieces: list[Callable[[float], np.ndarray]] = field(init=False, default_factory=list)
    _ends: list[float] = field(init=False, default_factory=list)

    def centre(self, time: float) -> np.ndarray:
        """(q, p, x, y) of the trajectory at a time that is not before its beginning, shape (4,).

        InputError where there is no trajectory any more.
        """
        if time <= self.beginning.time:
            return np.array(self.beginning.start)
        while not self._ends or self._ends[-1] < time:
            self._go_on()
        return self._pieces[int(np.searchsorted(self._ends, time))](time)

    def _go_on(self) -> None:
        """One more step of the trajectory: the same ones whenever they are asked for."""
        solver = self._solver
        if solver.status == "running":
            solver.step()
        if solver.status != "running" or not np.isfinite(solver.y).all():
            where = f"one that ends at t = {solver.t:.6g}"
            raise InputError("frame", "a classical trajectory of the mean that goes on to the end of the run", where)
        self._pieces.append(solver.dense_output())
        self._ends.append(float(solver.t))

    @cached_property
    def _solver(self) -> Any:  # of SciPy, which has no types
        from scipy.integrate import DOP853

        def rate(time: float, z: np.ndarray) -> np.ndarray:
            (q, p, x, y), model = z, self.model
            V_q, V_x, *_ = self._slopes(q, x, time)
            dp, dy = -V_q - model.damping_rate * p, -V_x - model.quantum_damping_rate * y
            return np.array([p / model.classical_mass, dp, y / model.quantum_mass, dy])

        start, widths, begin = self.beginning
        return DOP853(rate, begin, np.array(start), math.inf, rtol=PRECISION, atol=OF_WIDTHS * np.array(widths))

    @property
    def is_uniform(self) -> bool:
        """Whether the stages are the same wherever the centre is: potentials at most quadratic."""
        return self.model.is_quadratic

    def places(self, scheme: Scheme, time: float, duration: float) -> Iterator[Place]:
        """The centre at each momentum stage of a step from a time on, the last of them at the end of the step."""
        z, now, last = self.centre(time), time, len(scheme.stages) - 1
        for number, stage in enumerate(scheme.stages):
            if stage.part is Part.TRANSPORT:
                span = float(stage.fraction) * duration
                z, now = drifted(self.model, z, span), now + span
                continue
            if number == last:
                now = time + duration
                z[[0, 2]] = self.centre(now)[[0, 2]]
            place = self.place(z[0], z[2], *stage.weights(duration), now)
            z[[1, 3]] += place.dp, place.dy
            yield place

    def place(self, q: float, x: float, span: float, commutator: float, time: float = 0.0) -> Place:
        """A stage ``exp(span G + commutator C)`` at a centre and a time."""
        M, m = self.model.classical_mass, self.model.quantum_mass
        V_q, V_x, V_qq, V_qx, V_xx = self._slopes(q, x, time)
        dp = -span * V_q + 2 * commutator * (V_qq * V_q / M + V_qx * V_x / m)
        dy = -span * V_x + 2 * commutator * (V_qx * V_q / M + V_xx * V_x / m)
        return Place(float(q), float(x), float(dp), float(dy), time)

    def _slopes(self, q: float, x: float, time: float) -> list[float]:
        """Derivatives of the potential by q, x, qq, qx and xx at a point and a time."""
        return _slopes(self.model)(q, x)  # the same at all times: potentials do not depend on it


def drifted(model: Model, z: np.ndarray, time: float) -> np.ndarray:
    """A point after free motion with friction of both particles."""
    rates = (model.classical_mass, model.damping_rate), (model.quantum_mass, model.quantum_damping_rate)
    moved = z.copy()
    for i, (mass, gamma) in zip((0, 2), rates, strict=True):
        moved[i] += z[i + 1] / mass * (-math.expm1(-gamma * time) / gamma if gamma else time)
        moved[i + 1] *= math.exp(-gamma * time)
    return moved


@lru_cache(maxsize=64)
def _slopes(model: Model) -> Callable[..., list[float]]:
    """Derivatives of the potential by q, x, qq, qx and xx, a function of (q, x)."""
    potential = model.V_C + model.V_Q + model.V_I
    by = ((Q,), (X,), (Q, Q), (Q, X), (X, X))
    return compiled((Q, X), [sp.diff(potential, *variables) for variables in by])
