"""The generator between Hermite functions: a sparse matrix, its null vector, and its slowest modes.

Transport, friction and the noise of p are ladder operators. The rest of the symbol, of degree one in r, is sampled by
:class:`SampledSymbol` at the nodes of a Gauss-Hermite rule in (q, x, s) and integrated between the functions, those of
y in their Fourier transforms: exact for polynomials, and for any potential as good as the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.polynomial.hermite import hermgauss
from scipy.sparse.linalg import LinearOperator, SuperLU, eigs, splu

from wignercq.model.model import Model
from wignercq.propagation.generator import SampledSymbol, symbol_of
from wignercq.states.oscillator import hermite_functions
from wignercq.steady.basis import HermiteBasis

EXTRA_NODES = 12  # of the quadrature beyond the number of functions
NEGLIGIBLE = 1e-13  # matrix elements beside the largest of a kind
SHIFT = 1e-9  # of the matrix that is inverted, in the fastest rate of the ladder operators; the null space is found so
INVERSIONS = 3


def generator_matrix(model: Model, basis: HermiteBasis, hbar_order: int | None = None) -> sparse.csc_array:
    """Matrix elements <m| L |n> of the generator, eqs (101)-(112), shape (size, size), real.

    ModelError where a potential is not finite where the functions are.
    """
    n_q, n_p, n_x, n_y = basis.shape
    (_, p0, _, y0), (l_q, l_p, l_x, l_y) = basis.centre, basis.lengths
    one_q, one_p, one_x, one_y = (np.eye(n) for n in basis.shape)
    p, y = p0 * one_p + l_p * _position(n_p), y0 * one_y + l_y * _position(n_y)
    by_q, by_p, by_x = _derivative(n_q) / l_q, _derivative(n_p) / l_p, _derivative(n_x) / l_x
    friction, noise = _friction_and_noise(n_p, p0, l_p)
    matrix = (
        _product(by_q, -p / model.classical_mass, one_x, one_y)
        + _product(one_q, one_p, by_x, -y / model.quantum_mass)
        + _product(one_q, model.damping_rate * friction + model.diffusion / 2 * noise, one_x, one_y)
    )
    if model.quantum_bath is not None:
        D_xx, D_xy, _ = model.quantum_diffusion  # that of y is in the symbol
        of_x, by_y = _friction_and_noise(n_x, 0.0, l_x)[1], _derivative(n_y) / l_y
        of_y = model.quantum_damping_rate * _friction_and_noise(n_y, y0, l_y)[0]
        matrix = matrix + _product(one_q, one_p, one_x, of_y) + _product(one_q, one_p, D_xx / 2 * of_x, one_y)
        matrix = matrix + _product(one_q, one_p, D_xy * by_x, by_y)
    for of_p, rest in zip((one_p, -by_p, -noise), _of_symbol(model, basis, hbar_order), strict=False):
        matrix = matrix + _with_p(rest, of_p, n_p, n_x * n_y)
    return sparse.csc_array(matrix.tocsr()[basis.kept][:, basis.kept])


def _of_symbol(model: Model, basis: HermiteBasis, hbar_order: int | None) -> list[sparse.coo_array]:
    """Elements, between functions of (q, x, y), of the coefficient of r**0 and of i times that of r**1.

    Where there are further noises, that of their r**2 as well.
    """
    n_q, _, n_x, n_y = basis.shape
    at_q, f_q = _rule(basis, 0)
    at_x, f_x = _rule(basis, 2)
    nodes, f_s = _rule(basis, 3)
    s = (nodes - basis.centre[3]) / basis.lengths[3] ** 2
    f_s = f_s * ((-1j) ** np.arange(n_y))[:, None]
    symbol = SampledSymbol.on(symbol_of(model, hbar_order, False), at_q[:, None], at_x[None], s).generator
    c, d = np.nonzero(np.add.outer(np.arange(n_x), np.arange(n_y)) <= basis.quantum)
    pairs_x = (f_x[:, None] * f_x[None]).reshape(-1, at_x.size)
    pairs_s = (f_s.conj()[:, None] * f_s[None]).reshape(-1, s.size)
    rows_x, columns_s = c[:, None] * n_x + c, d[:, None] * n_y + d
    place, size = c * n_y + d, n_q * n_x * n_y
    parts = []
    for coefficient in (symbol[0], 1j * symbol[1], *([symbol[2]] if model.noises else [])):
        largest = np.abs(coefficient).max(initial=0)
        blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for a, b in np.ndindex(n_q, n_q):
            averaged = np.tensordot(f_q[a] * f_q[b], coefficient, axes=(0, 0))
            if np.abs(averaged).max(initial=0) <= NEGLIGIBLE * largest:
                continue
            block = (pairs_x @ averaged @ pairs_s.T).real[rows_x, columns_s]
            i, j = np.nonzero(np.abs(block) > NEGLIGIBLE * np.abs(block).max())
            blocks.append((block[i, j], a * n_x * n_y + place[i], b * n_x * n_y + place[j]))
        values, rows, columns = (np.concatenate(kind) for kind in zip(*blocks, strict=True)) if blocks else ([], [], [])
        parts.append(sparse.coo_array((values, (rows, columns)), (size, size)))
    return parts


def _rule(basis: HermiteBasis, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of one variable, and there its functions times the roots of the weights."""
    z, weights = hermgauss(basis.shape[i] + EXTRA_NODES)
    functions = hermite_functions(basis.shape[i], z) * np.sqrt(weights * np.exp(z * z))
    return basis.centre[i] + basis.lengths[i] * z, functions


def _friction_and_noise(n: int, centre: float, length: float) -> tuple[np.ndarray, np.ndarray]:
    """d_z z and d_z**2, of two more functions so that squares are exact."""
    wide = _derivative(n + 2) / length
    friction = wide @ (centre * np.eye(n + 2) + length * _position(n + 2))
    return friction[:n, :n], (wide @ wide)[:n, :n]


def _position(n: int) -> np.ndarray:
    ladder = np.sqrt(np.arange(1, n) / 2)
    return np.diag(ladder, 1) + np.diag(ladder, -1)


def _derivative(n: int) -> np.ndarray:
    ladder = np.sqrt(np.arange(1, n) / 2)
    return np.diag(ladder, 1) - np.diag(ladder, -1)


def _product(*matrices: np.ndarray) -> sparse.coo_array:
    q, p, x, y = (sparse.coo_array(matrix) for matrix in matrices)
    return sparse.kron(sparse.kron(q, p), sparse.kron(x, y))


def _with_p(rest: sparse.coo_array, of_p: np.ndarray, n_p: int, n_quantum: int) -> sparse.coo_array:
    """The product of a matrix between functions of (q, x, y) and one between those of p."""
    i, j = np.nonzero(of_p)

    def index(numbers: np.ndarray, p: np.ndarray) -> np.ndarray:
        a, others = np.divmod(numbers[:, None], n_quantum)
        return np.asarray((a * n_p + p) * n_quantum + others).ravel()

    values = (rest.data[:, None] * of_p[i, j]).ravel()
    size = rest.shape[0] * n_p
    return sparse.coo_array((values, (index(rest.row, i), index(rest.col, j))), (size, size))


@dataclass(frozen=True, eq=False)
class Galerkin:
    """The generator on a Hermite basis."""

    basis: HermiteBasis
    matrix: sparse.csc_array

    @classmethod
    def of(cls, model: Model, basis: HermiteBasis, hbar_order: int | None = None) -> Galerkin:
        """For a model; ModelError where a potential is not finite where the functions are."""
        return cls(basis, generator_matrix(model, basis, hbar_order))

    @property
    def _shift(self) -> float:
        return SHIFT * float(np.abs(self.matrix.diagonal()).max())

    @cached_property
    def _factors(self) -> SuperLU:
        shifted = (self.matrix - self._shift * sparse.eye_array(self.basis.size)).tocsc()
        return splu(shifted, diag_pivot_thresh=0.01, options={"SymmetricMode": True})

    @cached_property
    def steady(self) -> np.ndarray:
        """Coefficients of the null vector with integral 1, by inverse iteration."""
        vector = np.zeros(self.basis.size)
        vector[0] = 1.0
        for _ in range(INVERSIONS):
            vector = self._factors.solve(vector)
            vector /= np.linalg.norm(vector)
        return np.asarray(vector / self.basis.integral(vector))

    def slowest(self, count: int, *, left: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues nearest to zero, ascending in modulus, and eigenvectors as columns, of L or of its transpose."""
        size = self.basis.size
        start = np.random.default_rng(1).normal(size=size)
        way = "T" if left else "N"
        inverse = LinearOperator((size, size), matvec=lambda v: self._factors.solve(v.ravel(), way), dtype=float)
        matrix = self.matrix.T if left else self.matrix
        values, vectors = eigs(matrix, k=min(count, size - 2), sigma=self._shift, OPinv=inverse, v0=start)
        order = np.argsort(np.abs(values), kind="stable")
        return values[order], vectors[:, order]

    def near(self, frequency: float, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues nearest to i times a frequency, which is not zero, and eigenvectors as columns."""
        count = min(count, self.basis.size - 2)
        size, shift = self.basis.size, 1j * frequency
        factors = splu((self.matrix - shift * sparse.eye_array(size)).tocsc())
        inverse = LinearOperator((size, size), matvec=lambda v: factors.solve(v.ravel()), dtype=complex)
        start = np.random.default_rng(1).normal(size=size)
        values, vectors = eigs(inverse, k=count, v0=start.astype(complex))
        return shift + 1 / values, vectors
