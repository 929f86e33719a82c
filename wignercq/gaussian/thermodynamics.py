"""Energies, their balance, thermal states and the entropy production of Gaussian states."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from wignercq.errors import InputError, ModelError, StateError, brief
from wignercq.gaussian.linear_model import LinearModel, require_quadratic
from wignercq.gaussian.own_units import in_widths
from wignercq.model.bath import require_plain
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import refuse_thermal


class Energies(NamedTuple):
    """Mean energies: ``p**2/(2 M) + V_C``, ``y**2/(2 m) + V_Q`` and ``V_I``."""

    classical: float
    quantum: float
    interaction: float

    @property
    def total(self) -> float:
        """Mean of the Hamiltonian."""
        return self.classical + self.quantum + self.interaction


class EntropyRates(NamedTuple):
    """Entropy rates per unit time in nats, ``production = change + flux``."""

    production: float
    change: float
    flux: float


def energies(model: Model, covariance: ArrayLike, *, mean: ArrayLike = (0.0, 0.0, 0.0, 0.0)) -> Energies:
    """Mean energies of a Gaussian state, cf. eqs (10), (119).

    Parameters
    ----------
    model : Model
        Quadratic.
    covariance : array_like (4, 4)
    mean : array_like (4,)
        The origin by default.

    Returns
    -------
    Energies

    Raises
    ------
    ModelError
        For an anharmonic model.
    """
    require_quadratic(model)
    spread, centre = _state(covariance, mean)

    def potential(v: sp.Expr) -> float:
        curvature = np.array(sp.hessian(v, (Q, X)).tolist(), dtype=float)
        value = float(v.subs({Q: sp.Float(centre[0]), X: sp.Float(centre[2])}))
        return value + 0.5 * float(np.sum(curvature * spread[::2, ::2]))

    kinetic_p = (spread[1, 1] + centre[1] ** 2) / (2 * model.classical_mass)
    kinetic_y = (spread[3, 3] + centre[3] ** 2) / (2 * model.quantum_mass)
    return Energies(
        float(kinetic_p) + potential(model.V_C), float(kinetic_y) + potential(model.V_Q), potential(model.V_I)
    )


def energy_rate(model: Model, covariance: ArrayLike, *, mean: ArrayLike = (0.0, 0.0, 0.0, 0.0)) -> float:
    """Energy balance ``d<H>/dt = D2/(2 M) + D_y/(2 m) - (alpha/M**2) <p**2>``, eq (14).

    A bath of the quantum particle adds ``(D_xx/2) d_x**2 V - (gamma_Q/m) <y**2>``, and D_yy to D_y.

    It vanishes when ``<p**2>`` has the value (15), whatever the rest of the state.

    Parameters and errors are those of :func:`energies`.
    """
    refuse_thermal(model, "the energy balance (14)")
    spread, centre = _state(covariance, mean)
    loss = model.friction / model.classical_mass**2 * (spread[1, 1] + centre[1] ** 2)
    loss += model.quantum_damping_rate / model.quantum_mass * (spread[3, 3] + centre[3] ** 2)
    process = LinearModel.from_model(model)
    return float(process.diffusion[1, 1] / (2 * model.classical_mass) + quantum_heating(model) - loss)


def quantum_heating(model: Model) -> float:
    """Energy that noise feeds into the quantum particle per unit time, ``D_y/(2 m)``, eq (14) with (74).

    A bath of the quantum particle has its part in it, ``D_yy/(2 m) + (D_xx/2) d_x**2 V``.

    Raises
    ------
    ModelError
        For an anharmonic model.
    """
    refuse_thermal(model, "the heating (14)")
    process = LinearModel.from_model(model)
    stretching = process.diffusion[2, 2] * process.drift[3, 2] / 2
    return float(process.diffusion[3, 3] / (2 * model.quantum_mass) + stretching)


def thermal_covariance(model: Model, *, temperature: float | None = None) -> np.ndarray:
    """Covariance of the thermal limit, ``k_B T`` times the inverse Hessian of H, eqs (95)-(99).

    ``<qq> = T (k_Q + lam)/K``, ``<xx> = T (k_C + lam)/K``, ``<qx> = T lam/K``, ``<pp> = M T``, ``<yy> = m T``.

    Parameters
    ----------
    model : Model
        Quadratic, with a minimum.
    temperature : float or None
        k_B T; that of the classical bath, ``D2/(2 alpha)`` of eq (84), by default.

    Returns
    -------
    ndarray (4, 4)

    Raises
    ------
    ModelError
        For an anharmonic or unbounded model, or a temperature that is not positive and finite.
    """
    curvature, T = _curvature(model), _temperature(model, temperature)
    covariance = np.diag([0.0, model.classical_mass * T, 0.0, model.quantum_mass * T])
    covariance[::2, ::2] = T * np.linalg.inv(curvature)
    return covariance


def gibbs_covariance(model: Model, *, temperature: float | None = None) -> np.ndarray:
    """Covariance of the Wigner function of the hybrid Gibbs state ``exp(-H(q, p)/(k_B T))``, eq (100).

    Given q the quantum particle is a thermal oscillator of frequency ``W = sqrt(k_xx/m)`` about ``-k_qx q/k_xx``, of
    width ``T_Q/k_xx`` with ``T_Q = (hbar W/2) coth(hbar W/(2 k_B T))``; W does not depend on q, so q and p are
    distributed as without quantum mechanics. For large T it becomes :func:`thermal_covariance`.

    Parameters, shape and errors are those of :func:`thermal_covariance`.
    """
    (kqq, kqx), (_, kxx) = _curvature(model)
    T = _temperature(model, temperature)
    half = model.hbar * np.sqrt(kxx / model.quantum_mass) / 2
    T_Q = half / np.tanh(half / T)
    qq, drag = T / (kqq - kqx**2 / kxx), -kqx / kxx
    covariance = np.diag([qq, model.classical_mass * T, drag**2 * qq + T_Q / kxx, model.quantum_mass * T_Q])
    covariance[0, 2] = covariance[2, 0] = drag * qq
    return covariance


def gibbs_distance(model: Model) -> float:
    """Relative entropy of the steady state with respect to the hybrid Gibbs state at the bath's temperature; nats.

    Both have positive Gaussian Wigner functions, compared as densities. At fixed friction and saturated trade-off it
    falls as ``D2**-4`` for large diffusion: the thermal limit (95)-(100).

    Raises
    ------
    ModelError
        For an anharmonic model or one without a steady state.
    """
    steady = LinearModel.from_model(model).steady_covariance()
    return relative_entropy(steady, gibbs_covariance(model))


def relative_entropy(covariance: ArrayLike, reference: ArrayLike, *, shift: ArrayLike | None = None) -> float:
    """Relative entropy of two Gaussians, ``[tr(R^-1 S) + d^T R^-1 d - n + ln(det R/det S)]/2``; nats.

    Parameters
    ----------
    covariance, reference : array_like (n, n)
        S and R, positive definite.
    shift : array_like (n,)
        d, the difference of the means; zero by default.

    Returns
    -------
    float

    Raises
    ------
    StateError
        A covariance that is not positive definite.
    """
    S, R = np.asarray(covariance, dtype=float), np.asarray(reference, dtype=float)
    for name, matrix in (("covariance", S), ("reference", R)):
        _require_positive(name, matrix)
    widths, R = in_widths(R)
    root = np.linalg.cholesky(R)
    half = np.linalg.solve(root, S / widths[:, None] / widths)
    ratios = np.linalg.eigvalsh(np.linalg.solve(root, half.T))
    excess = ratios - 1
    distance = np.zeros(len(S)) if shift is None else np.linalg.solve(root, np.asarray(shift, dtype=float) / widths)
    return float(np.sum(excess - np.log1p(excess)) + distance @ distance) / 2


def gaussian_entropy(covariance: ArrayLike) -> float:
    """Entropy of the Wigner function of a Gaussian state, ``ln det(2 pi e S)/2``; nats, up to the unit of phase space.

    Raises
    ------
    StateError
        A covariance that is not positive definite.
    """
    S = np.asarray(covariance, dtype=float)
    _require_positive("covariance", S)
    widths, correlations = in_widths(S)
    return float(np.linalg.slogdet(2 * np.pi * np.e * correlations)[1] / 2 + np.log(widths).sum())


def entropy_rates(
    process: LinearModel, covariance: ArrayLike, *, mean: ArrayLike = (0.0, 0.0, 0.0, 0.0)
) -> EntropyRates:
    """Entropy production of a Gaussian state, split into its own change and the flux to the bath.

    With the irreversible currents ``J_p = -(alpha/M) p W - (D/2) d_p W`` and ``J_y = -(D_y/2) d_y W``:
    ``production = (2/D) <(J_p/W)**2> + (2/D_y) <(J_y/W)**2>``,
    ``change = -alpha/M + D (S^-1)_pp/2 + D_y (S^-1)_yy/2``,
    ``flux = (2/D) (alpha/M)**2 <p**2> - alpha/M``, the heat given to the bath over its temperature.
    The second law is ``production >= 0``.

    Parameters
    ----------
    process : LinearModel
        With noise on the classical momentum.
    covariance : array_like (4, 4)
        Positive definite.
    mean : array_like (4,)
        The origin by default.

    Returns
    -------
    EntropyRates

    Raises
    ------
    ModelError
        Without noise on the classical momentum.
    StateError
        A covariance that is not positive definite.
    """
    spread, centre = _state(covariance, mean)
    _require_positive("covariance", spread)
    if process.drift[2, 2]:
        raise ModelError("process", "one of the minimal dynamics", "friction of x")
    gamma, D, D_y = process.drift[1, 1], process.diffusion[1, 1], process.diffusion[3, 3]
    if process.drift[3, 3] or process.diffusion[2, 2]:
        raise ModelError("process", "no bath of the quantum particle for an entropy production", "one")
    if D <= 0:
        raise ModelError("diffusion", "a positive number for an entropy production", f"{D:g}")
    widths, correlations = in_widths(spread)
    precision = np.diag(np.linalg.inv(correlations)) / widths**2
    square = spread[1, 1] + centre[1] ** 2
    flux = 2 * gamma * (gamma * square / D) - gamma
    change = -gamma + (D * precision[1] + D_y * precision[3]) / 2
    return EntropyRates(float(change + flux), float(change), float(flux))


def steady_entropy_production(model: Model) -> float:
    """Entropy production rate of the steady state, ``alpha D_y/(m D2) = alpha hbar**2 lam**2 D0/(m D2)``; nats/time.

    It vanishes in the thermal limit, and with thermal dynamics. With lam the curvature ``d_q d_x V_I`` it holds for
    every quadratic model. The paper leaves this rate as an open task.

    Raises
    ------
    ModelError
        For an anharmonic model, one without a steady state or one without classical noise.
    """
    require_plain(model, "its steady entropy production")
    process = LinearModel.from_model(model)
    process.steady_covariance()
    if model.is_thermal:
        return 0.0
    if model.diffusion == 0:
        raise ModelError("diffusion", "a positive number for an entropy production", "0")
    return float(model.friction * process.diffusion[3, 3] / (model.quantum_mass * model.diffusion))


def _state(covariance: ArrayLike, mean: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    spread, centre = np.asarray(covariance, dtype=float), np.asarray(mean, dtype=float)
    if spread.shape != (4, 4):
        raise InputError("covariance", "shape (4, 4)", spread.shape)
    if centre.shape != (4,):
        raise InputError("mean", "shape (4,)", centre.shape)
    return spread, centre


def _require_positive(name: str, matrix: np.ndarray) -> None:
    lowest = float(np.linalg.eigvalsh(in_widths(matrix)[1]).min())
    if lowest <= 0:
        raise StateError(name, "a positive definite matrix", f"the eigenvalue {lowest:g} in units of its widths")


def _curvature(model: Model) -> np.ndarray:
    """Hessian (2, 2) of the total potential, positive definite."""
    require_quadratic(model)
    curvature = np.array(sp.hessian(model.V_C + model.V_Q + model.V_I, (Q, X)).tolist(), dtype=float)
    if np.linalg.eigvalsh(in_widths(curvature)[1]).min() <= 0:
        raise ModelError("model", "a potential that confines the particles for a thermal state", "one without")
    return curvature


def _temperature(model: Model, temperature: float | None) -> float:
    value = model.bath_temperature if temperature is None else temperature
    if not 0 < value < np.inf:
        raise ModelError("temperature", "a positive, finite energy", brief(value))
    return value
