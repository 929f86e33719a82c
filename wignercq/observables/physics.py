"""Everything that thermodynamics and information theory say of one W, for any model, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wignercq.errors import ModelError
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.observables.energies import Energies, occupation
from wignercq.observables.entropy import entropy_flux, entropy_production
from wignercq.observables.gibbs import classical_gibbs, total_variation
from wignercq.observables.heat import Currents, heat_flows, temperatures
from wignercq.observables.information import (
    PAIRS,
    block_information,
    holevo_information,
    pair_correlations,
    pair_information,
    quantum_entropy,
)
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
    "power_of_drive": "energy per time from potentials that depend on time, <d_t V>",
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
    "correlation_qx": "cov(q, x) over the widths of q and x",
    "correlation_qy": "cov(q, y) over the widths of q and y",
    "correlation_px": "cov(p, x) over the widths of p and x",
    "correlation_py": "cov(p, y) over the widths of p and y",
}
#: What is computed together, by the property of :class:`Physics` that does it.
GROUPS = {
    "temperatures": ("occupation", "temperature_classical", "temperature_quantum", "temperature_occupation"),
    "heat": ("heat_from_bath", "heat_from_decoherence", "work_on_classical", "work_on_quantum"),
    "driving": ("power_of_drive",),
    "production": tuple(
        f"entropy_production{part}" for part in ("", "_momentum", "_decoherence", "_leading", "_left_out")
    ),
    "flux": ("entropy_flux",),
    "classical_distance": ("gibbs_distance_classical",),
    "distance": ("gibbs_distance",),
    "entropy": ("von_neumann_entropy",),
    "conditional": (
        *(f"conditional_{what}" for what in ("entropy", "purity", "negativity", "left_out")),
        "holevo_information",
    ),
    "blocks": ("mutual_information_blocks",),
    "pairs": tuple(f"mutual_information_{a}{b}" for a, b in PAIRS),
    "correlations": tuple(f"correlation_{a}{b}" for a, b in PAIRS),
}
#: Names that marginals alone tell: as quick as the observables of every run.
OF_MARGINALS = frozenset(
    name for group in ("temperatures", "driving", "flux", "entropy", "pairs", "correlations") for name in GROUPS[group]
)


@dataclass(eq=False)
class Physics:
    """The numbers of :data:`MEANINGS` of one W, computed when they are asked for: ``physics["entropy_flux"]``.

    Parameters
    ----------
    W : callable
        Gives W as a sequence of slabs; not called for the names :data:`OF_MARGINALS`.
    gibbs, floor, time
        As for :func:`physics_of`.
    """

    model: Model
    grid: Grid
    marginals: Marginals
    W: Callable[[], Sequence[np.ndarray]]
    gibbs: Callable[[int, np.ndarray], None] | None = None
    floor: float | None = None
    time: float = 0.0

    def __post_init__(self) -> None:
        self._driven, self.model = self.model, self.model.at(self.time)

    def __getitem__(self, name: str) -> float:
        group = next((group for group, names in GROUPS.items() if name in names), None)
        if group is None:
            raise KeyError(name)
        return dict(zip(GROUPS[group], getattr(self, group), strict=True))[name]

    @cached_property
    def temperatures(self) -> tuple[float, ...]:
        """Occupation and temperatures."""
        return occupation(self.model, self.marginals), *temperatures(self.model, self.marginals)

    @cached_property
    def heat(self) -> tuple[float, ...]:
        """Heat and work, per time; NaN with a bath of the quantum particle, further noises or thermal dynamics."""
        if not self.model.is_paper or self.model.is_thermal:
            return (math.nan,) * len(GROUPS["heat"])
        return tuple(heat_flows(self.model, self.marginals, Currents.of(self.W(), self.grid)))

    @cached_property
    def driving(self) -> tuple[float, ...]:
        """Power of a drive."""
        return (Energies(self._driven, self.grid, self.time).power(self.marginals),)

    @cached_property
    def production(self) -> tuple[float, ...]:
        """Entropy production, its parts and what is left out; NaN as of heat."""
        if not self.model.is_paper:
            return (math.nan,) * len(GROUPS["production"])
        found = entropy_production(self.W(), self.model, self.grid, floor=self.floor)
        return found.total, found.momentum, found.decoherence, found.decoherence_leading, found.left_out

    @cached_property
    def flux(self) -> tuple[float, ...]:
        """Entropy flux; NaN as of heat."""
        if not self.model.is_paper:
            return (math.nan,)
        return (entropy_flux(self.model, self.marginals),)

    @cached_property
    def classical_distance(self) -> tuple[float, ...]:
        """Distance from two classical particles; NaN without friction, or where potentials do not confine."""
        try:
            gibbs = classical_gibbs(self.model, self.grid, self.model.bath_temperature)
            return (total_variation(self.W(), gibbs, self.grid),)
        except ModelError:
            return (math.nan,)

    @cached_property
    def distance(self) -> tuple[float, ...]:
        """Distance from the hybrid Gibbs state."""
        return (math.nan if self.gibbs is None else total_variation(self.W(), self.gibbs, self.grid),)

    @cached_property
    def entropy(self) -> tuple[float, ...]:
        """Entropy of the reduced quantum state."""
        return (quantum_entropy(self.marginals, hbar=self.model.hbar),)

    @cached_property
    def conditional(self) -> tuple[float, ...]:
        """What holds of the quantum states given (q, p)."""
        found = holevo_information(self.W(), self.marginals, hbar=self.model.hbar)
        averages = found.conditional_entropy, found.conditional_purity, found.conditional_negativity, found.left_out
        return *averages, found.information

    @cached_property
    def blocks(self) -> tuple[float, ...]:
        """Mutual information of the two phase-space densities."""
        return (block_information(self.W(), self.marginals),)

    @cached_property
    def pairs(self) -> tuple[float, ...]:
        """Mutual information of pairs of variables."""
        return tuple(pair_information(self.marginals).values())

    @cached_property
    def correlations(self) -> tuple[float, ...]:
        """Correlation coefficients of pairs of variables."""
        return tuple(pair_correlations(self.marginals).values())


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
    time: float = 0.0,
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
    time : float
        Of W, at which potentials that depend on it are taken.

    Returns
    -------
    dict of str to float
        The keys of :data:`MEANINGS`, in this order. A number that does not exist for a model is NaN.
    """
    known = Marginals.of(W, grid) if marginals is None else marginals
    physics = Physics(model, grid, known, lambda: W, gibbs, floor, time)
    return {name: physics[name] for name in MEANINGS}
