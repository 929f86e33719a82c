"""Everything a result reports of W at one moment, by the names of :mod:`wignercq.results.variables`."""

from __future__ import annotations

from typing import Any

from wignercq.observables.energies import Energies, occupation
from wignercq.observables.resolution import Look


def row_of(look: Look, energies: Energies) -> dict[str, Any]:
    """Observables of one moment, numbers and arrays."""
    marginals, model = look.marginals, energies.model
    parts = energies.classical(marginals), energies.quantum(marginals), energies.interaction(marginals)
    return {
        "norm": marginals.norm,
        "mean": marginals.mean,
        "covariance": marginals.covariance,
        "energy": sum(parts),
        "energy_classical": parts[0],
        "energy_quantum": parts[1],
        "energy_interaction": parts[2],
        "energy_left_out": energies.left_out(marginals),
        "purity": marginals.purity(model.hbar),
        "negativity": marginals.negativity,
        "occupation": occupation(model, marginals),
        "edge_mass": look.edge,
        "spectral_tail": look.tail,
    }
