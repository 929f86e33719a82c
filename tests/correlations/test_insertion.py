"""What is inserted against operators: matrices in a number basis, transformed to Wigner functions by quadrature."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from wignercq import Axis, Grid
from wignercq.correlations.insertion import derivative, inserted, kicked, symmetrised
from wignercq.correlations.operators import Operators

HBAR, LENGTH = 0.8, 0.9
LEVELS, ROOM = 3, 14  # of the states, and of the matrices, so that no product meets their end
GRID = Grid(Axis(-4.6, 4.5, 24), Axis(-4.1, 4.2, 26), Axis(-4.5, 4.7, 32), Axis(-4.8, 4.6, 36))
SCALE = LENGTH / np.sqrt(2)
LOWER = np.diag(np.sqrt(np.arange(1, ROOM)), 1)
POSITION = SCALE * (LOWER + LOWER.T)
MOMENTUM = HBAR / (2 * SCALE) * 1j * (LOWER.T - LOWER)


def weyl(a: int, b: int) -> np.ndarray:
    """The Weyl-ordered operator of x**a y**b: McCoy's sum."""
    power = np.linalg.matrix_power
    terms = [comb(a, k) * power(POSITION, k) @ power(MOMENTUM, b) @ power(POSITION, a - k) for k in range(a + 1)]
    return sum(terms) / 2**a


def wigner(matrix: np.ndarray) -> np.ndarray:
    """The Wigner transform of a matrix in the number basis, by a sum over u of its elements <x+u/2|.|x-u/2>."""
    u = np.linspace(-18, 18, 241)
    above, below = (_functions(GRID.x.values[:, None] + sign * u / 2) for sign in (1, -1))
    elements = np.einsum("mxu,mn,nxu->xu", above, matrix, below)
    phases = np.exp(-1j * np.outer(u, GRID.y.values) / HBAR)
    return elements @ phases * (u[1] - u[0]) / (2 * np.pi * HBAR)


def _functions(x: np.ndarray) -> np.ndarray:
    found = [np.zeros_like(x), np.exp(-((x / LENGTH) ** 2) / 2) / np.sqrt(LENGTH * np.sqrt(np.pi))]
    for n in range(1, ROOM):
        found.append(np.sqrt(2 / n) * x / LENGTH * found[-1] - np.sqrt((n - 1) / n) * found[-2])
    return np.array(found[1:])


def bell(centre_q: float, centre_p: float, width: float) -> dict[str, np.ndarray]:
    """A Gaussian of (q, p) and its derivatives."""
    q, p = GRID.q.values[:, None] - centre_q, GRID.p.values - centre_p
    values = np.exp(-(q**2 + 1.2 * p**2) / (2 * width**2))
    return {"": values, "q": -q / width**2 * values, "p": -1.2 * p / width**2 * values}


def states() -> list[tuple[dict[str, np.ndarray], np.ndarray]]:
    """rho(q, p) = f_1 rho_1 + f_2 rho_2, correlated: different density matrices with different bells."""
    random = np.random.default_rng(5)
    found = []
    for centre in ((0.2, -0.15, 0.68), (-0.2, 0.2, 0.72)):
        a = random.normal(size=(LEVELS, LEVELS)) + 1j * random.normal(size=(LEVELS, LEVELS))
        matrix = np.zeros((ROOM, ROOM), complex)
        matrix[:LEVELS, :LEVELS] = a @ a.conj().T / np.trace(a @ a.conj().T)
        found.append((bell(*centre), matrix))
    return found


RHO = states()
W = np.einsum("qp,xy->qpxy", RHO[0][0][""], wigner(RHO[0][1]).real)
W += np.einsum("qp,xy->qpxy", RHO[1][0][""], wigner(RHO[1][1]).real)
OPERATORS = [(0, 0, 2, 1), (1, 0, 2, 0), (0, 1, 1, 2), (1, 1, 0, 0), (1, 2, 2, 1)]


def operated(powers: tuple[int, ...], kick: bool) -> np.ndarray:
    """The same with operators: {B, rho}/2, or (i/hbar) [B, rho] less the symmetrised Poisson bracket."""
    c, d, a, b = powers
    B, q, p = weyl(a, b), GRID.q.values[:, None], GRID.p.values
    result = np.zeros(GRID.shape)
    for f, rho in RHO:
        together, commutator = wigner((B @ rho + rho @ B) / 2).real, wigner(1j / HBAR * (B @ rho - rho @ B)).real
        if not kick:
            result += np.einsum("qp,xy->qpxy", q**c * p**d * f[""], together)
            continue
        poisson = (c * q ** max(c - 1, 0) * p**d) * f["p"] - (d * q**c * p ** max(d - 1, 0)) * f["q"]
        result += np.einsum("qp,xy->qpxy", q**c * p**d * f[""], commutator)
        result -= np.einsum("qp,xy->qpxy", poisson, together)
    return result


@pytest.mark.parametrize("powers", OPERATORS, ids=str)
def test_an_insertion_is_that_of_the_operator(powers):
    """Kills: a sign, an order of hbar or a binomial coefficient of the brackets; Weyl order taken for another.

    Against matrices: the relative difference is below 3e-6, that of a derivative of a bell on 24 points.
    """
    formula = "*".join(f"{name}**{power}" for name, power in zip("qpxy", powers, strict=True) if power)
    b = Operators.read(formula, where="second").polynomials(where="second")[0]
    for kick, insertion in ((False, symmetrised(b, HBAR)), (True, kicked(b, HBAR))):
        expected = operated(powers, kick)
        found = inserted(insertion, W, GRID).values
        error = float(np.abs(found - expected).max() / np.abs(expected).max())
        assert error < 3e-6, kick


def test_variables_displace_their_partners():
    """Kills: a wrong sign of a kick: x gives -d_y W, q gives -d_p W, y gives d_x W, p gives d_q W."""
    for name, axis, sign in (("x", 3, -1), ("q", 1, -1), ("y", 2, 1), ("p", 0, 1)):
        b = Operators.read(name, where="second").polynomials(where="second")[0]
        matrix = derivative([*GRID][axis], 1)
        expected = sign * np.moveaxis(np.tensordot(matrix, W, axes=(1, axis)), 0, axis)
        np.testing.assert_allclose(inserted(kicked(b, HBAR), W, GRID).values, expected, atol=1e-12)
        np.testing.assert_allclose(
            inserted(symmetrised(b, HBAR), W, GRID).values, W * GRID.mesh["qpxy".index(name)], atol=1e-14
        )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_are_exact_for_what_the_axis_resolves(order):
    """Kills: a frequency of the wrong sign, an odd derivative of the Nyquist frequency: waves on 16 and 15 points."""
    for points in (16, 15):
        axis = Axis(-1.0, 3.0, points)
        for k in (axis.frequencies[3], axis.frequencies[6]):
            wave = [np.sin(k * axis.values + 0.3 + n * np.pi / 2) for n in range(order + 1)]
            found = derivative(axis, order) @ wave[0]
            np.testing.assert_allclose(found, k**order * wave[order], atol=1e-10 * abs(k) ** order)
    assert np.abs(derivative(Axis(0.0, 1.0, 8), 1) @ np.array([1.0, -1.0] * 4)).max() < 1e-12


def test_what_cancels_is_told_by_its_scale():
    """Kills: rounding evolved as if it were a response: in a Gaussian ground state x**2 k + y**2/m inserts nothing."""
    width = np.sqrt(HBAR / 2)
    x, y = GRID.x.values[:, None] / width, GRID.y.values / width
    still = np.einsum("qp,xy->qpxy", RHO[0][0][""], np.exp(-(x**2 + y**2) / 2))
    b = Operators.read("x**2 + y**2", where="second").polynomials(where="second")[0]
    values, scale = inserted(kicked(b, HBAR), still, GRID)
    cancelled = float(np.abs(values).max() / scale)
    assert 0 < cancelled < 1e-8
    assert scale > 0.5
