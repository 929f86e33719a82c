"""Sampled states against closed forms and quadrature: each has its own moments or is refused, none is aliased."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from support.reference.packets import Bump, Moments, Packet, density_moments, deviation, wave_moments

from wignercq.errors import StateError
from wignercq.states import ClassicalDensity, from_wavefunction

HBAR = 0.7
SAMPLES = 2048  # at most, of a wave function
FAMILIES = ("fast", "fringed", "narrow", "narrow beside wide", "displaced")


def wave(family: str, random: np.random.Generator) -> tuple[list[Packet], tuple[float, float]]:
    """Packets and the range in which a user puts them."""
    width, uniform = 10 ** random.uniform(-2, 2), random.uniform
    if family == "displaced":
        centre = width * 10 ** uniform(0, 5) * random.choice([-1, 1])
        reach = width * uniform(13, 40)
        return [Packet(centre, width, uniform(-5, 5) / width, chirp=uniform(-1, 1) / width**2)], (
            centre - reach,
            centre + reach,
        )
    if family == "fast":
        reach = width * uniform(13, 30)
        return [Packet(0.3 * width, width, uniform(-1.3, 1.3) * np.pi * SAMPLES / (2 * reach))], (-reach, 1.1 * reach)
    if family == "fringed":
        packets = [
            Packet(
                uniform(-9, 9) * width, width * uniform(0.5, 2), uniform(-90, 90) / width, complex(*uniform(-1, 1, 2))
            )
            for _ in range(random.integers(2, 4))
        ]
        return packets, (-35 * width, 37 * width)
    span = width * 2 ** uniform(6, 17)
    packet = Packet(uniform(0.2, 0.8) * span, width, uniform(-2, 2) / width)
    wide = Packet(0.45 * span, 0.03 * span, uniform(-9, 9) / span, 0.1 + 0.2j)
    return [packet] if family == "narrow" else [packet, wide], (-0.02 * span, 1.03 * span)


def nyquist_needed(packets: list[Packet], reach: float) -> float:
    """The wavenumber up to which the spectrum of packets with chirp goes, `reach` of its standard deviations."""
    return max(abs(p.wavenumber) + reach * np.hypot(1 / (2 * p.width), 2 * p.chirp * p.width) for p in packets)


def together(parts: Sequence[Callable[..., np.ndarray]]) -> Callable[..., np.ndarray]:
    return lambda *points: sum(part(*points) for part in parts)


def attempt(build: Callable[[], Any]) -> tuple[Any, str]:
    """A state, or what is said of it where it is refused."""
    try:
        return build(), ""
    except StateError as error:
        return None, str(error)


@pytest.mark.parametrize("family", FAMILIES)
def test_wave_functions_have_their_moments_or_are_refused(family: str) -> None:
    """Kills samples that look resolved at an aliased frequency, or that see nothing of a narrow packet."""
    random, kept, refused = np.random.default_rng(FAMILIES.index(family)), 0, 0
    for _ in range(24):
        packets, ends = wave(family, random)
        nyquist = np.pi * SAMPLES / (ends[1] - ends[0])
        state, message = attempt(
            partial(from_wavefunction, ends, lambda x, all=packets: sum(p(x) for p in all), hbar=HBAR)
        )
        if state is None:
            refused += 1
            assert re.fullmatch("psi: expected .*", message)
            assert nyquist_needed(packets, 8.0) > 0.9 * nyquist, (packets, ends)
        else:
            kept += 1
            assert deviation(state, *wave_moments(packets, HBAR)) < 1e-6, (packets, ends)
            assert nyquist_needed(packets, 5.0) < nyquist
    assert kept > 4
    assert refused > 4 or family in ("displaced", "fringed")


@dataclass(frozen=True)
class Lopsided:
    """``psi(x) = A(u) exp(i (k x + cube sin u))``, ``A = (1 + tilt u) sech(u)**2``, ``u = x/width``."""

    width: float
    tilt: float
    k: float
    cube: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.size(x / self.width) * np.exp(1j * (self.k * x + self.cube * np.sin(x / self.width)))

    def size(self, u: np.ndarray) -> np.ndarray:
        return (1 + self.tilt * u) / np.cosh(u) ** 2

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """By adaptive quadrature: ``y psi = hbar (phi' - i A'/A) psi``."""

        def local(u: float) -> tuple[float, float, float, float]:
            slope = (self.tilt - 2 * np.tanh(u) * (1 + self.tilt * u)) / np.cosh(u) ** 2
            y = HBAR * (self.k + self.cube * np.cos(u) / self.width)
            return self.size(u), u * self.width, y, HBAR * slope / self.width

        def integral(weight: Callable[[float, float, float, float], float]) -> float:
            return float(quad(lambda u: weight(*local(u)), -19, 19, epsabs=1e-12, epsrel=1e-11, limit=200)[0])

        norm = integral(lambda a, x, y, slope: a**2)
        mean = [integral(lambda a, x, y, slope: a**2 * x) / norm, integral(lambda a, x, y, slope: a**2 * y) / norm]
        xx = integral(lambda a, x, y, slope: a**2 * (x - mean[0]) ** 2)
        xy = integral(lambda a, x, y, slope: a**2 * (x - mean[0]) * (y - mean[1]))
        yy = integral(lambda a, x, y, slope: a**2 * (y - mean[1]) ** 2 + slope**2)
        return np.array(mean), np.array([[xx, xy], [xy, yy]]) / norm


def test_wave_functions_that_are_no_packets_have_the_moments_of_quadrature() -> None:
    """Kills an aliased phase of a function that is no Gaussian."""
    random, kept, refused = np.random.default_rng(11), 0, 0
    for _ in range(20):
        width, tilt, k, cube = random.uniform((0.3, -1, -220, -0.2), (3, 1, 220, 0.2))
        psi = Lopsided(width, tilt, k / width, cube)
        state, message = attempt(partial(from_wavefunction, (-19 * width, 19 * width), psi, hbar=HBAR))
        if state is None:
            refused += 1
            assert re.fullmatch("psi: expected .*", message)
            assert abs(k) > 140
        else:
            kept += 1
            assert deviation(state, *psi.moments()) < 1e-6, psi
    assert min(kept, refused) > 3


def density(family: str, random: np.random.Generator) -> tuple[list[Bump], np.ndarray]:
    """Bumps and the region in which a user puts them."""
    uniform, widths = random.uniform, 10 ** random.uniform(-1, 1, 2)
    correlation = uniform(-0.7, 0.7)
    covariance = np.outer(widths, widths) * [[1, correlation], [correlation, 1]]
    reach = widths * uniform(9, 12, 2)
    if family == "narrow":
        reach = widths * 2 ** uniform(4, 9.5)
    centre = uniform(-100, 100, 2) * widths
    fastest = {"fringed": 30.0, "fast": 300.0, "narrow": 1.0}[family]
    bumps = [Bump(centre, covariance, 1.0, 0.9, uniform(-fastest, fastest, 2) / widths)]
    if family == "fringed":
        bumps.append(
            Bump(centre + uniform(-1.5, 1.5, 2) * widths, covariance / 2, 0.4, 0.5, uniform(-9, 9, 2) / widths)
        )
    if family == "narrow":  # beside a wide one
        bumps.append(Bump(centre + 0.1 * reach, np.diag((0.1 * reach) ** 2), 0.3, 0.0, np.zeros(2)))
    return bumps, np.column_stack((centre - reach, centre + 1.1 * reach))


@pytest.mark.parametrize("family", ["fringed", "fast", "narrow"])
def test_densities_have_their_moments_or_are_refused(family: str) -> None:
    """Kills a density whose fringes look smooth, or whose narrow part lies between its samples."""
    random, kept, refused = np.random.default_rng(len(family)), 0, 0
    for _ in range(10):
        bumps, region = density(family, random)
        state, message = attempt(
            partial(ClassicalDensity, lambda q, p, all=bumps: sum(b(q, p) for b in all), region=region)
        )
        if state is None:
            refused += 1
            assert re.fullmatch("function: expected .*", message)
            needed = np.abs(bumps[0].wavevector) + 8 / np.sqrt(np.diag(bumps[0].covariance))
            assert (needed > 0.9 * np.pi * 1024 / np.ptp(region, axis=1)).any(), (bumps, region)
        else:
            kept += 1
            assert deviation(state, *density_moments(bumps)) < 1e-6, (bumps, region)
    assert kept > 2
    assert refused > 2 or family == "fringed"


def test_density_is_seen_between_its_first_samples() -> None:
    """Kills fringes that 64 samples take for a density twice as large, and a narrow part that they miss."""
    round_one, region = np.diag([0.8, 1.1]), ((-8.0, 8.0), (-9.0, 9.5))
    wide = Bump(np.array([-1.0, 0.5]), round_one, 1.0, 0.0, np.zeros(2))
    fringed = Bump(np.array([1.0, -0.5]), round_one, 1.0, 1.0, np.array([2 * np.pi / 0.25, 0.0]))
    narrow = Bump(np.array([1.1, -0.6]), np.diag([0.04, 0.05]) ** 2, 0.5, 0.0, np.zeros(2))
    for other in (fringed, narrow):
        state = ClassicalDensity(together([wide, other]), region=region)
        assert deviation(state, *density_moments([wide, other])) < 1e-9


def test_a_fast_packet_keeps_its_momentum() -> None:
    """Kills 64 samples that look resolved: the mean momentum of this packet was -0.90."""
    state = from_wavefunction((-9.6, 9.6), lambda x: np.exp(-(x**2) / 2 + 20j * x), hbar=1.0)
    np.testing.assert_allclose(state.mean, [0.0, 20.0], atol=1e-10)
    np.testing.assert_allclose(state.covariance, [[0.5, 0.0], [0.0, 0.5]], atol=1e-10)


def test_positions_given_with_a_function_are_checked_too() -> None:
    """Kills positions believed because their samples look resolved, at an alias of the function's frequency."""
    x, packet = np.linspace(-10, 10, 65), Packet(0.2, 0.7, 20.0)
    with pytest.raises(StateError, match=r"psi: expected a function that 65 samples resolve .* differs by"):
        from_wavefunction(x, packet, hbar=HBAR)
    state = from_wavefunction(np.linspace(-10, 10, 257), packet, hbar=HBAR)
    assert deviation(state, *wave_moments([packet], HBAR)) < 1e-9


def test_closed_forms_of_packets_are_those_of_quadrature() -> None:
    """Kills a reference that agrees with nothing: the closed forms above against the trapezoidal rule."""
    packets = [Packet(0.4, 0.6, 3.0, 1 + 0.5j, 0.3), Packet(-1.1, 0.9, -2.0, 0.7 - 0.2j)]
    x = np.linspace(-14, 14, 4001)
    psi = sum(p(x) for p in packets)
    moved = -1j * HBAR * sum((-2 * p.curvature * (x - p.centre) + 1j * p.wavenumber) * p(x) for p in packets)
    norm = np.sum(abs(psi) ** 2)
    mean = np.array([np.sum(abs(psi) ** 2 * x), np.sum(psi.conj() * moved).real]) / norm
    mixed = np.sum((x * psi.conj()) * moved).real / norm - mean[0] * mean[1]
    xx, yy = np.sum(abs(x * psi) ** 2) / norm - mean[0] ** 2, np.sum(abs(moved) ** 2) / norm - mean[1] ** 2
    assert deviation(Moments(mean, np.array([[xx, mixed], [mixed, yy]])), *wave_moments(packets, HBAR)) < 1e-12
    bumps = [
        Bump(np.array([0.3, -0.2]), np.array([[0.5, 0.2], [0.2, 0.8]]), 1.0, 0.9, np.array([1.5, -0.7])),
        Bump(np.array([-0.8, 0.9]), np.array([[0.3, 0.0], [0.0, 0.4]]), 0.6, 0.3, np.array([0.4, 2.0])),
    ]
    q, p = np.meshgrid(np.linspace(-9, 9, 400), np.linspace(-10, 10, 420), indexing="ij")
    f = sum(b(q, p) for b in bumps)
    z = np.array([q.ravel(), p.ravel()])
    mean = z @ f.ravel() / f.sum()
    moved = z - mean[:, None]
    assert deviation(Moments(mean, (moved * f.ravel()) @ moved.T / f.sum()), *density_moments(bumps)) < 1e-12
