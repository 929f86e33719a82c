"""The paper's coupled oscillators in closed form: steady covariances, stability, spectra and responses."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import ModelError, brief
from wignercq.gaussian.linear_model import LinearModel
from wignercq.gaussian.own_units import power_of_two
from wignercq.model.bath import require_plain
from wignercq.model.model import Model
from wignercq.model.thermal import refuse_thermal


class OscillatorUnits(NamedTuple):
    """Units of mass, rate and momentum diffusion, powers of two; lengths follow from them."""

    mass: float
    rate: float
    diffusion: float

    @property
    def response(self) -> float:
        """Of the response of a position to a kick, in time."""
        return 1 / (self.mass * self.rate)

    @property
    def correlator(self) -> float:
        """Of the product of two positions."""
        return self.diffusion / self.mass**2 / self.rate**3


@dataclass(frozen=True, kw_only=True)
class CoupledOscillators:
    """Two oscillators, the first one damped, both driven by white noise, eqs (10)-(13) of arXiv:2510.07402.

    ``H = p**2/(2 M) + k_C q**2/2 + y**2/(2 m) + k_Q x**2/2 + lam (q - x)**2/2``; the first momentum is damped at the
    rate ``alpha/M`` and diffuses at the rate D, the second diffuses at the rate D_y. With ``D_y = hbar**2 lam**2 D0``
    this is the hybrid system, eq (74); with any other D_y it is the classical-classical one.

    Parameters
    ----------
    k_C, k_Q : float
        Spring constants of the first and second oscillator, units mass/time**2.
    lam : float
        Coupling, same units; either sign.
    classical_mass, quantum_mass : float
        M and m, positive.
    friction : float
        alpha >= 0, units mass/time.
    classical_diffusion, quantum_diffusion : float
        D and D_y >= 0, units momentum**2/time.

    Raises
    ------
    ModelError
        A value out of its range.
    """

    k_C: float
    k_Q: float
    lam: float
    classical_mass: float = 1.0
    quantum_mass: float = 1.0
    friction: float
    classical_diffusion: float
    quantum_diffusion: float

    def __post_init__(self) -> None:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, value in values.items():
            if not math.isfinite(value):
                raise ModelError(name, "a finite number", brief(value))
        for name in ("classical_mass", "quantum_mass"):
            if not values[name] > 0:
                raise ModelError(name, "a positive number", brief(values[name]))
        for name in ("friction", "classical_diffusion", "quantum_diffusion"):
            if values[name] < 0:
                raise ModelError(name, "a number >= 0", brief(values[name]))

    @classmethod
    def from_model(cls, model: Model) -> CoupledOscillators:
        """The oscillators with the same drift and noise as a quadratic model, the map (74).

        ``lam = -d_q d_x V``, ``k_C = d_q^2 V - lam``, ``k_Q = d_x^2 V - lam``, ``D = D2``, ``D_y = hbar**2 lam**2 D0``
        with V the total potential. For ``lam (q - x)**2/2`` these are the paper's own constants; an interaction
        ``g q x`` has ``lam = -g``. Linear terms only shift the fixed point and are left out.

        Raises
        ------
        ModelError
            For an anharmonic model, for thermal dynamics, or one with a further bath or noise.
        """
        require_plain(model, "closed forms of coupled oscillators")
        refuse_thermal(model, "coupled oscillators of the paper", "LinearModel.from_model(model) is exact")
        process = LinearModel.from_model(model)
        lam = -process.drift[1, 2]
        return cls(
            k_C=float(process.drift[1, 0] - lam),
            k_Q=float(process.drift[3, 2] - lam),
            lam=float(lam),
            classical_mass=model.classical_mass,
            quantum_mass=model.quantum_mass,
            friction=model.friction,
            classical_diffusion=model.diffusion,
            quantum_diffusion=model.hbar**2 * float(lam) ** 2 * model.D0,
        )

    def in_own_units(self) -> tuple[CoupledOscillators, OscillatorUnits]:
        """The same oscillators in units in which their numbers are of order one, and those units."""
        mass = power_of_two(math.sqrt(self.classical_mass) * math.sqrt(self.quantum_mass))
        stiffest = max(abs(self.k_C), abs(self.k_Q), abs(self.lam))
        rate = power_of_two(math.sqrt(stiffest / mass) or self.friction / mass)
        units = OscillatorUnits(mass, rate, power_of_two(max(self.classical_diffusion, self.quantum_diffusion)))
        springs = {name: getattr(self, name) / mass / rate**2 for name in ("k_C", "k_Q", "lam")}
        own = CoupledOscillators(
            **springs,
            classical_mass=self.classical_mass / mass,
            quantum_mass=self.quantum_mass / mass,
            friction=self.friction / mass / rate,
            classical_diffusion=self.classical_diffusion / units.diffusion,
            quantum_diffusion=self.quantum_diffusion / units.diffusion,
        )
        return own, units

    @property
    def process(self) -> LinearModel:
        """Drift and diffusion matrices of (q, p, x, y), eq (16)."""
        drift = [
            [0, -1 / self.classical_mass, 0, 0],
            [self.k_C + self.lam, self.friction / self.classical_mass, -self.lam, 0],
            [0, 0, 0, -1 / self.quantum_mass],
            [-self.lam, 0, self.k_Q + self.lam, 0],
        ]
        return LinearModel(
            np.array(drift), np.diag([0, self.classical_diffusion, 0, self.quantum_diffusion]), np.zeros(4)
        )

    @property
    def determinant(self) -> float:
        """``K = k_C k_Q + lam (k_C + k_Q)``, the determinant of the curvature; positive when the potential confines."""
        return self.k_C * self.k_Q + self.lam * (self.k_C + self.k_Q)

    @property
    def characteristic_polynomial(self) -> np.ndarray:
        """Coefficients of det(s + A) from s^4 down, shape (5,), eq (17)."""
        mass = self.classical_mass * self.quantum_mass
        return np.array(
            [
                1.0,
                self.friction / self.classical_mass,
                (self.k_C + self.lam) / self.classical_mass + (self.k_Q + self.lam) / self.quantum_mass,
                self.friction * (self.k_Q + self.lam) / mass,
                self.determinant / mass,
            ]
        )

    @property
    def routh_hurwitz(self) -> np.ndarray:
        """The quantities that must be positive for a steady state, shape (6,); the two conditions below eq (17).

        The four lower coefficients of eq (17), then ``a1 a2 - a3 = alpha (k_C + lam)/M**2`` and
        ``(a1 a2 - a3) a3 - a1**2 a4 = alpha**2 lam**2/(M**3 m)``.
        """
        own, units = self.in_own_units()
        return own._conditions * units.rate ** np.array([1, 2, 3, 4, 3, 6])

    @property
    def _conditions(self) -> np.ndarray:
        mass = self.classical_mass
        second = self.friction * (self.k_C + self.lam) / mass**2
        third = (self.friction * self.lam) ** 2 / (mass**3 * self.quantum_mass)
        return np.array([*self.characteristic_polynomial[1:], second, third])

    @property
    def is_stable(self) -> bool:
        """Whether a steady state exists, by the Routh-Hurwitz conditions."""
        return bool(np.all(self.in_own_units()[0]._conditions > 0))

    def classical_impedance(self, s: ArrayLike) -> np.ndarray:
        """``f(s) = M s**2 + alpha s + k_C``, the bare first oscillator under ``exp(s t)``; shape of s."""
        s = np.asarray(s)
        return self.classical_mass * s**2 + self.friction * s + self.k_C

    def quantum_impedance(self, s: ArrayLike) -> np.ndarray:
        """``g(s) = m s**2 + k_Q``, the bare second oscillator under ``exp(s t)``; shape of s."""
        return self.quantum_mass * np.asarray(s) ** 2 + self.k_Q


def steady_covariance(oscillators: CoupledOscillators) -> np.ndarray:
    """Steady covariance of (q, p, x, y) in closed form, eqs (20)-(27).

    Parameters
    ----------
    oscillators : CoupledOscillators
        Classical-classical or, with ``D_y = hbar**2 lam**2 D0``, hybrid.

    Returns
    -------
    ndarray (4, 4)

    Raises
    ------
    ModelError
        When there is no steady state.
    """
    _require_steady(oscillators)
    own, units = oscillators.in_own_units()
    return _covariance(own, own.quantum_diffusion / own.lam**2) * _covariance_units(units)


def hybrid_covariance(model: Model) -> np.ndarray:
    """Steady covariance of (q, p, x, y) of the hybrid oscillators in closed form, eqs (87)-(94).

    Parameters
    ----------
    model : Model
        Quadratic; linear terms are left out, they shift only the mean.

    Returns
    -------
    ndarray (4, 4)

    Raises
    ------
    ModelError
        For an anharmonic model, or when there is no steady state.
    """
    oscillators = CoupledOscillators.from_model(model)
    _require_steady(oscillators)
    own, units = oscillators.in_own_units()
    action = units.diffusion / (units.mass * units.rate**2)
    kick = (model.hbar / action) ** 2 * (model.D0 * units.diffusion)
    return _covariance(own, kick) * _covariance_units(units)


def _covariance_units(units: OscillatorUnits) -> np.ndarray:
    """Units of the entries, shape (4, 4)."""
    momentum = math.sqrt(units.diffusion) / math.sqrt(units.rate)
    sizes = np.array([momentum / (units.mass * units.rate), momentum] * 2)
    return np.outer(sizes, sizes)


def _covariance(o: CoupledOscillators, kick: float) -> np.ndarray:
    """Eqs (20)-(27) with ``D_y = lam**2 kick`` put in, so that no power of lam is left in a denominator: (87)-(94)."""
    D, alpha, lam, K = o.classical_diffusion, o.friction, o.lam, o.determinant
    M, m, k1, k2 = o.classical_mass, o.quantum_mass, o.k_C + o.lam, o.k_Q + o.lam
    qq = (D * k2 + lam**2 * kick * k1) / (2 * alpha * K)
    pp = M * (D * m + lam**2 * kick * M) / (2 * alpha * m)
    xx = D * m**2 * k1 + kick * (K * (M**2 * k2 - 2 * M * m * k1 + alpha**2 * m) + m**2 * k1**3)
    xx /= 2 * alpha * m**2 * K
    yy = D * m**2 + kick * ((M * k2 - m * k1) ** 2 + M * m * lam**2 + alpha**2 * m * k2)
    yy /= 2 * alpha * m
    qx = lam * (D * m - kick * M * K + kick * m * k1**2) / (2 * alpha * m * K)
    qy = -lam * kick / 2
    px = lam * kick * M / (2 * m)
    py = lam * kick * M * (m * k1 - M * k2) / (2 * alpha * m)
    return np.array([[qq, 0, qx, qy], [0, pp, px, py], [qx, px, xx, 0], [qy, py, 0, yy]])


def _require_steady(o: CoupledOscillators) -> None:
    if not o.is_stable:
        conditions = ", ".join(f"{value:.6g}" for value in o.routh_hurwitz)
        raise ModelError("oscillators", "positive Routh-Hurwitz conditions for a steady state", conditions)


def spectra(oscillators: CoupledOscillators, w: ArrayLike) -> np.ndarray:
    """Spectra of the positions (q, x) in closed form, eqs (33)-(38) with (40)-(41).

    ``S_ij(w) = integral exp(-i w tau) <z_i(t + tau) z_j(t)> dtau``. With f and g the impedances at ``s = i w`` and
    ``Delta = (f + lam)(g + lam) - lam**2``:
    ``S_qq = (D |g + lam|**2 + D_y lam**2)/|Delta|**2``, ``S_xx = (D lam**2 + D_y |f + lam|**2)/|Delta|**2``,
    ``S_qx = lam (D (g + lam) + D_y (f + lam)^*)/|Delta|**2``.

    Parameters
    ----------
    oscillators : CoupledOscillators
    w : array_like (...)
        Angular frequencies.

    Returns
    -------
    ndarray (..., 2, 2), complex
    """
    o, units = oscillators.in_own_units()
    f, g, delta = _dressed(o, np.asarray(w, dtype=float) / units.rate)
    D, D_y = o.classical_diffusion, o.quantum_diffusion
    qq = D * np.abs(g) ** 2 + D_y * o.lam**2
    xx = D * o.lam**2 + D_y * np.abs(f) ** 2
    qx = o.lam * (D * g + D_y * np.conj(f))
    values = _pairs(qq, qx, np.conj(qx), xx) / (np.abs(delta) ** 2)[..., None, None]
    return units.correlator / units.rate * values


def susceptibilities(oscillators: CoupledOscillators, w: ArrayLike) -> np.ndarray:
    """Retarded response of the positions (q, x) to forces on them in closed form, cf. eqs (33)-(38).

    ``chi_qq = (g + lam)/Delta``, ``chi_xx = (f + lam)/Delta``, ``chi_qx = chi_xq = lam/Delta`` in the notation of
    :func:`spectra`, under the same Fourier convention.

    Parameters and shape are those of :func:`spectra`.
    """
    o, units = oscillators.in_own_units()
    f, g, delta = _dressed(o, np.asarray(w, dtype=float) / units.rate)
    cross = np.full_like(f, o.lam)
    return units.response / units.rate * _pairs(g, cross, cross, f) / delta[..., None, None]


def _dressed(o: CoupledOscillators, w: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Impedances with the coupling spring added, and Delta of eqs (40)-(41), at s = i w."""
    s = 1j * np.asarray(w, dtype=float)
    f, g = o.classical_impedance(s) + o.lam, o.quantum_impedance(s) + o.lam
    return f, g, f * g - o.lam**2


def _pairs(qq: np.ndarray, qx: np.ndarray, xq: np.ndarray, xx: np.ndarray) -> np.ndarray:
    """Stack four arrays (...) into (..., 2, 2)."""
    return np.stack([np.stack([qq, qx], axis=-1), np.stack([xq, xx], axis=-1)], axis=-2)
