"""Anharmonic problems with reference moments, solved when asked for by the Galerkin code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from support.reference.hermite_galerkin import (
    Basis,
    Expectation,
    Moments,
    System,
    evolve,
    fock_coefficients,
    gaussian_density,
    product_state,
)
from support.reference.schroedinger import gaussian_packet, wigner_of_matrix

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Case:
    """A system, the Gaussian product state it starts from, output times, and two bases that must agree.

    The state has mean (q, p, x, y) and covariance diag(variances); var_x var_y = hbar^2/4, so the quantum part is pure.
    """

    system: System
    mean: tuple[float, float, float, float]
    variances: tuple[float, float, float, float]
    times: tuple[float, ...]
    basis: Basis
    finer_basis: Basis

    @property
    def classical_formula(self) -> str:
        """V_C(q) as text, with numbers."""
        return _formula((c, f"q**{i}") for i, c in enumerate(self.system.classical_potential))

    @property
    def quantum_formula(self) -> str:
        """V_Q(x) as text, with numbers."""
        return _formula((c, f"x**{j}") for j, c in enumerate(self.system.quantum_potential))

    @property
    def interaction_formula(self) -> str:
        """V_I(q, x) as text, with numbers."""
        return _formula((c, f"q**{i}*x**{j}") for (i, j), c in self.system.interaction.items())

    def initial_state(self, basis: Basis) -> Array:
        """Coefficients of the initial state in `basis`, shape (pairs, levels, levels)."""
        packet = gaussian_packet(self.mean[2], self.mean[3], self.variances[2], self.system.hbar)
        density = gaussian_density(basis, self.mean[:2], np.diag(self.variances[:2]))
        return product_state(density, fock_coefficients(basis, packet))

    def solve(self, basis: Basis | None = None) -> tuple[list[Moments], Array]:
        """Moments at the output times and the last state (pairs, levels, levels), in `basis` or the case's own."""
        basis = basis or self.basis
        return evolve(self.system, basis, self.initial_state(basis), self.times)

    def reference(self) -> list[Moments]:
        """Moments at the output times, in the case's own basis."""
        return self.solve()[0]

    def wigner_xy(self, state: Array, x: Array, y: Array, *, q_power: int = 0, p_power: int = 0) -> Array:
        """Integral of q^i p^k W(q, p, x, y) over q and p on points x and y, from a state in the case's own basis."""
        matrix = Expectation(self.basis, state).conditional(q_power, p_power)
        return wigner_of_matrix(matrix, self.basis.fock_functions, x, y, hbar=self.system.hbar, reach=12.0)


def _formula(terms: Iterable[tuple[float, str]]) -> str:
    return " + ".join(f"{c!r}*{monomial}" for c, monomial in terms if c) or "0"


def _case(
    *,
    quantum_potential: tuple[float, ...],
    interaction: dict[tuple[int, int], float],
    classical_potential: tuple[float, ...] = (0.0, 0.0, 0.45),
    times: tuple[float, ...],
    degree: int = 12,
    q_width: float = 0.8,
    friction: float = 0.35,
    diffusion: float = 0.6,
) -> Case:
    """hbar = 0.7, M = 1.6, m = 0.8, 4 D0 D2 = 1.5, one displaced initial state."""
    hbar = 0.7
    system = System(
        classical_potential=classical_potential,
        quantum_potential=quantum_potential,
        interaction=interaction,
        classical_mass=1.6,
        quantum_mass=0.8,
        hbar=hbar,
        friction=friction,
        diffusion=diffusion,
        decoherence=1.5 / (4 * diffusion),
    )

    def basis(degree: int, levels: int) -> Basis:
        return Basis(
            degree=degree,
            levels=levels,
            q_centre=0.0,
            q_width=q_width,
            p_centre=0.0,
            p_width=1.0,
            x_centre=0.0,
            x_length=0.62,
        )

    return Case(
        system=system,
        mean=(0.6, -0.4, 0.8, 0.3),
        variances=(0.35, 0.5, 0.3, hbar**2 / 4 / 0.3),
        times=times,
        basis=basis(degree, 24),
        finer_basis=basis(degree + 4, 28),
    )


def quartic_case() -> Case:
    """Quartic V_Q, bilinear coupling: V_C = 0.45 q^2, V_Q = 0.65 x^2 + 0.0625 x^4, V_I = 0.25 (q - x)^2."""
    return _case(
        quantum_potential=(0.0, 0.0, 0.65, 0.0, 0.0625),
        interaction={(2, 0): 0.25, (1, 1): -0.5, (0, 2): 0.25},
        times=(1.0, 2.0, 3.0),
    )


def nonlinear_coupling_case() -> Case:
    """Decoherence that is not diffusion: V_I = 0.15 q x^2 + 0.4 q x, V_C = 0.45 q^2, V_Q = 0.65 x^2 + 0.03 x^4."""
    return _case(
        quantum_potential=(0.0, 0.0, 0.65, 0.0, 0.03),
        interaction={(1, 2): 0.15, (1, 1): 0.4},
        times=(0.5, 1.0, 1.5),
    )


def anharmonic_case() -> Case:
    """Everything at once, L depending on q: V_C and V_Q quartic, V_I = 0.1 q^2 x + 0.12 q x^2 - 0.3 q x."""
    return _case(
        classical_potential=(0.0, 0.1, 0.45, 0.04, 0.03),
        quantum_potential=(0.0, -0.2, 0.65, 0.05, 0.04),
        interaction={(2, 1): 0.1, (1, 2): 0.12, (1, 1): -0.3},
        times=(0.4, 0.8, 1.2),
        degree=14,
        q_width=0.7,
    )


def overdamped_case() -> Case:
    """Friction ten times faster than anything else: V_C and V_Q quartic, V_I = 0.12 q x^2 - 0.3 q x."""
    return _case(
        classical_potential=(0.0, 0.1, 0.45, 0.0, 0.03),
        quantum_potential=(0.0, 0.0, 0.65, 0.0, 0.04),
        interaction={(1, 2): 0.12, (1, 1): -0.3},
        times=(0.5, 1.0, 1.5),
        friction=16.0,
        diffusion=20.0,
    )
