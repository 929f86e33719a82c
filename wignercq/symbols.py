"""The symbol of the momentum part V of the generator, its commutator correction, and their truncation in hbar.

In the mixed representation (q, r, x, s), with r conjugate to p, s to y and h = hbar s/2, everything in the
master equation but transport and friction is multiplication by (eqs (101)-(112))::

    G = i r a + i b - (D2/2) r**2 - (D0/2) c**2
    a = V_C'(q) + [d_qV_I(q, x+h) + d_qV_I(q, x-h)]/2        mean force, the cosine bracket
    b = [U(q, x+h) - U(q, x-h)]/hbar,  U = V_Q + V_I         the Moyal (sine) bracket
    c = d_qV_I(q, x+h) - d_qV_I(q, x-h)                      decoherence

and the double commutator of the forward fourth-order splitting is multiplication as well::

    C = [V, [T, V]] = (2i/M) (d_q G)(d_r G) + (2i/m) (d_x G)(d_s G)

Both are polynomials of degree two in r, so they are kept as coefficients on (q, x, s).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import factorial

import numpy as np
import sympy as sp

from wignercq.errors import ModelError
from wignercq.expressions import as_rational, real_symbol
from wignercq.model import Model, Q, X

R, S = real_symbol("r"), real_symbol("s")
COEFFICIENTS = 3  # of r**0, r**1, r**2


@dataclass(frozen=True, eq=False)
class GeneratorSymbol:
    """The symbol G = `damping` + i `phase` of V as SymPy expressions in (q, r, x, s), eqs (104)-(112).

    Parameters
    ----------
    model : Model
    hbar_order : int or None
        None keeps all orders. An integer n keeps the terms up to hbar**(2n) relative to the classical ones; 0 is
        the classical Fokker-Planck counterpart with the same diffusion in p and y.
    """

    model: Model
    hbar_order: int | None = None

    def __post_init__(self) -> None:
        if self.hbar_order is not None and self.hbar_order < 0:
            raise ModelError(f"hbar_order: expected 'exact' or an integer >= 0, got {self.hbar_order}")

    @property
    def _h(self) -> sp.Expr:
        return as_rational(self.model.hbar) * S / 2

    def _half_difference(self, f: sp.Expr) -> sp.Expr:
        """[f(x+h) - f(x-h)]/2, or its odd Taylor series."""
        if self.hbar_order is None:
            return _tidy((f.subs(X, X + self._h) - f.subs(X, X - self._h)) / 2)
        return self._series(f, first=1)

    def _mean(self, f: sp.Expr) -> sp.Expr:
        """[f(x+h) + f(x-h)]/2, or its even Taylor series."""
        if self.hbar_order is None:
            return _tidy((f.subs(X, X + self._h) + f.subs(X, X - self._h)) / 2)
        return self._series(f, first=0)

    def _series(self, f: sp.Expr, first: int) -> sp.Expr:
        assert self.hbar_order is not None
        orders = range(first, first + 2 * self.hbar_order + 1, 2)
        return _tidy(sum((sp.diff(f, X, j) * self._h**j / factorial(j) for j in orders), sp.Integer(0)))

    def _squared_half_difference(self, f: sp.Expr) -> sp.Expr:
        """([f(x+h) - f(x-h)]/2)**2, or the Cauchy product of the odd series cut at the same order."""
        if self.hbar_order is None:
            return self._half_difference(f) ** 2
        terms = [sp.diff(f, X, j) * self._h**j / factorial(j) for j in range(1, 2 * self.hbar_order + 2, 2)]
        kept = (terms[i] * terms[n - i] for n in range(len(terms)) for i in range(n + 1))
        return _tidy(sum(kept, sp.Integer(0)))

    @cached_property
    def phase(self) -> sp.Expr:
        """Im G = r a + b: forces and Moyal brackets."""
        model = self.model
        force = sp.diff(model.V_C, Q) + self._mean(sp.diff(model.V_I, Q))
        moyal = 2 * self._half_difference(model.V_Q + model.V_I) / as_rational(model.hbar)
        return R * force + moyal

    @cached_property
    def damping(self) -> sp.Expr:
        """Re G = -(D2/2) r**2 - (D0/2) c**2: momentum diffusion and decoherence."""
        D2, D0 = as_rational(self.model.diffusion), as_rational(self.model.D0)
        return -D2 / 2 * R**2 - 2 * D0 * self._squared_half_difference(sp.diff(self.model.V_I, Q))

    @cached_property
    def commutator(self) -> tuple[sp.Expr, sp.Expr]:
        """Real and imaginary part of C = (2i/M) (d_q G)(d_r G) + (2i/m) (d_x G)(d_s G)."""
        real, imaginary = sp.Integer(0), sp.Integer(0)
        for mass, position, conjugate in ((self.model.classical_mass, Q, R), (self.model.quantum_mass, X, S)):
            d_re, d_im = sp.diff(self.damping, position), sp.diff(self.phase, position)
            c_re, c_im = sp.diff(self.damping, conjugate), sp.diff(self.phase, conjugate)
            factor = 2 / as_rational(mass)
            real -= factor * (d_re * c_im + d_im * c_re)
            imaginary += factor * (d_re * c_re - d_im * c_im)
        return real, imaginary

    def compile(self) -> Callable[..., list[np.ndarray]]:
        """Numerical coefficients of r**0, r**1, r**2 in Re G, Im G, Re C, Im C, in this order, of (q, x, s)."""
        parts = (self.damping, self.phase, *self.commutator)
        coefficients = [c for part in parts for c in _powers_of_r(part)]
        return sp.lambdify((Q, X, S), coefficients, modules=["scipy", "numpy"], cse=True)


@dataclass(frozen=True, eq=False)
class SampledSymbol:
    """G and C sampled on given points: polynomials in r whose coefficients live on (q, x, s).

    Parameters
    ----------
    generator, commutator : np.ndarray
        Complex coefficients, shape (3, nq, nx, ns).
    """

    generator: np.ndarray
    commutator: np.ndarray

    @classmethod
    def on(cls, symbol: GeneratorSymbol, q: np.ndarray, x: np.ndarray, s: np.ndarray) -> SampledSymbol:
        """Sample `symbol` on the outer product of the points `q`, `x` and frequencies `s`.

        Raises
        ------
        ModelError
            A potential is not finite somewhere, or the truncation in hbar amplifies instead of damping.
        """
        shape = (q.size, x.size, s.size)
        with np.errstate(all="ignore"):
            values = symbol.compile()(q[:, None, None], x[None, :, None], s[None, None, :])
        table = np.empty((4, COEFFICIENTS, *shape))
        for target, value in zip(table.reshape(-1, *shape), values, strict=True):
            target[...] = value
        _require_finite(table, symbol.model, q, x, s)
        growth = table[0, 0].max()
        if symbol.hbar_order is not None and growth > 1e-9 * np.abs(table[0, 0]).max():
            raise ModelError(
                f"hbar_order: expected an order at which the truncated decoherence damps, got {symbol.hbar_order}, "
                f"which amplifies at a rate up to {growth:.3g} on this grid; use 'exact' or 0"
            )
        return cls(table[0] + 1j * table[1], table[2] + 1j * table[3])


def _tidy(expression: sp.Expr) -> sp.Expr:
    """Expanded if polynomial, so that differences cancel on paper and not in floating point."""
    return sp.expand(expression) if expression.is_polynomial(Q, X, S) else expression


def _powers_of_r(expression: sp.Expr) -> list[sp.Expr]:
    """Coefficients of 1, r, r**2 of an expression that is a polynomial of degree two in r."""
    at_zero = expression.subs(R, 0)
    slope = sp.diff(expression, R).subs(R, 0)
    curvature = sp.diff(expression, R, 2) / 2
    return [at_zero, slope, curvature]


def _require_finite(table: np.ndarray, model: Model, q: np.ndarray, x: np.ndarray, s: np.ndarray) -> None:
    if np.isfinite(table).all():
        return
    _, _, i, j, k = np.argwhere(~np.isfinite(table))[0]
    reach = model.hbar * s[k] / 2
    raise ModelError(
        f"potential: expected finite values on the grid (the Moyal terms reach x +- hbar s/2), "
        f"got a singular or overflowing one near q = {q[i]:.4g}, x = {x[j] - reach:.4g} or {x[j] + reach:.4g}"
    )
