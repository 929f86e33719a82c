"""The slowest modes of relaxation: decay rates, frequencies and the functions that decay so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.grid.grid import Grid
from wignercq.model.drives import require_undriven
from wignercq.model.model import Model, require_model
from wignercq.planning import arguments
from wignercq.planning.numerics import Numerics
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import BY_ORDER
from wignercq.steady.basis import HermiteBasis
from wignercq.steady.certificate import PARTS, rate_of_change
from wignercq.steady.galerkin import Galerkin
from wignercq.steady.guess import Guess

MOST = 40  # modes that can be asked for
DEGREES, EVEN_DEGREES = (5, 20), (5, 28)  # of the classical and the quantum side
QUADRATIC_DEGREES = (10, 14)
TRUSTED = 0.03  # residual, beside the modulus of an eigenvalue, above which it may be one of the basis alone
BESIDE = 2  # more modes than asked for near each of them, since some have come already
ZERO = 1e-2  # eigenvalue, beside the frequency of the quantum particle, that may be the steady state's
SAME = 1e-8  # eigenvalues that differ by less, likewise, are one
STEPS = 20  # of the faster particle's period
LEVEL = 1e-5  # of W on the grid on which residuals are measured


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Eigenvalues of the generator nearest to the imaginary axis, zero left out, and their right eigenfunctions.

    Parameters
    ----------
    rates : np.ndarray, shape (count,)
        Complex: -decay rate + i frequency; each complex pair once, with the positive frequency.
    residuals : np.ndarray, shape (count,)
        ``|L v - rate v| / |v|`` on a grid, measured over a short time: of the order of the error of the rate.
    modes : list of (HermiteBasis, np.ndarray)
        Where and with which coefficients each eigenfunction is expanded.
    """

    rates: np.ndarray
    residuals: np.ndarray
    modes: list[tuple[HermiteBasis, np.ndarray]]

    @property
    def decay_rates(self) -> np.ndarray:
        """Shape (count,), ascending."""
        return np.asarray(-self.rates.real)

    @property
    def frequencies(self) -> np.ndarray:
        """Angular, not negative, shape (count,)."""
        return np.asarray(self.rates.imag)

    @property
    def gap(self) -> float:
        """The slowest decay rate."""
        return float(self.decay_rates[0])

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Decay rates, frequencies and residuals."""
        return self.decay_rates, self.frequencies, self.residuals

    def mode(self, number: int, grid: Grid) -> np.ndarray:
        """The eigenfunction of an eigenvalue on a grid, complex, shape ``grid.shape``, of maximum 1."""
        basis, coefficients = self.modes[number]
        values = basis.on(coefficients.real, grid) + 1j * basis.on(coefficients.imag, grid)
        largest = values.ravel()[np.abs(values).argmax()]
        return np.asarray(values / largest)


def relaxation(model: Model, *, count: int = 6, hbar_order: int | str | None = None) -> Relaxation:
    """The slowest decay rates and frequencies with which a model approaches its steady state.

    Eigenvalues of the generator of eqs (101)-(112) of arXiv:2510.07402 between Hermite functions that are fitted to the
    steady state. For a quadratic model they are sums of the eigenvalues of -A, eq (17).

    Parameters
    ----------
    model : Model
        With a unique steady state.
    count : int
        How many; a complex pair counts once.
    hbar_order : int or None
        None: exact. 0: the classical Fokker-Planck counterpart.

    Returns
    -------
    Relaxation

    Raises
    ------
    ModelError
        There is no steady state, or more than one.
    InputError
        `count` cannot be used.
    """
    count, order = arguments.whole("count", count, 1, MOST), arguments.hbar_order(hbar_order)
    require_undriven(require_model(model), "decay rates")
    guess = Guess.of(model, order)
    own = guess.galerkin.basis
    engine = Numerics().make_engine(guess.grid(LEVEL))
    dt = 2 * np.pi / max(guess.frequencies) / STEPS
    with threadpool_limits(1, "blas"):
        propagator = Propagator(model, engine, BY_ORDER[4], dt, order)
        degrees = QUADRATIC_DEGREES if model.is_quadratic else EVEN_DEGREES if own.parity == 0 else DEGREES
        return slowest_modes(guess, count, propagator, HermiteBasis(own.centre, own.lengths, *degrees))


def slowest_modes(
    guess: Guess, count: int, propagator: Propagator, basis: HermiteBasis, *, thorough: bool = True
) -> Relaxation:
    """The modes that decay slowest, of both parities where there are two, with residuals on a propagator's grid.

    Looked for near the frequencies of both particles and harmonics, or only near zero and that of the quantum one.
    """
    classical, quantum = guess.frequencies
    odd, even = ([classical, quantum, 3 * quantum], [0.0, 2 * quantum]) if thorough else ([quantum], [0.0])
    own = guess.galerkin.basis
    found: list[tuple[complex, HermiteBasis, np.ndarray]] = []
    for parity in (None,) if own.parity is None else (0, 1):
        known = basis is own and parity == own.parity
        galerkin = (
            guess.galerkin if known else Galerkin.of(guess.model, replace(basis, parity=parity), guess.hbar_order)
        )
        for frequency in odd + even if parity is None else (even, odd)[parity]:
            near = galerkin.near(frequency, count + BESIDE) if frequency else galerkin.slowest(count + BESIDE)
            for value, vector in zip(*(near[0], near[1].T), strict=True):
                value, vector = (value, vector) if value.imag >= 0 else (value.conjugate(), vector.conj())
                is_steady = parity != 1 and abs(value) < ZERO * quantum and _share(galerkin, vector) > 0.5
                if not is_steady and all(abs(value - mode[0]) > SAME * quantum for mode in found):
                    found.append((complex(value), galerkin.basis, vector))
    kept: list[tuple[complex, float, HermiteBasis, np.ndarray]] = []
    for rate, its_basis, vector in sorted(found, key=lambda mode: -mode[0].real):
        residual = _residual(propagator, rate, its_basis, vector)
        if residual < TRUSTED * abs(rate):
            kept.append((rate, residual, its_basis, vector))
        if len(kept) == count:
            break
    rates, residuals = np.array([mode[0] for mode in kept]), np.array([mode[1] for mode in kept])
    return Relaxation(rates, residuals, [(mode[2], mode[3]) for mode in kept])


def _share(galerkin: Galerkin, vector: np.ndarray) -> float:
    """Integral of a mode beside that of the steady state, both of norm 1: that of every other mode is zero."""
    basis, steady = galerkin.basis, galerkin.steady
    integral = abs(complex(basis.integral(vector.real), basis.integral(vector.imag)))
    return float(integral * np.linalg.norm(steady) / np.linalg.norm(vector))


def _residual(propagator: Propagator, rate: complex, basis: HermiteBasis, vector: np.ndarray) -> float:
    """Norm of ``L v - rate v`` beside that of v; what does not oscillate has no imaginary part to look at."""
    if abs(rate.imag) < SAME * abs(rate):
        rate, vector = rate.real, vector / vector[np.argmax(np.abs(vector))]
    tau = propagator.dt / PARTS
    mean = np.expm1(rate * tau) / tau  # over the short time
    parts = (vector.real, vector.imag) if mean.imag else (vector.real,)
    mode = [basis.on(part, propagator.engine.grid) for part in parts]
    turned = [mean.real * part for part in mode]
    if mean.imag:
        turned = [turned[0] - mean.imag * mode[1], turned[1] + mean.imag * mode[0]]
    left = [rate_of_change(propagator, part) - its for part, its in zip(mode, turned, strict=True)]
    return float(np.sqrt(sum((part**2).sum() for part in left) / sum((part**2).sum() for part in mode)))
