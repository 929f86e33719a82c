"""The master equation between number states, as one would write it with QuTiP's operators.

Three oscillator modes carry the state: q and p expand the density in Hermite functions, x the Hilbert space,

    rho(q, p) = sum_ab phi_a(q) phi_b(p) rho_ab,   a < q_levels, b < p_levels,

so that multiplication and derivatives are ladder operators, eqs (3)-(5) of arXiv:2510.07402 are one complex sparse
matrix of Kronecker products, and time is an ordinary differential equation. Unlike the weighted expansion of
:mod:`support.reference.hermite_galerkin` this one converges for every smooth density.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sps
from support.reference.cases import Case
from support.reference.hermite_galerkin import System
from support.reference.schroedinger import gaussian_packet

Array = np.ndarray
PAD = 8  # extra levels while products of operators are formed, so that the kept block of them is exact


@dataclass(frozen=True, kw_only=True)
class Mode:
    """Number states of an oscillator: `levels` Hermite functions of ``(z - centre)/length``."""

    levels: int
    centre: float = 0.0
    length: float

    def _ladder(self) -> tuple[Array, Array]:
        lower = np.diag(np.sqrt(np.arange(1, self.levels + PAD) / 2), 1)
        eye = np.eye(self.levels + PAD)
        return self.centre * eye + self.length * (lower + lower.T), (lower - lower.T) / self.length

    def operator(self, powers: int = 0, derivatives: int = 0) -> Array:
        """(d/dz)^derivatives z^powers, shape (levels, levels)."""
        z, d = self._ladder()
        product = np.linalg.matrix_power(d, derivatives) @ np.linalg.matrix_power(z, powers)
        return product[: self.levels, : self.levels]

    def polynomial(self, coefficients: Mapping[int, float]) -> Array:
        """The sum of ``c z^j`` over {j: c}, shape (levels, levels)."""
        return sum((c * self.operator(j) for j, c in coefficients.items()), start=np.zeros((self.levels,) * 2))

    def functions(self, z: Array) -> Array:
        """The Hermite functions at points z, shape (levels, *z.shape)."""
        u = (np.asarray(z) - self.centre) / self.length
        phi = [np.exp(-(u**2) / 2) / (np.pi**0.25 * np.sqrt(self.length))]
        for n in range(self.levels - 1):
            below = phi[n - 1] if n else 0.0
            phi.append((np.sqrt(2) * u * phi[n] - np.sqrt(n) * below) / np.sqrt(n + 1))
        return np.array(phi)

    def coefficients(self, z: Array, values: Array) -> Array:
        """Overlaps with a function given at equidistant points, shape (levels,)."""
        return self.functions(z) @ values * (z[1] - z[0])


@dataclass(frozen=True, kw_only=True)
class NumberBasis:
    """The three modes; a state has shape (q levels * p levels, x levels, x levels)."""

    q: Mode
    p: Mode
    x: Mode

    @property
    def size(self) -> int:
        """Number of complex unknowns."""
        return self.q.levels * self.p.levels * self.x.levels**2

    def classical_functions(self, q: Array, p: Array) -> Array:
        """phi_a(q) phi_b(p) on the product of points, shape (q levels * p levels, nq * np)."""
        product = np.einsum("aq,bp->abqp", self.q.functions(q), self.p.functions(p))
        return product.reshape(self.q.levels * self.p.levels, -1)

    def initial_state(self, case: Case) -> Array:
        """The case's Gaussian product state."""
        z = np.linspace(-12.0, 12.0, 4001)
        parts = []
        for mode, mean, variance in zip((self.q, self.p), case.mean, case.variances, strict=False):
            density = np.exp(-((z - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
            parts.append(mode.coefficients(z, density))
        psi = self.x.coefficients(
            z, gaussian_packet(case.mean[2], case.mean[3], case.variances[2], case.system.hbar)(z)
        )
        return np.multiply.outer(np.outer(*parts).reshape(-1), np.outer(psi, psi.conj()))


def generator(system: System, basis: NumberBasis) -> sps.csr_array:
    """The complex sparse matrix of d rho/dt, eqs (3)-(5), shape (size, size)."""
    q, p, x = basis.q.operator, basis.p.operator, basis.x
    eye = sps.eye_array(x.levels)

    def left(matrix: Array) -> sps.csr_array:
        return sps.kron(sps.csr_array(matrix), eye, format="csr")

    def right(matrix: Array) -> sps.csr_array:
        return sps.kron(eye, sps.csr_array(matrix.T), format="csr")

    def term(on_q: Array, on_p: Array, on_x: sps.csr_array) -> sps.csr_array:
        return sps.kron(sps.kron(sps.csr_array(on_q), sps.csr_array(on_p)), on_x, format="csr")

    one_x = sps.eye_array(x.levels**2, format="csr")
    slope = {i - 1: i * c for i, c in enumerate(system.classical_potential) if i and c}
    damping = system.friction / system.classical_mass
    total = term(-q(0, 1), p(1), one_x) / system.classical_mass
    total = total + term(basis.q.polynomial(slope), p(0, 1), one_x)
    total = total + term(q(), damping * p(1, 1) + system.diffusion / 2 * p(0, 2), one_x)

    kinetic = -(system.hbar**2) / (2 * system.quantum_mass) * x.operator(0, 2)
    energy = kinetic + x.polynomial(dict(enumerate(system.quantum_potential)))
    for i, matrix in [(0, energy), *((i, c * x.operator(j)) for (i, j), c in system.interaction.items() if j)]:
        total = total + term(q(i), p(), (left(matrix) - right(matrix)) * (-1j / system.hbar))

    forces = {i: x.polynomial(row) for i, row in system.back_action.items()}
    for i, force in forces.items():
        total = total + term(q(i), p(0, 1), (left(force) + right(force)) / 2)
        for k, other in forces.items():
            double = (left(force) - right(force)) @ (left(other) - right(other))
            total = total + term(q(i + k), p(), double * (-system.decoherence / 2))
    total.eliminate_zeros()
    return total
