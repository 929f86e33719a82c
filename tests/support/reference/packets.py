"""Moments of superposed Gaussian wave packets and of densities with fringes, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Packet:
    """``psi(x) = height exp(-(x - centre)**2/(4 width**2) + i chirp (x - centre)**2 + i wavenumber (x - centre))``."""

    centre: float
    width: float
    wavenumber: float
    height: complex = 1.0
    chirp: float = 0.0

    @property
    def curvature(self) -> complex:
        return 1 / (4 * self.width**2) - 1j * self.chirp

    def __call__(self, x: np.ndarray) -> np.ndarray:
        u = x - self.centre
        return self.height * np.exp(-self.curvature * u**2 + 1j * self.wavenumber * u)

    def formula(self) -> str:
        """The same as a formula of the configuration."""
        a, b, c = (float(v) for v in (self.curvature.real, -self.curvature.imag, self.wavenumber))
        d = complex(self.height)
        u = f"(x - ({float(self.centre)!r}))"
        exponent = f"-({a!r})*{u}**2 + I*({b!r})*{u}**2 + I*({c!r})*{u}"
        return f"({d.real!r} + I*({d.imag!r}))*exp({exponent})"


def wave_moments(packets: Sequence[Packet], hbar: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (x, y) in a sum of packets, from the Gaussian integrals of its pairs.

    With y psi_b = -i hbar (b - 2 a x) psi_b, every pair has the integrals of 1, x, x**2 against exp(-A x**2 + B x + C).
    """
    origin = packets[0].centre
    norm, first, second = 0j, np.zeros(2, complex), np.zeros((2, 2), complex)
    for bra in packets:
        for ket in packets:
            a, b, c = (np.array(v) for v in zip(_exponent(bra, origin), _exponent(ket, origin), strict=True))
            quadratic, linear, constant = a[0].conj() + a[1], b[0].conj() + b[1], c[0].conj() + c[1]
            middle, spread = linear / (2 * quadratic), 1 / (2 * quadratic)
            weight = bra.height.conjugate() * ket.height * np.sqrt(np.pi / quadratic)
            weight *= np.exp(constant + linear**2 / (4 * quadratic))
            x, xx = middle, middle**2 + spread
            y = -1j * hbar * (b[1] - 2 * a[1] * x)
            xy = -1j * hbar * (b[1] * x - 2 * a[1] * xx)
            cross = b[0].conj() * b[1] - 2 * (a[0].conj() * b[1] + b[0].conj() * a[1]) * x
            yy = hbar**2 * (cross + 4 * a[0].conj() * a[1] * xx)
            norm, first = norm + weight, first + weight * np.array([x, y])
            second = second + weight * np.array([[xx, xy], [xy, yy]])
    mean, square = (first / norm).real, (second / norm).real
    return mean + np.array([origin, 0.0]), square - np.outer(mean, mean)


def _exponent(packet: Packet, origin: float) -> tuple[complex, complex, complex]:
    """Coefficients of ``-a u**2 + b u + c``, u = x - origin."""
    a, u, k = packet.curvature, packet.centre - origin, packet.wavenumber
    return a, 2 * a * u + 1j * k, -a * u**2 - 1j * k * u


@dataclass(frozen=True)
class Bump:
    """``f(z) = weight N(z; centre, covariance) (1 + depth cos(wavevector (z - centre)))``, z = (q, p)."""

    centre: np.ndarray
    covariance: np.ndarray
    weight: float
    depth: float
    wavevector: np.ndarray

    def __call__(self, q: np.ndarray, p: np.ndarray) -> np.ndarray:
        u, v, precision = q - self.centre[0], p - self.centre[1], np.linalg.inv(self.covariance)
        exponent = precision[0, 0] * u**2 + 2 * precision[0, 1] * u * v + precision[1, 1] * v**2
        fringes = 1 + self.depth * np.cos(self.wavevector[0] * u + self.wavevector[1] * v)
        return self.weight * np.exp(-exponent / 2) * fringes / np.sqrt(np.linalg.det(self.covariance))


def density_moments(bumps: Sequence[Bump]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (q, p) in a sum of bumps: a fringe is a normal density with a complex mean."""
    norm, first, second = 0j, np.zeros(2, complex), np.zeros((2, 2), complex)
    for bump in bumps:
        tilt = bump.covariance @ bump.wavevector
        fringe = bump.depth / 2 * np.exp(-bump.wavevector @ tilt / 2)
        for weight, shift in ((1.0, 0 * tilt), (fringe, 1j * tilt), (fringe, -1j * tilt)):
            weight, mean = bump.weight * weight, bump.centre + shift
            norm, first = norm + weight, first + weight * mean
            second += weight * (bump.covariance + np.outer(mean, mean))
    mean, square = (first / norm).real, (second / norm).real
    return mean, square - np.outer(mean, mean)


@dataclass(frozen=True)
class Moments:
    """A mean and a covariance, as states have them."""

    mean: np.ndarray
    covariance: np.ndarray


def deviation(state: Any, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Largest difference of a state's mean and covariance from these, relative to the widths."""
    widths = np.sqrt(np.diag(covariance))
    shifts, spreads = (state.mean - mean) / widths, (state.covariance - covariance) / np.outer(widths, widths)
    return float(max(np.abs(shifts).max(), np.abs(spreads).max()))
