"""The steady state of a propagator as the solution of a linear equation that a Krylov method solves in few steps.

With P = exp(L dt) and a window w that falls from 1 to 0 over a time, summation by parts gives ::

    (P - 1) S = 1 - F,    S = -sum_k w_k P**k,    F = sum_k (w_(k-1) - w_k) P**k

F averages over that time with the kernel -w', here Hann's: what oscillates or decays within it is gone, and S inverts
P - 1 up to that. What F leaves are the slow modes, which are known between Hermite functions: Q inverts P - 1 on
them. One after the other, Q first, they make M = Q + S (1 - (P - 1) Q), and the error of a W, in place of its
residual, is what the equation M (P - 1) W = 0 is about: ::

    M (P - 1) W = W - F (W - Q (P - 1) W)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse.linalg import LinearOperator

from wignercq.propagation.propagator import Propagator
from wignercq.steady.guess import Guess

LEFT = 0.05  # modulus of what F leaves of a mode, from which on Q is worth it


@dataclass(eq=False)
class AveragedEquation:
    """M (P - 1) W = 0 on a grid.

    Parameters
    ----------
    propagator : Propagator
        P, and the engine that carries W.
    steps : int
        Of the average.
    guess : Guess
        Knows the slow modes.
    taken : callable
        Told of steps after they were taken; may raise to end it all.
    """

    propagator: Propagator
    steps: int
    guess: Guess
    taken: Callable[[int], None]

    @cached_property
    def window(self) -> np.ndarray:
        """w_k for k = 0 ... steps, from 1 to 0."""
        s = np.arange(self.steps + 1) / self.steps
        return np.asarray(1 - s + np.sin(2 * np.pi * s) / (2 * np.pi))

    @property
    def _kernel(self) -> np.ndarray:
        """Weights of F, of P**k from k = 1 on."""
        return np.asarray(self.window[:-1] - self.window[1:])

    def residual(self, W: np.ndarray) -> np.ndarray:
        """(P - 1) W."""
        return self._advanced(W, self.propagator) - W

    def error(self, W: np.ndarray) -> np.ndarray:
        """M (P - 1) W: about W minus the steady state."""
        return W - self.averaged(W - self.of_slow_modes(self.residual(W)))

    def error_of(self, residual: np.ndarray) -> np.ndarray:
        """M of a residual, one of another propagator for example."""
        slow = self.of_slow_modes(residual)
        rest = residual - self.residual(slow)
        return slow - self._summed(rest, self.window[:-1])

    def averaged(self, W: np.ndarray) -> np.ndarray:
        """F W."""
        return self._summed(W, np.concatenate([[0.0], self._kernel]))

    @property
    def rest(self) -> float:
        """What F leaves of the fastest known mode, and at most of all faster ones."""
        return float(self._left.min(initial=LEFT))

    @cached_property
    def _left(self) -> np.ndarray:
        """Moduli of what F leaves of the known slow modes."""
        exponents = self.guess.slow_modes[0] * self.propagator.dt
        return np.asarray(np.abs(np.exp(np.outer(exponents, np.arange(1, self.steps + 1))) @ self._kernel))

    @property
    def operator(self) -> LinearOperator:
        """M (P - 1) for SciPy, on flat arrays."""
        shape, size = self.propagator.engine.grid.shape, self.propagator.engine.grid.size
        return LinearOperator((size, size), matvec=lambda W: self.error(W.reshape(shape)).ravel(), dtype=float)

    def _summed(self, W: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Sum of weights_k P**k W."""
        engine = self.propagator.engine
        total, term = weights[0] * W, np.empty_like(W)
        field = engine.of(W)
        for weight in weights[1:]:
            field, _ = self.propagator.advance(field, 1)
            self.taken(1)
            np.multiply(engine.array(field), weight, out=term)
            total += term
        return total

    def _advanced(self, W: np.ndarray, propagator: Propagator, steps: int = 1) -> np.ndarray:
        field, _ = propagator.advance(propagator.engine.of(W), steps)
        self.taken(steps)
        return np.ascontiguousarray(propagator.engine.array(field))

    def refined_residual(self, W: np.ndarray, finer: Propagator) -> np.ndarray:
        """(P' - 1) W of a propagator of half the step over the same time."""
        return self._advanced(W, finer, 2) - W

    @cached_property
    def _modes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Modes that F leaves: exp(lambda dt) - 1, right vectors as columns, and left ones as rows, biorthogonal."""
        values, right, left = self.guess.slow_modes
        kept = self._left > LEFT
        left, right = left[:, kept].T, right[:, kept]
        return np.expm1(values[kept] * self.propagator.dt), right, np.linalg.solve(left @ right, left)

    def of_slow_modes(self, residual: np.ndarray) -> np.ndarray:
        """Q of a residual: what of W the slow modes make of it."""
        rates, right, left = self._modes
        grid, basis = self.propagator.engine.grid, self.guess.galerkin.basis
        share = left @ basis.coefficients(residual, grid)
        return basis.on((right @ (share / rates)).real, grid)
