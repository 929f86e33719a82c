"""Quantum states: their Wigner functions against closed forms and against the defining integral, signs included."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import eval_hermite, eval_laguerre

from wignercq.errors import StateError
from wignercq.grid.grid import Axis
from wignercq.states import (
    GaussianQuantumState,
    QuantumState,
    cat,
    coherent,
    fock,
    from_density_matrix,
    from_wavefunction,
    squeezed,
    thermal,
)

HBAR, MASS, FREQUENCY = 0.7, 1.3, 2.1
OSCILLATOR = {"mass": MASS, "frequency": FREQUENCY, "hbar": HBAR}
LENGTH = math.sqrt(HBAR / (MASS * FREQUENCY))
RANGE = (-6.0, 7.0)


def lopsided(x: np.ndarray) -> np.ndarray:
    """An unnormalised wave function without any symmetry: skew in position, chirped and boosted in momentum."""
    return np.exp(-((x - 0.4) ** 2)) * (1 + x) * np.exp(1j * (x**3 / 3 + 2 * x))


def eigenfunction(n: int, x: np.ndarray) -> np.ndarray:
    """The n-th oscillator eigenfunction from SciPy's Hermite polynomials."""
    scale = math.sqrt(2.0**n * math.factorial(n) * math.sqrt(math.pi) * LENGTH)
    return eval_hermite(n, x / LENGTH) * np.exp(-((x / LENGTH) ** 2) / 2) / scale


def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Wigner function of the ground state."""
    return np.exp(-((x / LENGTH) ** 2) - (y * LENGTH / HBAR) ** 2) / (np.pi * HBAR)


def by_definition(psi: Callable[[np.ndarray], np.ndarray], x: float, y: float, reach: float = 14.0) -> float:
    """``(1/(2 pi hbar)) int du e^{-i y u/hbar} psi(x + u/2) psi*(x - u/2)`` for a normalised psi, by quadrature."""
    u = np.linspace(-reach, reach, 4001)
    integrand = np.exp(-1j * y * u / HBAR) * psi(x + u / 2) * psi(x - u / 2).conj()
    return float(np.sum(integrand).real * (u[1] - u[0]) / (2 * np.pi * HBAR))


def normalised(psi: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    x = np.linspace(-12, 12, 8001)
    norm = math.sqrt(np.sum(np.abs(psi(x)) ** 2) * (x[1] - x[0]))
    return lambda points: psi(points) / norm


def axes_for(state: QuantumState, level: float = 1e-14) -> tuple[Axis, Axis]:
    """Axes that hold and resolve the state, as an automatic grid would choose them."""
    x, y = (
        Axis.resolving(low, high, top)
        for (low, high), top in zip(state.support(level), state.bandwidth(level), strict=True)
    )
    return x, y


def mixture() -> QuantumState:
    """A mixed state with a signed Wigner function and complex coherences."""
    x = np.linspace(*RANGE, 150)
    waves = [normalised(lopsided)(x), eigenfunction(2, x) * np.exp(1.5j * x)]
    rho = 0.6 * np.outer(waves[0], waves[0].conj()) + 0.4 * np.outer(waves[1], waves[1].conj())
    return from_density_matrix(x, rho, hbar=HBAR)


ZOO: dict[str, QuantumState] = {
    "coherent": coherent(1.1, -0.7, **OSCILLATOR),
    "squeezed": squeezed(-0.3, 0.9, squeezing=0.8, angle=0.6, **OSCILLATOR),
    "thermal": thermal(1.7, position=0.4, momentum=-0.2, **OSCILLATOR),
    "fock 0": fock(0, **OSCILLATOR),
    "fock 7": fock(7, position=0.3, momentum=-0.8, **OSCILLATOR),
    "fock 60": fock(60, **OSCILLATOR),
    "cat": cat((1.5, -2.0), phase=0.9, position=0.4, momentum=0.6, **OSCILLATOR),
    "odd cat": cat((0.2, 0.1), phase=math.pi, **OSCILLATOR),
    "lopsided": from_wavefunction(RANGE, lopsided, hbar=HBAR),
    "mixture": mixture(),
}
each_state = pytest.mark.parametrize("state", ZOO.values(), ids=ZOO)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 60])
def test_fock_field_is_laguerre(n: int) -> None:
    """Kills a wrong sign at the origin, a wrong length scale, an unstable recursion, a displacement flipped."""
    state = fock(n, position=0.3, momentum=-0.8, **OSCILLATOR)
    x, y = axes_for(state)
    dx, dy = np.ix_(x.values - 0.3, y.values + 0.8)
    energy = (dy**2 / (2 * MASS) + MASS * FREQUENCY**2 * dx**2 / 2) / (HBAR * FREQUENCY)
    expected = (-1) ** n / (np.pi * HBAR) * np.exp(-2 * energy) * eval_laguerre(n, 4 * energy)
    assert np.abs(state.wigner(x, y) - expected).max() < 3e-12 / (np.pi * HBAR)


def test_cat_field_is_closed_form() -> None:
    """Kills a wrong phase, orientation or norm of the interference fringes."""
    (dx, dy), phase = (1.5, -2.0), 0.9
    state = ZOO["cat"]
    x, y = axes_for(state)
    u, v = np.ix_(x.values - 0.4, y.values - 0.6)
    fringes = 2 * ground(u, v) * np.cos(2 * (dx * v - dy * u) / HBAR + phase)
    overlap = math.exp(-((dx / LENGTH) ** 2) - (dy * LENGTH / HBAR) ** 2)
    expected = (ground(u - dx, v - dy) + ground(u + dx, v + dy) + fringes) / (2 + 2 * math.cos(phase) * overlap)
    assert np.abs(state.wigner(x, y) - expected).max() < 2e-12


def test_overlapping_cat_is_normalised() -> None:
    """Kills a norm that forgets the overlap of the two components: a tight odd cat is the first Fock state."""
    tight = cat((1e-3, 0.0), phase=math.pi, **OSCILLATOR)
    x, y = axes_for(tight)
    assert np.abs(tight.wigner(x, y) - fock(1, **OSCILLATOR).wigner(x, y)).max() < 1e-5


PURE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "coherent": lambda x: np.exp(-((x - 1.1) ** 2) / (2 * LENGTH**2) - 0.7j * x / HBAR),
    "lopsided": lopsided,
    "cat": lambda x: (
        np.exp(0.6j * x / HBAR)
        * (
            np.exp(-((x - 0.4 - 1.5) ** 2) / (2 * LENGTH**2) - 2j * (x - 0.4) / HBAR)
            + np.exp(-((x - 0.4 + 1.5) ** 2) / (2 * LENGTH**2) + 2j * (x - 0.4) / HBAR + 0.9j)
        )
    ),
    "fock 7": lambda x: eigenfunction(7, x - 0.3) * np.exp(-0.8j * x / HBAR),
}


@pytest.mark.parametrize("name", PURE)
def test_field_is_the_defining_integral(name: str) -> None:
    """Kills a sign of the Fourier kernel, y -> -y, x+u/2 and x-u/2 swapped, a missing hbar."""
    state, psi = ZOO[name], normalised(PURE[name])
    x, y = axes_for(state)
    field = state.wigner(x, y)
    checked = [(x.points // 2, y.points // 2), (x.points // 3, y.points // 2 + 3), (x.points // 2 + 5, y.points // 3)]
    values = [by_definition(psi, x.values[i], y.values[j]) for i, j in checked]
    assert max(abs(field[ij] - value) for ij, value in zip(checked, values, strict=True)) < 1e-11
    assert max(abs(value) for value in values) > 0.02


def test_squeezed_field_is_the_defining_integral() -> None:
    """Kills a wrong sign of the squeezing angle: position and momentum fluctuations correlated the wrong way."""
    state = ZOO["squeezed"]
    xx, xy = state.covariance[0]
    chirp = normalised(lambda x: np.exp(-((x + 0.3) ** 2) / (4 * xx) * (1 - 2j * xy / HBAR) + 0.9j * x / HBAR))
    x, y = axes_for(state)
    field, i, j = state.wigner(x, y), x.points // 2 + 4, y.points // 2 - 5
    assert abs(xy) > 0.1 * HBAR
    assert field[i, j] == pytest.approx(by_definition(chirp, x.values[i], y.values[j], reach=10.0), abs=1e-10)
    assert field[i, j] > 0.01


def test_squeezed_quadratures() -> None:
    """Kills squeezing of the wrong quadrature, by e^{-r} instead of e^{-2r}, or along the mirrored direction."""
    r, angle = 0.8, 0.6
    covariance = ZOO["squeezed"].covariance / np.outer((LENGTH, HBAR / LENGTH), (LENGTH, HBAR / LENGTH))
    along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    assert along @ covariance @ along == pytest.approx(math.exp(-2 * r) / 2, rel=1e-12)
    assert across @ covariance @ across == pytest.approx(math.exp(2 * r) / 2, rel=1e-12)
    assert along @ covariance @ across == pytest.approx(0, abs=1e-12)


@each_state
def test_norm(state: QuantumState) -> None:
    """Kills a normalisation off by 2 pi, hbar or a spacing."""
    x, y = axes_for(state)
    assert abs(state.wigner(x, y).sum() * x.spacing * y.spacing - 1) < 1e-12


def test_norm_holds_on_an_unresolved_momentum_axis() -> None:
    """Kills an inverse transform that does not carry the zero frequency exactly."""
    state = ZOO["fock 7"]
    x, _ = axes_for(state)
    coarse = Axis(-4.1, 3.2, 9)
    assert abs(state.wigner(x, coarse).sum() * x.spacing * coarse.spacing - 1) < 1e-12


@each_state
def test_moments_of_the_field(state: QuantumState) -> None:
    """Kills a mean or covariance that is not the field's: swapped x and y, a lost hbar, the sign of <xy>."""
    x, y = axes_for(state)
    weight = state.wigner(x, y) * x.spacing * y.spacing
    z = np.meshgrid(x.values, y.values, indexing="ij")
    mean = np.array([np.sum(weight * c) for c in z])
    moved = [c - m for c, m in zip(z, mean, strict=True)]
    covariance = np.array([[np.sum(weight * a * b) for a in moved] for b in moved])
    scale = math.sqrt(np.linalg.det(covariance))
    assert np.abs(mean - state.mean).max() < 1e-10
    assert np.abs(covariance - state.covariance).max() < 1e-9 * scale


@each_state
def test_purity_of_the_field(state: QuantumState) -> None:
    """Kills a purity that is not 2 pi hbar int W**2."""
    x, y = axes_for(state)
    purity = 2 * np.pi * HBAR * np.sum(state.wigner(x, y) ** 2) * x.spacing * y.spacing
    assert state.purity == pytest.approx(purity, abs=1e-12)


def test_purity_values() -> None:
    """Kills a thermal occupation that lacks its zero-point half, and a mixture that counts as pure."""
    assert ZOO["thermal"].purity == pytest.approx(math.tanh(HBAR * FREQUENCY / (2 * 1.7)), rel=1e-12)
    assert ZOO["cat"].purity == pytest.approx(1, abs=1e-12)
    x = np.linspace(*RANGE, 3001)
    overlap = np.sum(normalised(lopsided)(x).conj() * eigenfunction(2, x) * np.exp(1.5j * x)) * (x[1] - x[0])
    expected = 0.6**2 + 0.4**2 + 2 * 0.6 * 0.4 * abs(overlap) ** 2
    assert ZOO["mixture"].purity == pytest.approx(expected, abs=1e-11)
    assert thermal(0.0, **OSCILLATOR).purity == pytest.approx(1, abs=1e-12)


def test_marginals() -> None:
    """Kills y -> -y and x -> -x: both marginals of a lopsided state, neither of which is symmetric."""
    state, psi = ZOO["lopsided"], normalised(lopsided)
    x, y = axes_for(state)
    field = state.wigner(x, y)
    in_x, in_y = field.sum(axis=1) * y.spacing, field.sum(axis=0) * x.spacing
    fine = np.linspace(*RANGE, 4001)
    kernel = np.exp(-1j * np.outer(y.values, fine) / HBAR) * (fine[1] - fine[0]) / math.sqrt(2 * np.pi * HBAR)
    expected = np.abs(kernel @ psi(fine)) ** 2
    assert np.abs(in_x - np.abs(psi(x.values)) ** 2).max() < 1e-11
    assert np.abs(in_y - expected).max() < 1e-11
    mirrored = np.abs(kernel.conj() @ psi(fine)) ** 2
    assert np.abs(mirrored - expected).max() > 0.1


def test_thermal_is_a_mixture_of_fock_states() -> None:
    """Kills a wrong Boltzmann factor, in the closed form, or wrong weights of eigenvectors, in the density matrix."""
    temperature, x = 1.7, np.linspace(-8, 8, 160)
    boltzmann = np.exp(-HBAR * FREQUENCY * np.arange(40) / temperature)
    waves = np.array([eigenfunction(n, x) for n in range(40)])
    rho = np.einsum("n,nx,ny->xy", boltzmann / boltzmann.sum(), waves, waves)
    mixed, closed = from_density_matrix(x, rho, hbar=HBAR), thermal(temperature, **OSCILLATOR)
    u, v = axes_for(closed)
    assert np.abs(mixed.wigner(u, v) - closed.wigner(u, v)).max() < 1e-11
    assert np.abs(mixed.covariance - closed.covariance).max() < 1e-10


def test_pure_density_matrix_is_its_wave_function() -> None:
    """Kills a transposed density matrix, which is a momentum reversed."""
    x = np.linspace(*RANGE, 150)
    psi = normalised(lopsided)(x)
    mixed = from_density_matrix(x, np.outer(psi, psi.conj()), hbar=HBAR)
    u, v = axes_for(mixed)
    assert np.abs(mixed.wigner(u, v) - ZOO["lopsided"].wigner(u, v)).max() < 1e-11
    assert ZOO["lopsided"].mean[1] > 1


@pytest.mark.parametrize("points", [128, 129])
def test_samples_interpolate_their_function(points: int) -> None:
    """Kills an interpolation wrong for an even or odd number of samples, or one that reads the norm of the samples."""
    x = np.linspace(-5.5, 6.5, points)
    sampled = from_wavefunction(x, 3.7 * lopsided(x), hbar=HBAR)
    u, v = axes_for(sampled)
    assert np.abs(sampled.wigner(u, v) - ZOO["lopsided"].wigner(u, v)).max() < 1e-11


@each_state
def test_support_and_bandwidth_hold_the_field(state: QuantumState) -> None:
    """Kills automatic grids that cut off the state, and ones that waste more than 15 % of an axis."""
    level = 1e-6
    wide = axes_for(state)
    field = np.abs(state.wigner(*wide))
    spectrum = np.abs(np.fft.fft2(field * np.sign(state.wigner(*wide))))
    support, bandwidth = state.support(level), state.bandwidth(level)
    for i, axis in enumerate(wide):
        in_space = field.max(axis=1 - i) >= level * field.max()
        low, high = axis.values[in_space][[0, -1]]
        assert support[i, 0] <= low
        assert high <= support[i, 1]
        assert np.ptp(support[i]) < 1.15 * (high - low) + 2 * axis.spacing
        top = np.abs(axis.frequencies[spectrum.max(axis=1 - i) >= level * spectrum.max()]).max()
        assert top <= bandwidth[i] < 1.15 * top + 4 * np.pi / axis.length


X = np.linspace(-6, 6, 64)
BELL = np.exp(-(X**2))
RHO = np.outer(BELL, BELL) / np.sum(BELL**2) / (X[1] - X[0])
ODD = X * BELL / math.sqrt(np.sum((X * BELL) ** 2) * (X[1] - X[0]))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: coherent(0, 0, mass=-1.0, frequency=1.0, hbar=1.0), "mass: expected a finite number above 0, got -1"),
        (lambda: coherent(0, 0, mass=1.0, frequency=0.0, hbar=1.0), "frequency: expected"),
        (
            lambda: coherent(math.nan, 0, mass=1.0, frequency=1.0, hbar=1.0),
            "position: expected a finite number, got nan",
        ),
        (
            lambda: coherent(0, 0, mass=1.0, frequency=1.0, hbar=True),
            "hbar: expected a finite number above 0, got True",
        ),
        (lambda: squeezed(0, 0, squeezing=5.0, **OSCILLATOR), "squeezing: expected a number between -3 and 3, got 5"),
        (lambda: thermal(-0.1, **OSCILLATOR), "temperature: expected a finite number >= 0, got -0.1"),
        (lambda: fock(-1, **OSCILLATOR), "n: expected a whole number from 0 to 300, got -1"),
        (lambda: fock(1.0, **OSCILLATOR), "n: expected a whole number from 0 to 300, got 1.0"),  # type: ignore[arg-type]
        (lambda: fock(301, **OSCILLATOR), "n: expected a whole number from 0 to 300, got 301"),
        (lambda: cat((0.0, 0.0), phase=math.pi, **OSCILLATOR), "displacement: expected components that do not cancel"),
        (lambda: cat((1.0, 2.0, 3.0), **OSCILLATOR), "displacement: expected 2 numbers"),
        (lambda: GaussianQuantumState((0, 0), (0.3, 0.4), hbar=0.7), "at least hbar/2 = 0.35, got 0.34641"),
        (lambda: from_wavefunction(X, 0 * X, hbar=1), "psi: expected a function that is not zero"),
        (lambda: from_wavefunction(RANGE, lambda x: 0 * x, hbar=1), "psi: expected a function that is not zero"),
        (
            lambda: from_wavefunction(X, np.where(np.arange(64) == 5, np.inf, BELL), hbar=1),
            "psi: expected finite numbers, got 1 that are not",
        ),
        (lambda: from_wavefunction(X, np.cos(X / 4), hbar=1), "psi: expected samples that vanish at the ends"),
        (lambda: from_wavefunction(X, np.exp(-20 * X**2), hbar=1), "psi: expected samples that resolve"),
        (lambda: from_wavefunction(RANGE, lambda x: 1.0 * (abs(x) < 1), hbar=1), "psi: expected samples that resolve"),
        (lambda: from_wavefunction(X, BELL[:-1], hbar=1), "psi: expected one value for each of 64 positions"),
        (lambda: from_wavefunction(X**3, BELL, hbar=1), "x: expected uniform increasing positions"),
        (lambda: from_wavefunction(X[::-1], BELL, hbar=1), "x: expected uniform increasing positions"),
        (lambda: from_wavefunction(X[:3], BELL[:3], hbar=1), "x: expected between 16 and 2048 positions"),
        (lambda: from_wavefunction((3.0, -3.0), lopsided, hbar=1), "x: expected a range, the lower end first"),
        (lambda: from_wavefunction(["a"] * 64, BELL, hbar=1), "x: expected an array of float numbers"),  # type: ignore[list-item]
        (lambda: from_density_matrix(X, RHO[1:], hbar=1), "rho: expected shape"),
        (lambda: from_density_matrix(X, 1.01 * RHO, hbar=1), "rho: expected the trace .* = 1, got 1.01"),
        (
            lambda: from_density_matrix(X, RHO * (1 + 1e-3 * X), hbar=1),
            "rho: expected a Hermitian matrix, got one off by",
        ),
        (
            lambda: from_density_matrix(X, 1.1 * RHO - 0.1 * np.outer(ODD, ODD), hbar=1),
            "rho: expected a positive matrix, got the eigenvalue -0.1",
        ),
        (lambda: ZOO["fock 7"].support(0.0), "level: expected a number between 0 and 1, got 0"),
        (lambda: ZOO["coherent"].bandwidth(2.0), "level: expected a number between 0 and 1, got 2"),
    ],
)
def test_what_is_no_state_is_refused(build: Callable[[], object], message: str) -> None:
    """Kills checks that let an impossible state through, or that blame the wrong argument."""
    with pytest.raises(StateError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_uncertainty_bound_is_sharp() -> None:
    """Kills a bound that refuses pure states or accepts a violation of one part in a million."""
    covariance = ZOO["squeezed"].covariance
    assert GaussianQuantumState((0, 0), covariance, hbar=HBAR).purity == pytest.approx(1, abs=1e-10)
    with pytest.raises(StateError, match="uncertainty"):
        GaussianQuantumState((0, 0), covariance * (1 - 1e-6), hbar=HBAR)
