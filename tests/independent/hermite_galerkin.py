"""Sparse Galerkin solver of the hybrid master equation for polynomial potentials, in an operator basis.

The unknown is the operator-valued density rho(q, p) of eq (3) of arXiv:2510.07402, never the Wigner function:

    rho(q, p) = sum_{a+b <= degree} h_a(xi) h_b(eta) w(xi) w(eta) rho_ab,   xi = (q - q0)/s_q,  eta = (p - p0)/s_p

with h_n = He_n/sqrt(n!), w the unit Gaussian weight, and rho_ab matrices between the Fock states of an oscillator.
This one-sided expansion is chosen over the symmetric one because d_p and d_q only raise the degree: the norm is
conserved exactly, a moment of degree n needs the coefficients up to degree n alone, and the truncation is felt by
the low moments only through the back-action V_I. It converges where the density falls faster than
exp(-xi^2/4), so the widths must exceed the largest standard deviation over sqrt(2).

Fock matrices of x^n and y^2 are real, hence with rho = R + i S (R symmetric, S antisymmetric) the real matrix
Z = R + S obeys a real linear equation: -(i/hbar)[H, rho] becomes -(1/hbar)[H, Z^T].
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sps
from scipy.integrate import solve_ivp
from scipy.special import roots_hermite

Array = np.ndarray
PAD = 12  # extra basis functions, so that matrix elements of powers up to 12 are exact


@dataclass(frozen=True, kw_only=True)
class System:
    """Polynomial Hamiltonian and noise; V_C and V_Q by rising powers, V_I as {(i, j): coefficient of q^i x^j}."""

    classical_potential: tuple[float, ...]
    quantum_potential: tuple[float, ...]
    interaction: Mapping[tuple[int, int], float]
    classical_mass: float
    quantum_mass: float
    hbar: float
    friction: float
    diffusion: float
    decoherence: float

    @property
    def back_action(self) -> dict[int, dict[int, float]]:
        """L = d_q V_I as {power of q: {power of x: coefficient}}."""
        powers: dict[int, dict[int, float]] = {}
        for (i, j), c in self.interaction.items():
            if i:
                powers.setdefault(i - 1, {})[j] = i * c
        return powers


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Hermite functions of total degree <= `degree` in (q, p) times `levels` Fock states of length `x_length`."""

    degree: int
    levels: int
    q_centre: float
    q_width: float
    p_centre: float
    p_width: float
    x_centre: float
    x_length: float

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """The (a, b) kept, in the order of the first axis of a state."""
        return [(a, b) for a, b in itertools.product(range(self.degree + 1), repeat=2) if a + b <= self.degree]

    @cached_property
    def kept(self) -> Array:
        """Position of each pair in the full (degree + 1)^2 product."""
        return np.array([a * (self.degree + 1) + b for a, b in self.pairs])

    @property
    def size(self) -> int:
        """Number of real unknowns."""
        return len(self.pairs) * self.levels**2

    def polynomial(self, centre: float, width: float, power: int) -> Array:
        """Multiplication by z^power on the coefficients of one classical coordinate z, exact after truncation."""
        n = self.degree + 1 + PAD
        ladder = np.sqrt(np.arange(1, n))
        z = centre * np.eye(n) + width * (np.diag(ladder, 1) + np.diag(ladder, -1))
        return np.linalg.matrix_power(z, power)[: self.degree + 1, : self.degree + 1]

    def derivative(self, width: float) -> Array:
        """d/dz on the coefficients of one classical coordinate: it only raises the degree."""
        return -np.diag(np.sqrt(np.arange(1, self.degree + 1)), -1) / width

    def x_power(self, power: int) -> Array:
        """Fock matrix of x^power, exact after truncation, shape (levels, levels)."""
        n = self.levels + PAD
        ladder = np.sqrt(np.arange(1, n) / 2)
        x = self.x_centre * np.eye(n) + self.x_length * (np.diag(ladder, 1) + np.diag(ladder, -1))
        return np.linalg.matrix_power(x, power)[: self.levels, : self.levels]

    def y_power(self, power: int, hbar: float) -> Array:
        """Fock matrix of y^power, y = -i hbar d_x, shape (levels, levels), complex."""
        n = self.levels + PAD
        ladder = np.sqrt(np.arange(1, n) / 2)
        y = -1j * hbar / self.x_length * (np.diag(ladder, 1) - np.diag(ladder, -1))
        return np.linalg.matrix_power(y, power)[: self.levels, : self.levels]

    def fock_functions(self, x: Array) -> Array:
        """The real oscillator functions phi_n(x), shape (levels, *x.shape), by the stable recursion."""
        u = (np.asarray(x) - self.x_centre) / self.x_length
        phi = [np.exp(-(u**2) / 2) / (np.pi**0.25 * np.sqrt(self.x_length))]
        for n in range(self.levels - 1):
            below = phi[n - 1] if n else 0.0
            phi.append((np.sqrt(2) * u * phi[n] - np.sqrt(n) * below) / np.sqrt(n + 1))
        return np.array(phi)

    def hermite(self, xi: Array) -> Array:
        """He_n(xi)/sqrt(n!) for n = 0 .. degree, shape (degree + 1, *xi.shape)."""
        h = [np.ones_like(xi)]
        for n in range(self.degree):
            below = h[n - 1] if n else 0.0
            h.append((xi * h[n] - np.sqrt(n) * below) / np.sqrt(n + 1))
        return np.array(h)


def gaussian_density(basis: Basis, mean: Sequence[float], covariance: Array) -> Array:
    """Coefficients, shape (pairs,), of a normalised Gaussian in (q, p); exact, correlated or not."""
    nodes, weights = roots_hermite(basis.degree + 1)
    root = np.linalg.cholesky(np.asarray(covariance))
    u = np.sqrt(2) * np.stack(np.meshgrid(nodes, nodes, indexing="ij"))
    q, p = np.einsum("ij,jkl->ikl", root, u) + np.asarray(mean)[:, None, None]
    h_q = basis.hermite((q - basis.q_centre) / basis.q_width)
    h_p = basis.hermite((p - basis.p_centre) / basis.p_width)
    full = np.einsum("akl,bkl,k,l->ab", h_q, h_p, weights, weights) / np.pi
    return full.reshape(-1)[basis.kept]


def fock_coefficients(basis: Basis, wave_function: Callable[[Array], Array]) -> Array:
    """Coefficients <n|psi>, shape (levels,), of a wave function psi(x), by the trapezoidal rule on a wide interval."""
    reach = basis.x_length * (np.sqrt(2 * basis.levels + 1) + 8)
    x, step = np.linspace(basis.x_centre - reach, basis.x_centre + reach, 4001, retstep=True)
    return basis.fock_functions(x) @ wave_function(x) * step


def product_state(density: Array, quantum: Array) -> Array:
    """The state f(q, p) times a vector (levels,) or a density matrix (levels, levels); shape (pairs, levels, levels)."""
    matrix = np.outer(quantum, quantum.conj()) if quantum.ndim == 1 else quantum
    return density[:, None, None] * matrix


def generator(system: System, basis: Basis) -> sps.csr_array:
    """The real sparse matrix of dZ/dt, eqs (3)-(5), shape (size, size)."""
    n = basis.levels
    eye_q, eye_n = np.eye(basis.degree + 1), sps.eye_array(n)
    swap = sps.csr_array((np.ones(n * n), (np.arange(n * n), np.arange(n * n).reshape(n, n).T.reshape(-1))))
    p1, d_p = basis.polynomial(basis.p_centre, basis.p_width, 1), basis.derivative(basis.p_width)

    def q_to(power: int) -> Array:
        return basis.polynomial(basis.q_centre, basis.q_width, power)

    def classical(on_q: Array, on_p: Array) -> sps.csr_array:
        return sps.csr_array(np.kron(on_q, on_p)[np.ix_(basis.kept, basis.kept)])

    def left(matrix: Array) -> sps.csr_array:
        return sps.kron(sps.csr_array(matrix), eye_n, format="csr")

    def right(matrix: Array) -> sps.csr_array:
        return sps.kron(eye_n, sps.csr_array(matrix.T), format="csr")

    drift = classical(basis.derivative(basis.q_width), -p1 / system.classical_mass)
    drift += classical(eye_q, system.friction / system.classical_mass * d_p @ p1 + system.diffusion / 2 * d_p @ d_p)
    for power, c in enumerate(system.classical_potential[1:]):
        drift += classical((power + 1) * c * q_to(power), d_p)
    total = sps.kron(drift, sps.eye_array(n * n), format="csr")

    h_quantum = (basis.y_power(2, system.hbar) / (2 * system.quantum_mass)).real
    h_quantum = h_quantum + sum(c * basis.x_power(j) for j, c in enumerate(system.quantum_potential))
    unity = classical(eye_q, np.eye(basis.degree + 1))
    total += sps.kron(unity, -(left(h_quantum) - right(h_quantum)) @ swap / system.hbar, format="csr")
    for (i, j), c in system.interaction.items():
        x_j = c * basis.x_power(j)
        commutator = -(left(x_j) - right(x_j)) @ swap / system.hbar
        total += sps.kron(classical(q_to(i), np.eye(basis.degree + 1)), commutator, format="csr")
    return (total + _noise_and_force(system, basis, classical, left, right)).tocsr()


def _noise_and_force(system: System, basis: Basis, classical, left, right) -> sps.csr_array:
    """The back-action {L, d_p rho}/2 of the bracket and the decoherence -(D0/2)[L, [L, rho]]."""
    d_p, eye = basis.derivative(basis.p_width), np.eye(basis.degree + 1)
    total = sps.csr_array((basis.size, basis.size))
    powers = {i: sum(c * basis.x_power(j) for j, c in row.items()) for i, row in system.back_action.items()}
    for i, force in powers.items():
        on_q = basis.polynomial(basis.q_centre, basis.q_width, i)
        total += sps.kron(classical(on_q, d_p), (left(force) + right(force)) / 2, format="csr")
        for k, other in powers.items():
            on_q = basis.polynomial(basis.q_centre, basis.q_width, i + k)
            double = (left(force) - right(force)) @ (left(other) - right(other))
            total -= system.decoherence / 2 * sps.kron(classical(on_q, eye), double, format="csr")
    total.eliminate_zeros()
    return total


@dataclass(frozen=True)
class Moments:
    """What is read off a state: norm, mean (4,), Weyl-symmetrised covariance (4, 4) in (q, p, x, y), energies."""

    time: float
    norm: float
    mean: Array
    covariance: Array
    energy_classical: float
    energy_quantum: float
    energy_interaction: float
    density_matrix: Array = field(repr=False)

    @property
    def energy(self) -> float:
        """<H>, the sum of the three parts."""
        return self.energy_classical + self.energy_quantum + self.energy_interaction


class Expectation:
    """Expectation values <q^i p^k O> of a state (pairs, levels, levels), for Fock matrices O."""

    def __init__(self, basis: Basis, state: Array) -> None:
        self.basis, self.state = basis, state

    def conditional(self, i: int, k: int) -> Array:
        """The matrix integral of q^i p^k rho(q, p), shape (levels, levels)."""
        b = self.basis
        row = np.kron(b.polynomial(b.q_centre, b.q_width, i)[0], b.polynomial(b.p_centre, b.p_width, k)[0])
        return np.tensordot(row[b.kept], self.state, axes=1)

    def __call__(self, i: int, k: int, operator: Array | None = None) -> float:
        matrix = self.conditional(i, k)
        return float((np.trace(matrix) if operator is None else np.sum(operator.T * matrix)).real)


def moments(system: System, basis: Basis, state: Array, time: float) -> Moments:
    """Read norm, means, covariance, energies and the reduced density matrix off a state (pairs, levels, levels)."""
    mean_of = Expectation(basis, state)
    x, y = basis.x_power(1), basis.y_power(1, system.hbar)
    xx, yy = basis.x_power(2), basis.y_power(2, system.hbar)
    # from padded matrices, so that the products of truncated ones do not enter: [x, y] = i hbar
    xy = _symmetrised(basis, system.hbar)
    mean = np.array([mean_of(1, 0), mean_of(0, 1), mean_of(0, 0, x), mean_of(0, 0, y)])
    second = np.empty((4, 4))
    second[:2, :2] = [[mean_of(2, 0), mean_of(1, 1)], [mean_of(1, 1), mean_of(0, 2)]]
    second[2:, 2:] = [[mean_of(0, 0, xx), mean_of(0, 0, xy)], [mean_of(0, 0, xy), mean_of(0, 0, yy)]]
    second[:2, 2:] = [[mean_of(1, 0, x), mean_of(1, 0, y)], [mean_of(0, 1, x), mean_of(0, 1, y)]]
    second[2:, :2] = second[:2, 2:].T
    kinetic_C = second[1, 1] / (2 * system.classical_mass)
    kinetic_Q = second[3, 3] / (2 * system.quantum_mass)
    return Moments(
        time=time,
        norm=mean_of(0, 0),
        mean=mean,
        covariance=second - np.outer(mean, mean),
        energy_classical=kinetic_C + sum(c * mean_of(i, 0) for i, c in enumerate(system.classical_potential)),
        energy_quantum=kinetic_Q
        + sum(c * mean_of(0, 0, basis.x_power(j)) for j, c in enumerate(system.quantum_potential)),
        energy_interaction=sum(c * mean_of(i, 0, basis.x_power(j)) for (i, j), c in system.interaction.items()),
        density_matrix=mean_of.conditional(0, 0),
    )


def _symmetrised(basis: Basis, hbar: float) -> Array:
    """Fock matrix of (x y + y x)/2: x0 y plus i hbar (a^dag^2 - a^2)/2."""
    n = np.arange(basis.levels - 2)
    twice = np.sqrt((n + 1) * (n + 2))
    squeeze = 0.5j * hbar * (np.diag(twice, -2) - np.diag(twice, 2))
    return basis.x_centre * basis.y_power(1, hbar) + squeeze


def evolve(
    system: System, basis: Basis, state: Array, times: Sequence[float], *, tolerance: float = 1e-10
) -> tuple[list[Moments], Array]:
    """Evolve a state (pairs, levels, levels), given at time 0, through rising `times`.

    Returns the moments at each time and the last state. DOP853 with relative and absolute error `tolerance`.
    """
    matrix = generator(system, basis)
    packed = (state.real + state.imag).reshape(-1)
    shape = (len(basis.pairs), basis.levels, basis.levels)
    results, now = [], 0.0
    for time in times:
        if time > now:
            run = solve_ivp(
                lambda _, z: matrix @ z, (now, time), packed, method="DOP853", rtol=tolerance, atol=tolerance * 0.01
            )
            if not run.success:
                raise RuntimeError(f"Galerkin evolution to t = {time} failed: {run.message}")
            packed, now = run.y[:, -1], time
        state = _unpack(packed.reshape(shape))
        results.append(moments(system, basis, state, time))
    return results, state


def _unpack(z: Array) -> Array:
    transposed = z.transpose(0, 2, 1)
    return (z + transposed) / 2 + 0.5j * (z - transposed)


def classical_marginal(basis: Basis, state: Array, q: Array, p: Array) -> Array:
    """The density f(q, p) = tr rho(q, p) on points q, p of equal shape."""
    xi, eta = (q - basis.q_centre) / basis.q_width, (p - basis.p_centre) / basis.p_width
    weight = np.exp(-(xi**2 + eta**2) / 2) / (2 * np.pi * basis.q_width * basis.p_width)
    h_q, h_p = basis.hermite(xi), basis.hermite(eta)
    traces = np.trace(state, axis1=1, axis2=2).real
    return weight * sum(c * h_q[a] * h_p[b] for c, (a, b) in zip(traces, basis.pairs, strict=True))
