"""The Gaussian theory of a model: linear drift and diffusion of (q, p, x, y), exact for quadratic potentials."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import sympy as sp

from wignercq.errors import ModelError, brief
from wignercq.gaussian.minimum import find_minimum
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck
from wignercq.model.bath import Noise
from wignercq.model.drives import require_undriven
from wignercq.model.formulas import as_rational
from wignercq.model.model import Model, Q, X, require_model
from wignercq.model.thermal import ThermalTerms, thermal_terms


@dataclass(frozen=True, eq=False)
class LinearModel(OrnsteinUhlenbeck):
    """The Ornstein-Uhlenbeck process of z = (q, p, x, y), eqs (11)-(13), (16), (74), (87) of arXiv:2510.07402.

    ``dz = -(A z - f) dt + noise`` with ``B = diag(0, D2, 0, D_y)`` and ``D_y = hbar**2 (d_q d_x V_I)**2 D0``. Further
    noises add ``hbar**2 (d_x L_k)**2 D0_k`` to D_y and their diffusion to D2, a bath of the quantum particle its own
    matrix to (x, y) of B and its rate to A. Build it with :meth:`from_model` or :meth:`linearised`.

    Parameters
    ----------
    drift, diffusion, force : array_like (4, 4), (4, 4), (4,)
        A, B and f; see :class:`OrnsteinUhlenbeck`.
    point : tuple of two floats or None
        The point (q, x) about which an anharmonic model was linearised; None when the theory is exact.

    Raises
    ------
    ModelError
        A shape that does not fit or numbers that are not a process.
    """

    point: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimension != 4:
            raise ModelError("drift", "shape (4, 4) for (q, p, x, y)", self.drift.shape)

    @classmethod
    def from_model(cls, model: Model) -> LinearModel:
        """The exact process of a model whose potentials are at most quadratic.

        Raises
        ------
        ModelError
            For an anharmonic model; :meth:`linearised` accepts it.
        """
        require_quadratic(model)
        return cls(*_process(model, *_derivatives(model, (0.0, 0.0)), (0.0, 0.0)))

    @classmethod
    def linearised(cls, model: Model, *, at: tuple[float, float] | None = None) -> LinearModel:
        """The process of a model expanded to second order about a point, in the original coordinates.

        Parameters
        ----------
        model : Model
            Any model.
        at : tuple of two floats or None
            The point (q, x); None takes :func:`potential_minimum`, whatever other minima there are.

        Returns
        -------
        LinearModel
            With :attr:`point` set to the point used.

        Raises
        ------
        ModelError
            When no point is given and the potential has no minimum with positive curvature.
        """
        require_undriven(require_model(model), "a linearisation about a point")
        point = potential_minimum(model) if at is None else _point(at)
        curvature, gradient = _derivatives(model, point)
        return cls(*_process(model, curvature, gradient - curvature @ point, point), point=point)

    def _why(self) -> str:
        if np.trace(self.drift) == 0:
            return "a model without friction: nothing removes the heat of the noise"
        if self.drift[1, 2] == 0 and self.drift[3, 3] == 0:
            return "uncoupled particles: the quantum one is not damped"
        if self.characteristic_polynomial[-1] <= 0:
            return "a potential that does not confine the particles"
        return super()._why()


def _point(at: tuple[float, float]) -> tuple[float, float]:
    try:
        q, x = map(float, at)
    except (TypeError, ValueError, OverflowError):
        raise ModelError("at", "two numbers (q, x)", brief(at)) from None
    if not (math.isfinite(q) and math.isfinite(x)):
        raise ModelError("at", "two finite numbers (q, x)", brief(at))
    return q, x


def require_quadratic(model: Model) -> None:
    """Raise ModelError unless the potentials of `model` are at most quadratic, and the same at all times."""
    require_undriven(require_model(model), "this theory (DrivenLinearModel is that of a drive)")
    if not model.is_quadratic:
        raise ModelError(
            "model",
            "potentials at most quadratic in (q, x)",
            "an anharmonic one; try LinearModel.linearised(model, at=(q, x))",
        )


def quadratic_expansion(model: Model, *, at: tuple[float, float] | None = None) -> Model:
    """The model with every potential replaced by its Taylor polynomial of degree two about a point.

    Parameters and errors are those of :meth:`LinearModel.linearised`. Masses, hbar, baths and decoherence are those of
    the model; noises have the diffusion at the point and an operator linear in x.
    """
    require_undriven(model, "an expansion about a point")
    q0, x0 = potential_minimum(model) if at is None else at
    place = {Q: as_rational(q0), X: as_rational(x0)}
    dq, dx = Q - place[Q], X - place[X]

    def taylor(v: sp.Expr) -> sp.Expr:
        def value(*by: sp.Symbol) -> sp.Rational:
            return as_rational(float((sp.diff(v, *by) if by else v).subs(place)))

        slopes = value(Q) * dq + value(X) * dx
        curved = value(Q, Q) * dq**2 / 2 + value(Q, X) * dq * dx + value(X, X) * dx**2 / 2
        return sp.expand(value() + slopes + curved)

    potentials = {"classical_potential": model.V_C, "quantum_potential": model.V_Q, "interaction": model.V_I}
    noises = [
        Noise(as_rational(float(sp.diff(n.L, X).subs(place))) * X, n.decoherence, float(n.diffusion.subs(place)))
        for n in model.noise_terms
    ]
    return replace(model, parameters={}, noises=noises, **{name: taylor(v) for name, v in potentials.items()})


def potential_minimum(model: Model) -> tuple[float, float]:
    """The deepest point (q, x) found of V_C + V_Q + V_I at which the curvature is positive.

    Of several that are equally deep, it is the one nearest to the origin, then the one at the largest q. That of a
    quadratic potential is exact. Otherwise the search starts at 0 and at 0.1, 1 and 10 of the lengths at which terms
    of the potential are equal or arguments of its functions are one, on both sides of 0: so it finds the same minimum
    in any units, but a minimum far from all of them can be missed.

    Raises
    ------
    ModelError
        When no minimum with positive curvature is found.
    """
    require_undriven(model, "a minimum")
    q, x, _ = find_minimum(model)
    return q, x


def _derivatives(model: Model, point: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Curvature (2, 2) and gradient (2,) of the total potential at a point (q, x)."""
    total = model.V_C + model.V_Q + model.V_I
    place = {Q: as_rational(point[0]), X: as_rational(point[1])}

    def at(expression: sp.Expr) -> float:
        return float(expression.subs(place))

    curvature = np.array([[at(sp.diff(total, a, b)) for b in (Q, X)] for a in (Q, X)])
    gradient = np.array([at(sp.diff(total, a)) for a in (Q, X)])
    return curvature, gradient


def _process(
    model: Model, curvature: np.ndarray, gradient: np.ndarray, point: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Drift, diffusion at a point, and force of a potential with this curvature, and this gradient at the origin."""
    (kqq, kqx), (_, kxx) = curvature
    drift = np.array(
        [
            [0, -1 / model.classical_mass, 0, 0],
            [kqq, model.damping_rate, kqx, 0],
            [0, 0, 0, -1 / model.quantum_mass],
            [kqx, 0, kxx, model.quantum_damping_rate],
        ]
    )
    place = {Q: as_rational(point[0]), X: as_rational(point[1])}
    D_xx, D_xy, D_yy = model.quantum_diffusion
    heating = float(model.quantum_heating.subs(place)) + D_yy
    diffusion = np.diag([0, float(model.total_diffusion.subs(place)), D_xx, heating])
    diffusion[2, 3] = diffusion[3, 2] = D_xy
    force = np.array([0, -gradient[0], 0, -gradient[1]])
    if model.is_thermal:
        more, diffusion, pull = thermal_parts(thermal_terms(model))
        drift, force = drift + more, force + pull
    return drift, diffusion, force


def thermal_parts(terms: ThermalTerms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With thermal dynamics: what A and f have beside that of the minimal ones, and all of B.

    Linear whatever V_C is: (:mod:`wignercq.model.thermal`).
    """
    drift = np.zeros((4, 4))
    away = np.array([-terms.slope, 0, 1, 0])  # x - x0 of (q, p, x, y), but for the offset
    stronger = terms.coupling * (terms.S - 1)
    drift[1], drift[2], drift[3, 3] = stronger * away, terms.friction_x * away, terms.friction_y
    noise = np.array([0, terms.noise_p, terms.noise_x, 0])
    diffusion = np.outer(noise, noise)
    diffusion[3, 3] = terms.diffusion_y
    return drift, diffusion, terms.offset * np.array([0, stronger, terms.friction_x, 0])
