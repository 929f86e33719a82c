"""The inverse Weyl transform on the grid, against wave functions and states known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from support.reference.schroedinger import gaussian_packet, wigner

from wignercq import Axis
from wignercq.observables.density_matrix import density_matrix, lattice, trace_norm
from wignercq.states import fock

HBAR = 0.7
X_AXIS, Y_AXIS = Axis(-6.3, 5.9, 60), Axis(-5.5, 6.1, 66)


def fock_matrix(n: int) -> np.ndarray:
    state = fock(n, position=0.3, momentum=0.4, mass=1.2, frequency=0.9, hbar=HBAR)
    return density_matrix(state.wigner(X_AXIS, Y_AXIS), X_AXIS, Y_AXIS, hbar=HBAR)


def packet_plane(x: float, y: float) -> np.ndarray:
    psi = gaussian_packet(x, y, 0.31, HBAR)
    return wigner(psi, X_AXIS.values, Y_AXIS.values, hbar=HBAR, reach=8.0)


def test_fock_states_are_orthogonal_projectors() -> None:
    """Kills: a wrong norm, hbar or factor two in the transform; eigenvalues 1, 0, 0, ... and Tr |A - B| = 2."""
    matrices = [fock_matrix(n) for n in (0, 1, 4)]
    for matrix in matrices:
        spectrum = np.linalg.eigvalsh(matrix)
        assert spectrum[-1] == pytest.approx(1, abs=1e-9)
        assert np.abs(spectrum[:-1]).max() < 1e-9
    assert trace_norm(matrices[0] - matrices[1]) == pytest.approx(2, abs=1e-8)
    assert trace_norm(matrices[1] - matrices[2]) == pytest.approx(2, abs=1e-8)


def test_trace_norm_of_two_packets_follows_from_their_overlap() -> None:
    """Kills: a lost phase, position or momentum; Tr |A - B| = 2 sqrt(1 - |<a|b>|**2) for pure states."""
    a, b = (0.2, -0.3), (0.7, 0.4)
    matrices = [density_matrix(packet_plane(*c), X_AXIS, Y_AXIS, hbar=HBAR) for c in (a, b)]
    dx, dy = np.subtract(a, b)
    overlap = np.exp(-(dx**2) / (4 * 0.31) - 0.31 * dy**2 / HBAR**2)
    assert trace_norm(matrices[0] - matrices[1]) == pytest.approx(2 * np.sqrt(1 - overlap), abs=1e-9)


def test_any_field_the_axes_resolve_is_represented() -> None:
    """Kills: a lattice too short or too coarse for fields that are no states; Tr A**2 = 2 pi hbar int W**2."""
    x, y = X_AXIS.values[:, None], Y_AXIS.values[None, :]
    spread = np.exp(-(x**2 + (y - 0.3) ** 2) / 2)
    field = spread * (0.2 + np.cos(7.1 * y) + np.cos(6.3 * x + 0.4) * (1 + y))
    matrix = density_matrix(field, X_AXIS, Y_AXIS, hbar=HBAR)
    squared = 2 * np.pi * HBAR * (field**2).sum() * X_AXIS.spacing * Y_AXIS.spacing
    assert (np.abs(matrix) ** 2).sum() == pytest.approx(squared, rel=1e-6)
    assert np.abs(matrix - matrix.conj().T).max() < 1e-12 * np.abs(matrix).max()
    assert np.trace(matrix).real == pytest.approx(field.sum() * X_AXIS.spacing * Y_AXIS.spacing, rel=1e-6)


def test_the_trace_is_the_integral_of_a_plane_that_does_not_vanish_at_its_ends() -> None:
    """Kills: a lattice whose spacing does not divide the box, with a trace off by what is at the ends, here 1e-3."""
    x, y = X_AXIS.values[:, None], Y_AXIS.values[None, :]
    field = np.exp(-(x**2) / 6 - (y - 0.3) ** 2 / 2)
    assert field.max(axis=1)[0] > 1e-3
    trace = np.trace(density_matrix(field, X_AXIS, Y_AXIS, hbar=HBAR))
    assert trace == pytest.approx(field.sum() * X_AXIS.spacing * Y_AXIS.spacing, rel=1e-13)


def test_elements_are_products_of_wave_functions() -> None:
    """Kills: u and v exchanged, that is a complex conjugate; the packet moves, so its matrix is complex."""
    plane = packet_plane(0.2, 0.9)
    matrix = density_matrix(plane, X_AXIS, Y_AXIS, hbar=HBAR)
    positions = lattice(X_AXIS, Y_AXIS, hbar=HBAR)
    reach = np.pi * HBAR / Y_AXIS.spacing / 2
    assert positions[0] <= X_AXIS.lower - reach
    assert positions[-1] + (positions[1] - positions[0]) >= X_AXIS.upper + reach
    step = positions[1] - positions[0]
    psi = gaussian_packet(0.2, 0.9, 0.31, HBAR)(positions)
    assert np.abs(matrix - step * np.outer(psi, psi.conj())).max() < 1e-9
