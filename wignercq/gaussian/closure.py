"""Two Gaussian theories of an anharmonic model: the self-consistent closure and the linearised one.

Multiplying the master equation by z_i or z_i z_j and integrating leaves, of the symbol G(q, r, x, s), what is at most
of second order in (r, s). There the hybrid equation and its Fokker-Planck counterpart are the same, at every order
in hbar: the mean force ``[d_qV_I(x+h) + d_qV_I(x-h)]/2`` is even in s and enters at s = 0, the Moyal bracket is odd and
its next term is of third order, and of the decoherence only ``-(D0/2) (hbar s d_x d_qV_I)**2`` is left. So for any W ::

    d<q> = <p>/M                             d<x> = <y>/m
    d<p> = -<d_q V> - (alpha/M) <p>          d<y> = -<d_x V>,          V = V_C + V_Q + V_I

and, with Stein's identity ``<dz f> = S <grad f>`` for a Gaussian W of covariance S, ::

    dS = A S + S A^T + B,    A = [[0, 1/M, 0, 0], [-<V_qq>, -alpha/M, -<V_qx>, 0],
                                  [0, 0, 0, 1/m], [-<V_qx>, 0, -<V_xx>, 0]]
    B = diag(0, D2, 0, hbar**2 D0 <(d_q d_x V_I)**2>)

Further noises add their ``<D2(q)>`` and ``hbar**2 D0_k <(d_x L_k)**2>`` to B; a bath of the quantum particle has its
diffusion of x and y in B and its rate of friction in A. Thermal dynamics are linear but for V_C': what they have beside
the minimal ones is added as it is (:func:`wignercq.gaussian.linear_model.thermal_parts`). One closure stands for both
equations: hbar enters it through B alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from wignercq.errors import ModelError
from wignercq.gaussian.averages import GaussianAverages, exact_nodes
from wignercq.gaussian.lengths import in_units
from wignercq.gaussian.linear_model import LinearModel, thermal_parts
from wignercq.gaussian.own_units import power_of_two
from wignercq.model.drives import delayed, rate_of_change
from wignercq.model.formulas import as_rational
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import thermal_terms

QUADRATURE = (12, 24, 48, 96)  # nodes tried for potentials that are no polynomials
CONVERGED = 1e-10  # change of the moments, in widths, at which more nodes gain nothing
RELATIVE_TOLERANCE = 1e-11  # of the integration in time
ABSOLUTE_TOLERANCE = 1e-13  # in initial widths
LONGEST_PHASE = 2.0  # of the fastest drive in one step of it, radians
POINT = slice(0, 4, 2)  # q and x among (q, p, x, y)


@dataclass(frozen=True, eq=False)
class GaussianMoments:
    """Means and covariances of z = (q, p, x, y) at several times.

    Parameters
    ----------
    mean : np.ndarray, shape (n, 4)
    covariance : np.ndarray, shape (n, 4, 4)
    error : float
        Estimated error of the averages over the Gaussian, in widths; 0 where they are exact.
    """

    mean: np.ndarray
    covariance: np.ndarray
    error: float = 0.0


def gaussian_closure(model: Model, mean: ArrayLike, covariance: ArrayLike, times: ArrayLike) -> GaussianMoments:
    """Moments of the Gaussian that solves the moment equations self-consistently.

    ``d<z> = <drift(z)>``, ``dS = <A> S + S <A>^T + <B>``, every average over the Gaussian itself: forces, Hessian and
    ``D_y = hbar**2 D0 <(d_q d_x V_I)**2>``. It is the closure of the hybrid equation and of its Fokker-Planck
    counterpart alike, and exact for quadratic models.

    Parameters
    ----------
    model : Model
    mean : array_like, shape (4,)
        Of (q, p, x, y) at the first of `times`.
    covariance : array_like, shape (4, 4)
        Positive definite.
    times : array_like, shape (n,)
        Increasing; of a driven model as its potentials count it.

    Returns
    -------
    GaussianMoments
        Averages of polynomials are exact, others are converged in the number of quadrature nodes.

    Raises
    ------
    ModelError
        The moments do not stay finite.

    Notes
    -----
    The moment equations follow from eqs (104)-(112) of arXiv:2510.07402; for oscillators they are (11)-(16), (74).
    """
    nodes = exact_nodes(model)
    if nodes is not None:
        return _integrate(model, mean, covariance, times, nodes)
    change, previous = np.inf, _integrate(model, mean, covariance, times, QUADRATURE[0])
    for finer in QUADRATURE[1:]:
        result = _integrate(model, mean, covariance, times, finer)
        change, previous = _difference(previous, result), result
        if change < CONVERGED:
            break
    return GaussianMoments(previous.mean, previous.covariance, change)


def linearised(model: Model, mean: ArrayLike, covariance: ArrayLike, times: ArrayLike) -> GaussianMoments:
    """Moments of the theory linearised along the classical trajectory that starts at the initial mean.

    The mean follows the noiseless classical equations, ``dm = drift(m)``: the force at the mean, not the mean force.
    The covariance follows the drift linearised about that trajectory, ``dS = A(m) S + S A(m)^T + B(m)``, with the
    Hessian and ``D_y = hbar**2 D0 (d_q d_x V_I)**2`` at m(t). It is the prediction step of an extended Kalman filter;
    the covariance does not act back on the mean. For quadratic models it is :class:`LinearModel`.

    Parameters, returns and errors are those of :func:`gaussian_closure`.
    """
    if model.is_quadratic and not model.is_driven:
        theory = LinearModel.from_model(model)
        elapsed = np.subtract(times, np.asarray(times)[0])
        return GaussianMoments(theory.mean(elapsed, mean), theory.covariance(elapsed, covariance))
    return _integrate(model, mean, covariance, times, nodes=1)


@dataclass(frozen=True, eq=False)
class _Units:
    """Units, powers of two, in which the initial widths and the time asked for are near one."""

    z: np.ndarray  # (4,), of (q, p, x, y), with one unit of action for both pairs
    time: float

    @classmethod
    def of(cls, widths: np.ndarray, span: float) -> _Units:
        q, p, x, y = np.log2(widths)
        action = np.round((q + p + x + y) / 2)
        q, x = np.round((q - p + action) / 2), np.round((x - y + action) / 2)
        return cls(np.exp2([q, action - q, x, action - x]), power_of_two(span))

    @property
    def products(self) -> np.ndarray:
        return np.outer(self.z, self.z)

    def formulas(self, model: Model) -> list[sp.Expr]:
        """Slopes and curvatures of the potential, and what diffuses p and y, of q and x in these units."""
        scales = (*self.z[POINT].tolist(), float(self.z[0] * self.z[1]) / self.time)
        V, interaction = in_units(model.V_C + model.V_Q + model.V_I, *scales), in_units(model.V_I, *scales)
        derivatives = [sp.diff(V, *by) for by in ((Q,), (X,), (Q, Q), (Q, X), (X, X))]
        further = [
            in_units(formula, scales[0], scales[1], float(momentum) ** 2 / self.time)
            for formula, momentum in ((model.noise_diffusion, self.z[1]), (noise_heating(model), self.z[3]))
        ]
        return [*derivatives, sp.diff(interaction, Q, X) ** 2, *further]


def noise_heating(model: Model) -> sp.Expr:
    """``hbar**2 sum_k D0_k (d_x L_k)**2`` of the further noises."""
    squares = (as_rational(n.decoherence) * sp.diff(n.L, X) ** 2 for n in model.noise_terms)
    return as_rational(model.hbar) ** 2 * sp.Add(*squares)


def _integrate(model: Model, mean: ArrayLike, covariance: ArrayLike, times: ArrayLike, nodes: int) -> GaussianMoments:
    """The moment equations with averages over the Gaussian by quadrature; one node takes values at the mean."""
    outputs, start_mean, start_covariance = (np.asarray(a, float) for a in (times, mean, covariance))
    widths = np.sqrt(np.diag(start_covariance))
    units = _Units.of(widths, float(outputs[-1] - outputs[0]))
    rate = _rate(model, units, nodes, float(outputs[0]))
    scale = np.concatenate([widths / units.z, (np.outer(widths, widths) / units.products).ravel()])
    start = np.concatenate([start_mean / units.z, (start_covariance / units.products).ravel()])
    turns = (outputs - outputs[0]) / units.time
    try:
        with np.errstate(all="ignore"):
            result = solve_ivp(
                rate,
                (turns[0], turns[-1]),
                start,
                method="DOP853",
                t_eval=turns,
                rtol=RELATIVE_TOLERANCE,
                atol=ABSOLUTE_TOLERANCE * scale,
                max_step=_longest_step(model, outputs) / units.time,
            )
        finite = result.success and bool(np.isfinite(result.y).all())
    except np.linalg.LinAlgError:
        finite = False
    if not finite:
        raise ModelError("model", f"Gaussian moments that stay finite until t = {outputs[-1]:g}", "a runaway")
    return GaussianMoments(units.z * result.y[:4].T, units.products * result.y[4:].T.reshape(-1, 4, 4))


def _rate(model: Model, units: _Units, nodes: int, start: float) -> Callable[[float, np.ndarray], np.ndarray]:
    """Time derivative of means (4,) and covariances (16,), everything in the units given, since `start`."""
    averages = GaussianAverages(units.formulas(model), nodes)
    q, p, x, y = units.z
    M, m = model.classical_mass * (q / p / units.time), model.quantum_mass * (x / y / units.time)
    diffusion = model.diffusion * units.time / p / p
    quantum_diffusion = (model.hbar / (q * p)) ** 2 * (model.D0 / units.time * p * p)
    gammas = np.array([model.damping_rate, model.quantum_damping_rate]) * units.time
    drift = np.array([[0, 1 / M, 0, 0], [0, -gammas[0], 0, 0], [0, 0, 0, 1 / m], [0, 0, 0, -gammas[1]]])
    D_xx, D_xy, D_yy = np.array(model.quantum_diffusion) * units.time / np.array([x * x, x * y, y * y])
    more, noise, pull = np.zeros((4, 4)), np.zeros((4, 4)), np.zeros(4)
    if model.is_thermal:
        more, noise, pull = thermal_parts(thermal_terms(model))
    more, noise = more * (units.z / units.z[:, None] * units.time), noise / units.products * units.time
    pull = pull / units.z * units.time

    def rate(turn: float, moments: np.ndarray) -> np.ndarray:
        z, S = moments[:4], moments[4:].reshape(4, 4)
        averaged = averages(z[POINT], S[POINT, POINT], start + units.time * turn)
        V_q, V_x, V_qq, V_qx, V_xx, squared, of_p, of_y = averaged
        A = drift.copy()
        A[1, POINT], A[3, POINT] = (-V_qq, -V_qx), (-V_qx, -V_xx)
        flow = (A - more) @ S
        B = np.diag([0, diffusion + of_p, D_xx, quantum_diffusion * squared + of_y + D_yy])
        B[2, 3] = B[3, 2] = D_xy
        B = noise if model.is_thermal else B
        return np.concatenate([(drift - more) @ z - [0, V_q, 0, V_x] + pull, (flow + flow.T + B).ravel()])

    return rate


def _longest_step(model: Model, times: np.ndarray) -> float:
    """Of the integration in time: no pulse of a drive is to be stepped over."""
    place = np.ones(1)
    fastest = rate_of_change(delayed(model, float(times[0])), float(times[-1] - times[0]), place, place)
    return LONGEST_PHASE / fastest if fastest else np.inf


def _difference(a: GaussianMoments, b: GaussianMoments) -> float:
    """Largest difference of two sets of moments, in the widths of the second."""
    widths = np.sqrt(np.diagonal(b.covariance, axis1=1, axis2=2))
    of_means = np.abs(a.mean - b.mean) / widths
    of_covariances = np.abs(a.covariance - b.covariance) / (widths[:, :, None] * widths[:, None, :])
    return float(max(of_means.max(), of_covariances.max()))
