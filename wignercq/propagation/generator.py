"""The symbol of the momentum part V of the generator, its commutator correction, and their truncation in hbar.

In the mixed representation (q, r, x, s), with r conjugate to p, s to y and h = hbar s/2, everything in the
master equation but transport and friction is multiplication by (eqs (101)-(112))::

    G = i r a + i b - (D2/2) r**2 - (D0/2) c**2 - (D_yy/2) s**2
    a = V_C'(q) + [d_qV_I(q, x+h) + d_qV_I(q, x-h)]/2        mean force, the cosine bracket
    b = [U(q, x+h) - U(q, x-h)]/hbar,  U = V_Q + V_I         the Moyal (sine) bracket
    c = d_qV_I(q, x+h) - d_qV_I(q, x-h)                      decoherence

each further noise adding a c of its own and its part of D2(q). The double commutator of the forward fourth-order
splitting is multiplication as well::

    C = [V, [T, V]] = (2i/M) (d_q G)(d_r G) + (2i/m) (d_x G)(d_s G) - D_xx (d_x G)**2

for of T only what is of second order in derivatives by (q, r, x, s) is left in it: free motion, and the diffusion of
x. With thermal dynamics (:mod:`wignercq.model.thermal`) L in a and c is ``(mean force) + S c (x - x0)``, and the noise
of x in T has ``D_xx = hbar**2 c**2 kappa**2 D0``. Both are polynomials in r, of degree two, C of three where D2 depends
on q, and kept as coefficients on (q, x, s).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from math import factorial
from typing import TypeAlias

import numpy as np
import sympy as sp

from wignercq.errors import ModelError, brief
from wignercq.grid.grid import Grid
from wignercq.model import trade_off
from wignercq.model.complexity import require_differentiable
from wignercq.model.evaluation import compiled, sampled
from wignercq.model.formulas import as_rational, real_symbol
from wignercq.model.model import Model, Q, T, X
from wignercq.model.singularity import described, potentials
from wignercq.model.thermal import thermal_terms
from wignercq.propagation.engines.multipliers import Kick
from wignercq.propagation.schemes import Stage
from wignercq.propagation.transport import diffusion_in_V

R, S = real_symbol("r"), real_symbol("s")
ZERO = sp.Integer(0)
COEFFICIENTS = 3  # of r**0, r**1, r**2; more only where D2 depends on q
Coefficients: TypeAlias = list[tuple[sp.Expr, sp.Expr]]  # real and imaginary part by powers of r
MAX_HBAR_ORDER = 10
MAX_BITS = 900  # of coefficients; floats have up to 1024, and derivatives need some room


@dataclass(frozen=True, eq=False)
class GeneratorSymbol:
    """The symbol G = `damping` + i `phase` of V as SymPy expressions in (q, r, x, s), eqs (104)-(112).

    Parameters
    ----------
    hbar_order : int or None
        None keeps all orders. An integer n keeps the terms up to hbar**(2n) relative to the classical ones; 0 is
        the classical Fokker-Planck counterpart with the same diffusion in p and y.
    noise_of_p : bool
        Whether the noise of p belongs to V, G having the term -(D2/2) r**2, or to T. It commutes with V, so
        [V, [T, V]] is C of the G at hand either way. What further noises add to it always belongs to V.
    """

    model: Model
    hbar_order: int | None = None
    noise_of_p: bool = True

    def __post_init__(self) -> None:
        if self.hbar_order is not None and not 0 <= self.hbar_order <= MAX_HBAR_ORDER:
            raise ModelError("hbar_order", f"'exact' or an integer from 0 to {MAX_HBAR_ORDER}", brief(self.hbar_order))

    @property
    def _h(self) -> sp.Expr:
        return as_rational(self.model.hbar) * S / 2

    def _half_difference(self, f: sp.Expr) -> sp.Expr:
        """[f(x+h) - f(x-h)]/2, or its odd Taylor series."""
        if self.hbar_order is None:
            ahead, behind = self._shifted(f)
            return _tidy((ahead - behind) / 2)
        return sp.Add(*self._series(f, first=1))

    def _mean(self, f: sp.Expr) -> sp.Expr:
        """[f(x+h) + f(x-h)]/2, or its even Taylor series."""
        if self.hbar_order is None:
            ahead, behind = self._shifted(f)
            return _tidy((ahead + behind) / 2)
        return sp.Add(*self._series(f, first=0))

    def _shifted(self, f: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """f(x+h) and f(x-h); a polynomial is expanded first, because its powers are many more after the shift."""
        expanded = _tidy(f)
        return expanded.subs(X, X + self._h), expanded.subs(X, X - self._h)

    def _series(self, f: sp.Expr, first: int) -> list[sp.Expr]:
        """Terms of the Taylor series of f(x+h) in h: orders `first`, `first` + 2, and so on up to the truncation."""
        assert self.hbar_order is not None
        terms, derivative = [], _tidy(f)
        for j in range(first + 2 * self.hbar_order + 1):
            if j:
                require_differentiable(derivative, where="hbar_order")
                derivative = sp.diff(derivative, X)
            if j % 2 == first:
                terms.append(_tidy(derivative * self._h**j / factorial(j)))
        return terms

    def _squared_half_difference(self, f: sp.Expr) -> sp.Expr:
        """([f(x+h) - f(x-h)]/2)**2, or the Cauchy product of the odd series cut at the same order."""
        if self.hbar_order is None:
            return self._half_difference(f) ** 2
        terms = self._series(f, first=1)
        kept = (terms[i] * terms[n - i] for n in range(len(terms)) for i in range(n + 1))
        return _tidy(sp.Add(*kept))

    @property
    def phase(self) -> sp.Expr:
        """Im G = r a + b: forces and Moyal brackets."""
        return _polynomial(im for _, im in self._generator)

    @property
    def damping(self) -> sp.Expr:
        """Re G = -(D2/2) r**2 - (D0/2) c**2: momentum diffusion and decoherence."""
        return _polynomial(re for re, _ in self._generator)

    @property
    def commutator(self) -> tuple[sp.Expr, sp.Expr]:
        """Real and imaginary part of C = (2i/M) (d_q G)(d_r G) + (2i/m) (d_x G)(d_s G)."""
        return _polynomial(re for re, _ in self._double_commutator), _polynomial(
            im for _, im in self._double_commutator
        )

    @cached_property
    def _generator(self) -> Coefficients:
        """Re G and Im G by powers of r."""
        model = self.model
        L = thermal_measured(model) if model.is_thermal else sp.diff(model.V_I, Q)
        force = sp.diff(model.V_C, Q) + self._mean(L)
        moyal = 2 * self._half_difference(model.V_Q + model.V_I) / as_rational(model.hbar)
        decoherence = -2 * as_rational(model.D0) * self._squared_half_difference(L)
        for noise in model.noise_terms:
            if noise.decoherence:
                decoherence -= 2 * as_rational(noise.decoherence) * self._squared_half_difference(noise.L)
        if model.quantum_bath is not None:
            decoherence -= as_rational(diffusion_in_V(model)) * S**2 / 2
        of_p = model.total_diffusion if self.noise_of_p else model.noise_diffusion
        return [(decoherence, moyal), (ZERO, force), (-of_p / 2, ZERO)]

    @cached_property
    def _double_commutator(self) -> Coefficients:
        """Re C and Im C by powers of r; the coefficients of G enter as they are, not multiplied out."""
        model, G = self.model, self._generator
        by_r = [((k + 1) * re, (k + 1) * im) for k, (re, im) in enumerate(G[1:])]
        products = [
            (model.classical_mass, _derivatives(G, Q), by_r),
            (model.quantum_mass, along_x := _derivatives(G, X), _derivatives(G, S)),
        ]
        C: Coefficients = [(ZERO, ZERO)] * (2 * COEFFICIENTS - 1)
        for mass, left, right in products:
            factor = 2 / as_rational(mass)
            for (i, (a_re, a_im)), (j, (b_re, b_im)) in product(enumerate(left), enumerate(right)):
                re, im = -factor * (a_re * b_im + a_im * b_re), factor * (a_re * b_re - a_im * b_im)
                if (re, im) != (ZERO, ZERO):
                    C[i + j] = (C[i + j][0] + re, C[i + j][1] + im)
        if D_xx := as_rational(self._noise_of_x):
            for (i, (a_re, a_im)), (j, (b_re, b_im)) in product(enumerate(along_x), repeat=2):
                re, im = -D_xx * (a_re * b_re - a_im * b_im), -D_xx * (a_re * b_im + a_im * b_re)
                C[i + j] = (C[i + j][0] + re, C[i + j][1] + im)
        while len(C) > COEFFICIENTS and C[-1] == (ZERO, ZERO):
            C.pop()
        return C

    @property
    def _noise_of_x(self) -> float:
        """The diffusion of x in T."""
        model = self.model
        return thermal_terms(model).noise_x ** 2 if model.is_thermal else model.quantum_diffusion.xx

    def compile(self) -> Callable[..., list[np.ndarray]]:
        """Numerical coefficients of powers of r in Re G, Im G, Re C, Im C, in this order, of (q, x, s, t)."""
        C = self._double_commutator
        parts = ([*self._generator, *[(ZERO, ZERO)] * (len(C) - COEFFICIENTS)], C)
        coefficients = [power for symbol in parts for part in zip(*symbol, strict=True) for power in part]
        return compiled((Q, X, S, T), coefficients)


@lru_cache(maxsize=64)
def symbol_of(model: Model, hbar_order: int | None, noise_of_p: bool) -> GeneratorSymbol:
    """The symbol of a model, the same one whoever asks: a run makes many propagators."""
    return GeneratorSymbol(model, hbar_order, noise_of_p)


@dataclass(frozen=True, eq=False)
class SampledSymbol:
    """G and C sampled on given points: polynomials in r whose coefficients live on (q, x, s)."""

    # complex coefficients, shape (3 or more, *points, ns)
    generator: np.ndarray
    commutator: np.ndarray

    @classmethod
    def on(
        cls, symbol: GeneratorSymbol, q: np.ndarray, x: np.ndarray, s: np.ndarray, time: float = 0.0
    ) -> SampledSymbol:
        """Sample `symbol` on points `q` and `x`, arrays that broadcast, and at each of them on the frequencies `s`.

        At a time, which counts where the model is driven.

        ModelError where a potential is not finite, or the truncation in hbar amplifies instead of damping.
        """
        shape = (*np.broadcast(q, x).shape, s.size)
        values = symbol.compile()(q[..., None], x[..., None], s, np.float64(time))
        table = np.empty((4, len(values) // 4, *shape))
        for target, value in zip(table.reshape(-1, *shape), values, strict=True):
            target[...] = value
        del values  # as large as the table
        _require_finite(table, symbol.model, q, x, s, time)
        if symbol.model.noises and not symbol.model.allow_unphysical:
            trade_off.require(symbol.model, np.unique(q), np.unique(x))
        growth = table[0, 0].max()
        if symbol.hbar_order is not None and growth > 1e-9 * np.abs(table[0, 0]).max():
            raise ModelError(
                "hbar_order",
                "an order at which the truncated decoherence damps",
                f"{symbol.hbar_order}, which amplifies at a rate up to {growth:.3g} on this grid; use 'exact' or 0",
            )
        return cls(table[0] + 1j * table[1], table[2] + 1j * table[3])

    def kick(self, stage: Stage, duration: float, grid: Grid, *, growing: bool = False) -> Kick:
        """The multiplier of a momentum stage of a step of this duration; `growing` where the noise of p is in T.

        Then the commutator may grow with r.
        """
        span, third = stage.weights(duration)
        exponent, growth = span * self.generator, 0.0
        if stage.commutator:
            exponent = exponent + third * self.commutator
            growth = max(0.0, float(exponent[2].real.max())) if growing else 0.0
        return Kick(exponent.reshape(len(exponent), -1, exponent.shape[-1]), grid, growth)


def thermal_measured(model: Model) -> sp.Expr:
    """The Hermitian part of what thermal dynamics measure: d_q V_I with ``S (x - x0)`` in place of x - x0."""
    terms = thermal_terms(model)
    S, mu, nu = (as_rational(value) for value in (terms.S, terms.slope, terms.offset))
    x0 = mu * Q + nu
    return sp.diff(model.V_I, Q).subs(X, x0 + S * (X - x0))


def _tidy(expression: sp.Expr) -> sp.Expr:
    """Expanded if polynomial, so that differences cancel on paper and not in floating point.

    Left alone if the coefficients would leave the range of floats.
    """
    if not expression.is_polynomial(Q, X, S):
        return expression
    expanded = sp.expand(expression, power_exp=False)  # a pulse exp(-(t - 30)**2) is no product of exponentials
    parts = (part for number in expanded.atoms(sp.Rational) for part in (number.p, number.q))
    return expanded if all(part.bit_length() <= MAX_BITS for part in parts) else expression


def _polynomial(coefficients: Iterable[sp.Expr]) -> sp.Expr:
    return sp.Add(*(coefficient * R**k for k, coefficient in enumerate(coefficients)))


def _derivatives(coefficients: Coefficients, variable: sp.Symbol) -> Coefficients:
    return [(sp.diff(re, variable), sp.diff(im, variable)) for re, im in coefficients]


def _require_finite(table: np.ndarray, model: Model, q: np.ndarray, x: np.ndarray, s: np.ndarray, time: float) -> None:
    """Refuse formulas that are singular or overflow on the grid, or where the Moyal terms look beyond it."""
    q, x = np.broadcast_arrays(q, x)
    for name, potential in potentials(model).items():
        infinite = ~np.isfinite(sampled((Q, X, T), potential)(q, x, np.float64(time)))
        if infinite.any():
            came = described(potential, float(q[infinite][0]), float(x[infinite][0]), time)
            raise ModelError(name, "finite values on the grid", came)
    if np.isfinite(table).all():
        return
    model = model.at(time)
    _, _, *place, k = np.argwhere(~np.isfinite(table))[0]
    reach, at_q, at_x = model.hbar * s[k] / 2, q[tuple(place)], x[tuple(place)]
    below, above = at_x - reach, at_x + reach
    formulas = potentials(model)
    name = next((n for n, V in formulas.items() if not _is_smooth(V, at_q, np.array([below, above]))), "interaction")
    raise ModelError(
        name,
        f"finite values and derivatives on the grid and within hbar s/2 = {reach:.3g} of it in x, which the Moyal "
        "terms reach",
        f"a singular or overflowing one near q = {at_q:.4g}, x = {below:.4g} or {above:.4g}; give a narrower "
        "extent of x or fewer points of y in grid",
    )


def _is_smooth(potential: sp.Expr, q: float, x: np.ndarray) -> bool:
    """Whether a potential is finite at some points, with its derivatives of first and second order."""
    first = [sp.diff(potential, variable) for variable in (Q, X)]
    second = [sp.diff(slope, variable) for slope in first for variable in (Q, X)]
    return all(np.isfinite(sampled((Q, X), f)(q, x)).all() for f in (potential, *first, *second))
