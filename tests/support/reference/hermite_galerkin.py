"""Sparse Galerkin solver of the hybrid master equation for polynomial potentials, in an operator basis.

The unknown is the operator-valued density rho(q, p) of eq (3) of arXiv:2510.07402, never the Wigner function:

    rho(q, p) = sum_{a+b <= degree} h_a(xi) h_b(eta) w(xi) w(eta) rho_ab,   xi = (q - q0)/s_q,  eta = (p - p0)/s_p

with h_n = He_n/sqrt(n!), w the unit Gaussian weight, and rho_ab matrices between the Fock states of an oscillator.
This one-sided expansion is chosen over the symmetric one because d_p and d_q only raise the degree: the norm is
conserved exactly, a moment of degree n needs the coefficients up to degree n alone, and for harmonic V_C the
truncation is felt by the low moments only through the interaction. Moments converge much faster than the density
at a point, which needs more degrees and converges only where it falls faster than exp(-(xi^2 + eta^2)/4).
Matrices weighted by low powers of q and p (:meth:`Expectation.conditional`) converge as the moments do.

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
    """Polynomial Hamiltonian and noise; V_C and V_Q by rising powers, V_I as {(i, j): coefficient of q^i x^j}.

    `noise_of_p` is what is added to the diffusion by rising powers of q; `decohering` a list of (strength, operator),
    operators by powers as V_I.
    """

    classical_potential: tuple[float, ...]
    quantum_potential: tuple[float, ...]
    interaction: Mapping[tuple[int, int], float]
    classical_mass: float
    quantum_mass: float
    hbar: float
    friction: float
    diffusion: float
    decoherence: float
    noise_of_p: tuple[float, ...] = ()
    decohering: tuple[tuple[float, Mapping[tuple[int, int], float]], ...] = ()

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

    def q_power(self, power: int) -> Array:
        """Multiplication by q^power on the coefficients of q, exact after truncation."""
        return self._classical_power(self.q_centre, self.q_width, power)

    def p_power(self, power: int) -> Array:
        """Multiplication by p^power on the coefficients of p, exact after truncation."""
        return self._classical_power(self.p_centre, self.p_width, power)

    def _classical_power(self, centre: float, width: float, power: int) -> Array:
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

    def x_polynomial(self, coefficients: Mapping[int, float]) -> Array:
        """Fock matrix of sum c_j x^j from {j: c_j}, shape (levels, levels)."""
        return sum((c * self.x_power(j) for j, c in coefficients.items()), start=np.zeros((self.levels, self.levels)))

    def y_power(self, power: int, hbar: float) -> Array:
        """Fock matrix of y^power, y = -i hbar d_x, shape (levels, levels), complex."""
        n = self.levels + PAD
        ladder = np.sqrt(np.arange(1, n) / 2)
        y = -1j * hbar / self.x_length * (np.diag(ladder, 1) - np.diag(ladder, -1))
        return np.linalg.matrix_power(y, power)[: self.levels, : self.levels]

    def fock_functions(self, x: Array) -> Array:
        """The real oscillator functions phi_n(x), shape (levels, *x.shape)."""
        return fock_functions((np.asarray(x) - self.x_centre) / self.x_length, self.levels) / np.sqrt(self.x_length)

    def hermite(self, xi: Array) -> Array:
        """He_n(xi)/sqrt(n!) for n = 0 .. degree, shape (degree + 1, *xi.shape)."""
        h = [np.ones_like(xi)]
        for n in range(self.degree):
            below = h[n - 1] if n else 0.0
            h.append((xi * h[n] - np.sqrt(n) * below) / np.sqrt(n + 1))
        return np.array(h)


def fock_functions(u: Array, levels: int) -> Array:
    """The oscillator functions of unit length, by the stable recursion."""
    phi = [np.exp(-(u**2) / 2) / np.pi**0.25]
    for n in range(levels - 1):
        below = phi[n - 1] if n else 0.0
        phi.append((np.sqrt(2) * u * phi[n] - np.sqrt(n) * below) / np.sqrt(n + 1))
    return np.array(phi)


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
    """f(q, p) times a vector (levels,) or a density matrix (levels, levels), a state (pairs, levels, levels)."""
    matrix = np.outer(quantum, quantum.conj()) if quantum.ndim == 1 else quantum
    return density[:, None, None] * matrix


class _Superoperators:
    """Sparse matrices that act on the coefficients (pair, m, n), from a classical factor and a Fock factor."""

    def __init__(self, basis: Basis) -> None:
        self.kept, n = basis.kept, basis.levels
        self.one, self.eye = np.eye(basis.degree + 1), sps.eye_array(n)
        positions = np.arange(n * n)
        transposed = positions.reshape(n, n).T.reshape(-1)
        self.swap = sps.csr_array((np.ones(n * n), (positions, transposed)))  # Z -> Z^T

    def classical(self, on_q: Array, on_p: Array) -> sps.csr_array:
        return sps.csr_array(np.kron(on_q, on_p)[np.ix_(self.kept, self.kept)])

    def commutator(self, matrix: Array) -> sps.csr_array:
        return self._left(matrix) - self._right(matrix)

    def symmetric_product(self, matrix: Array) -> sps.csr_array:
        return (self._left(matrix) + self._right(matrix)) / 2

    def _left(self, matrix: Array) -> sps.csr_array:
        return sps.kron(sps.csr_array(matrix), self.eye, format="csr")

    def _right(self, matrix: Array) -> sps.csr_array:
        return sps.kron(self.eye, sps.csr_array(matrix.T), format="csr")


def generator(system: System, basis: Basis) -> sps.csr_array:
    """The real sparse matrix of dZ/dt, eqs (3)-(5), shape (size, size)."""
    op = _Superoperators(basis)
    parts = [sps.kron(_classical_part(system, basis, op), sps.eye_array(basis.levels**2), format="csr")]
    h_quantum = (basis.y_power(2, system.hbar) / (2 * system.quantum_mass)).real
    h_quantum = h_quantum + basis.x_polynomial(dict(enumerate(system.quantum_potential)))
    hamiltonians = [(0, h_quantum), *((i, c * basis.x_power(j)) for (i, j), c in system.interaction.items())]
    for i, h in hamiltonians:
        factor = op.commutator(h) @ op.swap / -system.hbar
        parts.append(sps.kron(op.classical(basis.q_power(i), op.one), factor, format="csr"))

    forces = {i: basis.x_polynomial(row) for i, row in system.back_action.items()}
    for i, force in forces.items():  # the bracket {L, d_p rho}/2 and the decoherence -(D0/2)[L, [L, rho]]
        pushed = op.classical(basis.q_power(i), basis.derivative(basis.p_width))
        parts.append(sps.kron(pushed, op.symmetric_product(force), format="csr"))
        for k, other in forces.items():
            double = op.commutator(force) @ op.commutator(other) * (-system.decoherence / 2)
            parts.append(sps.kron(op.classical(basis.q_power(i + k), op.one), double, format="csr"))
    parts.extend(_further_noises(system, basis, op))
    total = sum(parts[1:], start=parts[0]).tocsr()
    total.eliminate_zeros()
    return total


def _further_noises(system: System, basis: Basis, op: _Superoperators) -> list[sps.csr_array]:
    """-(D0_k/2)[L_k, [L_k, rho]] of operators L_k = sum q^i F_i."""
    parts = []
    for strength, powers in system.decohering:
        factors = [(i, c * basis.x_power(j)) for (i, j), c in powers.items()]
        for (i, first), (k, second) in itertools.product(factors, repeat=2):
            double = op.commutator(first) @ op.commutator(second) * (-strength / 2)
            parts.append(sps.kron(op.classical(basis.q_power(i + k), op.one), double, format="csr"))
    return parts


def _classical_part(system: System, basis: Basis, op: _Superoperators) -> sps.csr_array:
    """-(p/M) d_q + V_C' d_p + (alpha/M) d_p p + (D2/2) d_p^2 on the pairs."""
    p, d_p = basis.p_power(1), basis.derivative(basis.p_width)
    rate = system.friction / system.classical_mass
    total = op.classical(basis.derivative(basis.q_width), -p / system.classical_mass)
    total += op.classical(op.one, rate * d_p @ p + system.diffusion / 2 * d_p @ d_p)
    for power, c in enumerate(system.classical_potential[1:]):
        total += op.classical((power + 1) * c * basis.q_power(power), d_p)
    for power, c in enumerate(system.noise_of_p):
        total += op.classical(c / 2 * basis.q_power(power), d_p @ d_p)
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
        row = np.kron(b.q_power(i)[0], b.p_power(k)[0])
        return np.tensordot(row[b.kept], self.state, axes=1)

    def __call__(self, i: int, k: int, operator: Array | None = None) -> float:
        """<q^i p^k O>; without `operator`, <q^i p^k>."""
        matrix = self.conditional(i, k)
        return float((np.trace(matrix) if operator is None else np.sum(operator.T * matrix)).real)


def moments(system: System, basis: Basis, state: Array, time: float) -> Moments:
    """Read norm, means, covariance, energies and the reduced density matrix off a state (pairs, levels, levels)."""
    mean_of = Expectation(basis, state)
    x, y = basis.x_power(1), basis.y_power(1, system.hbar)
    xx, yy = basis.x_power(2), basis.y_power(2, system.hbar)
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
        energy_quantum=kinetic_Q + mean_of(0, 0, basis.x_polynomial(dict(enumerate(system.quantum_potential)))),
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
    packed = pack(state)
    results, now = [], 0.0
    for time in times:
        if time > now:
            run = solve_ivp(
                lambda _, z: matrix @ z, (now, time), packed, method="DOP853", rtol=tolerance, atol=tolerance * 0.01
            )
            if not run.success:
                raise RuntimeError(f"Galerkin evolution to t = {time} failed: {run.message}")
            packed, now = run.y[:, -1], time
        state = unpack(basis, packed)
        results.append(moments(system, basis, state, time))
    return results, state


def pack(state: Array) -> Array:
    """The real unknowns Z = R + S, shape (size,), of a state R + i S, shape (pairs, levels, levels)."""
    return (state.real + state.imag).reshape(-1)


def unpack(basis: Basis, packed: Array) -> Array:
    """The state (pairs, levels, levels) whose real unknowns are `packed`, shape (size,)."""
    z = packed.reshape(len(basis.pairs), basis.levels, basis.levels)
    transposed = z.transpose(0, 2, 1)
    return (z + transposed) / 2 + 0.5j * (z - transposed)
