"""The Gaussian theory of quadratic models whose forces and stiffnesses depend on time, and of their cycles.

``dz = -(A(t) z - f(t)) dt + noise`` with ``<noise noise^T> = B(t) dt``. From one time to another ::

    z -> F z + g,    S -> F S F^T + Q,    dF = -A F,    dg = -A g + f,    dQ = -A Q - Q A^T + B

Where A, B and f have a period T, so has what the process tends to, if all eigenvalues of F(T), its multipliers, lie
within the unit circle: the fixed point of this map over one period.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp
from scipy.linalg import solve_discrete_lyapunov

from wignercq.errors import InputError, ModelError, brief
from wignercq.gaussian.own_units import OwnProcess
from wignercq.model.drives import delayed, rate_of_change
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, T, X, require_model

RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-13, 1e-15  # of the integration in time, in units of the process
LONGEST_PHASE = 2.0  # of the fastest drive in one step, radians: no pulse is stepped over
LONGEST_PERIOD = 1000  # times the shortest period of a sine: what is longer counts as none
LOOKS = 20  # moments at which it is looked how large the numbers of a process are


class Flow(NamedTuple):
    """What becomes of a mean, ``F z + g``, and of a covariance, ``F S F^T + Q``; shapes (..., 4, 4) and (..., 4)."""

    matrix: np.ndarray
    shift: np.ndarray
    noise: np.ndarray

    def mean(self, mean: np.ndarray) -> np.ndarray:
        """The mean that becomes of one, (..., 4)."""
        return self.matrix @ mean + self.shift

    def covariance(self, covariance: np.ndarray) -> np.ndarray:
        """The covariance that becomes of one, (..., 4, 4)."""
        return self.matrix @ covariance @ np.swapaxes(self.matrix, -1, -2) + self.noise


@dataclass(frozen=True, eq=False)
class DrivenLinearModel:
    """The process of z = (q, p, x, y) of a quadratic model whose potentials depend on time; of others as well.

    Parameters
    ----------
    model : Model

    Raises
    ------
    ModelError
        For an anharmonic model.
    """

    model: Model

    def __post_init__(self) -> None:
        if not require_model(self.model).is_quadratic:
            raise ModelError("model", "potentials at most quadratic in (q, x) at all times", "anharmonic ones")

    @cached_property
    def _formulas(self) -> list[sp.Expr]:
        """Curvatures qq, qx and xx, slopes by q and x at the origin, and the heating of y by noises, functions of t."""
        V = self.model.V_C + self.model.V_Q + self.model.V_I
        derivatives = [sp.diff(V, *by) for by in ((Q, Q), (Q, X), (X, X), (Q,), (X,))]
        return [f.subs({Q: 0, X: 0}) for f in (*derivatives, self.model.quantum_heating)]

    @cached_property
    def _values(self) -> Callable[..., list[float]]:
        return compiled((T,), self._formulas)

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A (4, 4), B (4, 4) and f (4,) at a time."""
        model = self.model
        qq, qx, xx, of_q, of_x, heating = self._values(np.float64(time))
        drift = np.array(
            [
                [0, -1 / model.classical_mass, 0, 0],
                [qq, model.damping_rate, qx, 0],
                [0, 0, 0, -1 / model.quantum_mass],
                [qx, 0, xx, model.quantum_damping_rate],
            ]
        )
        D_xx, D_xy, D_yy = model.quantum_diffusion
        diffusion = np.diag([0, float(model.total_diffusion), D_xx, heating + D_yy])
        diffusion[2, 3] = diffusion[3, 2] = D_xy
        return drift, diffusion, np.array([0, -of_q, 0, -of_x])

    def flow(self, times: ArrayLike, start: float = 0.0) -> Flow:
        """What happens from `start` to each of some later times.

        Parameters
        ----------
        times : array_like (n,)
            Not before `start`.

        Raises
        ------
        InputError
            Other times.
        ModelError
            Numbers that do not stay finite.
        """
        ends, places = np.unique(np.atleast_1d(np.asarray(times, float)), return_inverse=True)
        if np.ndim(times) > 1 or not np.isfinite(ends).all() or ends[0] < start:
            raise InputError("times", f"times >= {start:g}", brief(times))
        span = float(ends[-1] - start)
        if span == 0:
            still = np.zeros((places.size, 4, 4))
            return Flow(still + np.eye(4), np.zeros((places.size, 4)), still)
        own = self._own(start, span)
        begin = np.concatenate([np.eye(4).ravel(), np.zeros(20)])
        fastest = rate_of_change(delayed(self.model, start), span, np.ones(1), np.ones(1))
        found = solve_ivp(
            self._rate(start, own),
            (0.0, span * own.rate),
            begin,
            method="DOP853",
            t_eval=(ends - start) * own.rate,
            rtol=RELATIVE_TOLERANCE,
            atol=ABSOLUTE_TOLERANCE,
            max_step=LONGEST_PHASE / fastest * own.rate if fastest else np.inf,
        )
        if not (found.success and np.isfinite(found.y).all()):
            raise ModelError("model", f"Gaussian moments that stay finite until t = {ends[-1]:g}", "a runaway")
        values = found.y.T[places]
        matrix, noise = values[:, :16].reshape(-1, 4, 4), values[:, 20:].reshape(-1, 4, 4)
        return Flow(own.ratios * matrix, own.units * values[:, 16:20], own.products * noise)

    def _own(self, start: float, span: float) -> OwnProcess:
        """Units for the numbers of the process from `start` on."""
        seen = [self.at(start + span * (k + 0.5) / LOOKS) for k in range(LOOKS)]
        return OwnProcess.of(*(np.abs(numbers).max(axis=0) for numbers in zip(*seen, strict=True)))

    def _rate(self, start: float, own: OwnProcess) -> Callable[[float, np.ndarray], np.ndarray]:
        """Time derivative of F, g and Q, in the units given."""
        units, speed = own.units, own.rate

        def rate(turn: float, values: np.ndarray) -> np.ndarray:
            drift, diffusion, force = self.at(start + turn / speed)
            drift, force = drift / own.ratios / speed, force / units / speed
            matrix, shift, noise = values[:16].reshape(4, 4), values[16:20], values[20:].reshape(4, 4)
            half = drift @ noise
            change = diffusion / own.products / speed - half - half.T
            return np.concatenate([(-drift @ matrix).ravel(), force - drift @ shift, change.ravel()])

        return rate

    def mean(self, times: ArrayLike, mean0: ArrayLike, start: float = 0.0) -> np.ndarray:
        """Mean at times (n,) from `start` on, where it was `mean0` (4,); shape (n, 4). Errors as for :meth:`flow`."""
        return self.flow(times, start).mean(np.asarray(mean0, float))

    def covariance(self, times: ArrayLike, covariance0: ArrayLike, start: float = 0.0) -> np.ndarray:
        """Covariance at times (n,) from `start` on, where it was `covariance0` (4, 4); shape (n, 4, 4)."""
        return self.flow(times, start).covariance(np.asarray(covariance0, float))

    @cached_property
    def period(self) -> float | None:
        """A period of all that depends on time, by the sines and cosines in it; None without, or where it is long."""
        waves: set[sp.Expr] = set().union(*(f.atoms(sp.sin, sp.cos) for f in self._formulas))
        linear = {wave: wave.args[0].diff(T) for wave in waves if wave.has(T) and not wave.args[0].diff(T).has(T)}
        plain = {wave: sp.Dummy() for wave in linear}
        if not linear or any(T in f.xreplace(plain).free_symbols for f in self._formulas):
            return None
        first = next(iter(linear.values()))
        ratios = [sp.nsimplify(frequency / first) for frequency in linear.values()]
        if not all(ratio.is_Rational for ratio in ratios):
            return None
        common = sp.Rational(math.gcd(*(ratio.p for ratio in ratios)), math.lcm(*(ratio.q for ratio in ratios)))
        if common * LONGEST_PERIOD < max(abs(ratio) for ratio in ratios):
            return None
        return float(2 * sp.pi / abs(common * first))

    def cycle(self, period: float | None = None) -> Cycle:
        """The periodic state to which every other one tends.

        Parameters
        ----------
        period : float or None
            Of all that depends on time; None finds it.

        Raises
        ------
        ModelError
            There is none: nothing has a period, or a multiplier is not within the unit circle.
        InputError
            A period that is none.
        """
        length = self.period if period is None else period
        if length is None:
            raise ModelError("period", "a drive with a period that shows, or the period", "none")
        if not (np.isfinite(length) and length > 0):
            raise InputError("period", "a positive number", brief(length))
        self._require_period(length)
        flow = self.flow([length])
        matrix, shift, noise = (values[0] for values in flow)
        multipliers = np.linalg.eigvals(matrix).astype(complex)
        multipliers = multipliers[np.argsort(-np.abs(multipliers))]
        if not abs(multipliers[0]) < 1 - 1e-10:
            came = f"one of modulus {abs(multipliers[0]):.6g} after a period of {length:.6g}"
            raise ModelError("model", "multipliers within the unit circle, so that a periodic state exists", came)
        own = self._own(0.0, length)
        scaled, noise = matrix / own.ratios, noise / own.products
        mean = own.units * np.linalg.solve(np.eye(4) - scaled, shift / own.units)
        covariance = solve_discrete_lyapunov(scaled, noise)
        return Cycle(self, float(length), multipliers, mean, own.products * (covariance + covariance.T) / 2)

    def _require_period(self, period: float) -> None:
        times = period * (np.arange(LOOKS) + 0.382) / LOOKS
        now, later = (np.array([np.broadcast_to(v, LOOKS) for v in self._values(t)]) for t in (times, times + period))
        scale = np.abs(now).max(axis=1, keepdims=True)
        if not (np.abs(later - now) <= 1e-8 * scale).all():
            raise InputError("period", "a time after which all potentials are the same again", f"{period:g}")


@dataclass(frozen=True, eq=False)
class Cycle:
    """The periodic state of a driven quadratic model, a Gaussian at all times.

    Parameters
    ----------
    multipliers : np.ndarray, complex, shape (4,)
        Eigenvalues of the flow over a period, the largest first: deviations shrink by these factors.
    start_mean, start_covariance : np.ndarray
        At time 0, shapes (4,) and (4, 4).
    """

    theory: DrivenLinearModel
    period: float
    multipliers: np.ndarray
    start_mean: np.ndarray
    start_covariance: np.ndarray

    @property
    def gap(self) -> float:
        """Rate at which deviations shrink in the long run, per time."""
        return float(-np.log(abs(self.multipliers[0])) / self.period)

    def moments(self, times: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance at any times (n,): shapes (n, 4) and (n, 4, 4)."""
        flow = self.theory.flow(np.mod(np.atleast_1d(np.asarray(times, float)), self.period))
        return flow.mean(self.start_mean), flow.covariance(self.start_covariance)
