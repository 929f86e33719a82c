"""Everything that thermodynamics and information theory say of one W, for any model, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from wignercq.errors import ModelError
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.observables.energies import occupation
from wignercq.observables.entropy import entropy_flux, entropy_production
from wignercq.observables.gibbs import classical_gibbs, total_variation
from wignercq.observables.heat import Currents, heat_flows, temperatures
from wignercq.observables.information import block_information, holevo_information, pair_information
from wignercq.observables.marginals import Marginals

#: The names of :func:`physics_of` and their meaning.
MEANINGS = {
    "occupation": "n of the reduced quantum state, n + 1/2 = <H_Q>/(hbar w_Q); NaN if V_Q is not a harmonic well",
    "temperature_classical": "<p**2>/M",
    "temperature_quantum": "<y**2>/m",
    "temperature_occupation": "hbar w_Q/ln(1 + 1/n); NaN if V_Q is not a harmonic well",
    "heat_from_bath": "energy per time from the bath to the classical particle, D2/(2M) - (alpha/M**2) <p**2>",
    "heat_from_decoherence": "energy per time to the quantum particle, (D0 hbar**2/(2m)) <(d_x d_q V_I)**2>",
    "work_on_classical": "energy per time from V_I to the classical particle, -<(p/M) d_q V_I>",
    "work_on_quantum": "energy per time from V_I to the quantum particle, -<(y/m) d_x V_I>",
    "entropy_production": "rate, by friction and noise of p and by decoherence",
    "entropy_production_momentum": "rate by friction and noise of p, (2/D2) <(J_p/W)**2>",
    "entropy_production_decoherence": "rate by decoherence, its exact current times -d_y ln W",
    "entropy_production_leading": "rate by decoherence to leading order in hbar, <(D_y/2) (d_y ln W)**2>",
    "entropy_production_left_out": "integral of |W| where W is not above its errors",
    "entropy_flux": "rate to the bath, heat over temperature",
    "gibbs_distance_classical": "integral of |W - exp(-H/T)/Z|/2 of two classical particles at the bath's temperature",
    "gibbs_distance": "integral of |W - W'|/2 from the hybrid Gibbs state at the bath's temperature",
    "von_neumann_entropy": "S(rho_Q) of the reduced quantum state",
    "conditional_entropy": "mean of S(rho_qp) of the quantum state given (q, p)",
    "conditional_purity": "mean of Tr rho_qp**2",
    "conditional_negativity": "mean of the sum of moduli of negative eigenvalues of rho_qp",
    "conditional_left_out": "share of the density of (q, p) too thin for a conditional state",
    "holevo_information": "of (q, p) on the quantum state, S(rho_Q) - <S(rho_qp)>",
    "mutual_information_blocks": "of (q, p) with (x, y) as phase-space densities",
    "mutual_information_qx": "of q with x",
    "mutual_information_qy": "of q with y",
    "mutual_information_px": "of p with x",
    "mutual_information_py": "of p with y",
}


def units(name: str) -> str:
    """In what a number of :data:`MEANINGS` is measured; empty for a pure number."""
    if name.startswith(("entropy_production_left_out", "gibbs", "conditional", "occupation")):
        return "nats" if name == "conditional_entropy" else ""
    if name.startswith("entropy"):
        return "nats per model unit of time"
    return "nats" if name.startswith(("von_neumann", "holevo", "mutual")) else "model units"


def physics_of(
    W: Sequence[np.ndarray],
    model: Model,
    grid: Grid,
    *,
    gibbs: Callable[[int, np.ndarray], None] | None = None,
    floor: float | None = None,
    marginals: Marginals | None = None,
) -> dict[str, float]:
    """Temperatures, heat flows, entropy production, distances from Gibbs states and information of W, by name.

    Energies are in the units of the model, entropies in nats; :data:`MEANINGS` says what each number is.

    Parameters
    ----------
    W : array or sequence of slabs, shape ``grid.shape``
        ``W[i]`` is the slab of the i-th q; read seven times, one slab at a time.
    gibbs : callable, optional
        ``write(i, out)`` writes a slab of the hybrid Gibbs state, ``wignercq.states.gibbs(model).slab(grid)``, which
        raises StateError for a model without one; without it the distance is NaN.
    floor : float, optional
        Of W that counts in the entropy production (:func:`wignercq.observables.entropy.entropy_production`).
    marginals : Marginals, optional
        Of W, if they are known.

    Returns
    -------
    dict of str to float
        The keys of :data:`MEANINGS`, in this order. A number that does not exist for a model is NaN.
    """
    known = Marginals.of(W, grid) if marginals is None else marginals
    warmth = temperatures(model, known)
    heat = heat_flows(model, known, Currents.of(W, grid))
    entropy = entropy_production(W, model, grid, floor=floor)
    holevo = holevo_information(W, known, hbar=model.hbar)
    return {
        "occupation": occupation(model, known),
        "temperature_classical": warmth.classical,
        "temperature_quantum": warmth.quantum,
        "temperature_occupation": warmth.occupation,
        "heat_from_bath": heat.bath,
        "heat_from_decoherence": heat.decoherence,
        "work_on_classical": heat.work_on_classical,
        "work_on_quantum": heat.work_on_quantum,
        "entropy_production": entropy.total,
        "entropy_production_momentum": entropy.momentum,
        "entropy_production_decoherence": entropy.decoherence,
        "entropy_production_leading": entropy.decoherence_leading,
        "entropy_production_left_out": entropy.left_out,
        "entropy_flux": entropy_flux(model, known),
        "gibbs_distance_classical": _classical_distance(W, model, grid),
        "gibbs_distance": math.nan if gibbs is None else total_variation(W, gibbs, grid),
        "von_neumann_entropy": holevo.entropy,
        "conditional_entropy": holevo.conditional_entropy,
        "conditional_purity": holevo.conditional_purity,
        "conditional_negativity": holevo.conditional_negativity,
        "conditional_left_out": holevo.left_out,
        "holevo_information": holevo.information,
        "mutual_information_blocks": block_information(W, known),
        **{f"mutual_information_{pair}": value for pair, value in pair_information(known).items()},
    }


def _classical_distance(W: Sequence[np.ndarray], model: Model, grid: Grid) -> float:
    """NaN where there is no such state: without friction, or without potentials that confine."""
    try:
        return total_variation(W, classical_gibbs(model, grid, model.bath_temperature), grid)
    except ModelError:
        return math.nan
