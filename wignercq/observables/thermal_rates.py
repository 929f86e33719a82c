"""Rates of energy and entropy under the dynamics that keep the thermal state, from second moments of W.

With ``xi = x - x0(q)`` and the names of :mod:`wignercq.model.thermal`, the equation being one of Fokker and Planck in
(q, p, x, y) with one noise of p and x and another one of y,

    d<H>/dt = D2/(2M) - (alpha/M**2) <p**2> + (c (1 - S)/M) <p xi>
              + D_y/(2m) - (g_y/m) <y**2> + A D_x/2 - g_x A <xi**2>

and for ``E = -ln W_T``, W_T being the thermal state, which its decrease makes the entropy that goes to the bath,

    -d<E>/dt = gamma (<p**2>/(M k_B T) - 1) + g_y (<y**2>/s_y - 1) + g_x (<xi**2>/s_x - 1)
               + (hbar c kappa/(2 M s_x k_B T)) <p xi>,               s_x = <xi**2>_T,   s_y = <y**2>_T
"""

from __future__ import annotations

import numpy as np

from wignercq.model.model import Model
from wignercq.model.thermal import thermal_terms
from wignercq.observables.marginals import Marginals


def energy_rate(model: Model, marginals: Marginals) -> float:
    """d<H>/dt."""
    terms, (pp, p_xi, xi_xi, yy) = thermal_terms(model), _moments(model, marginals)
    M, m = model.classical_mass, model.quantum_mass
    classical = model.diffusion / (2 * M) - model.friction / M**2 * pp + terms.coupling * (1 - terms.S) / M * p_xi
    of_y = terms.diffusion_y / (2 * m) - terms.friction_y / m * yy
    return classical + of_y + terms.stiffness * (terms.noise_x**2 / 2 - terms.friction_x * xi_xi)


def entropy_flux(model: Model, marginals: Marginals) -> float:
    """-d<E>/dt: the entropy production less the change of ``-integral of W ln W``; nats per time."""
    terms, (pp, p_xi, xi_xi, yy) = thermal_terms(model), _moments(model, marginals)
    M, T = model.classical_mass, model.bath_temperature
    of_p = model.damping_rate * (pp / (M * T) - 1)
    of_y = terms.friction_y * (yy / terms.variance_y - 1)
    of_x = terms.friction_x * (xi_xi / terms.variance_x - 1)
    mixed = model.hbar * terms.coupling * terms.kappa / (2 * M * terms.variance_x * T)
    return of_p + of_y + of_x + mixed * p_xi


def _moments(model: Model, marginals: Marginals) -> tuple[float, float, float, float]:
    """<p**2>, <p xi>, <xi**2> and <y**2>."""
    terms = thermal_terms(model)
    mean, square = marginals.mean, marginals.covariance + np.outer(marginals.mean, marginals.mean)
    along = np.array([-terms.slope, 0.0, 1.0, 0.0])  # xi, but for the offset
    xi_xi = along @ square @ along - 2 * terms.offset * float(along @ mean) + terms.offset**2
    return float(square[1, 1]), float(along @ square[1] - terms.offset * mean[1]), float(xi_xi), float(square[3, 3])
