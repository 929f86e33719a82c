"""How a number of the last W changes with the parameters of a model, by reverse differentiation through the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wignercq.errors import ExpressionError, InputError, ModelError, brief, listed
from wignercq.grid.fixed_axis import GridLike, given_axes
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.drives import require_undriven
from wignercq.model.evaluation import sampled
from wignercq.model.formulas import parse, real_symbol
from wignercq.model.model import Model, require_model
from wignercq.planning import arguments
from wignercq.planning.memory import require_memory
from wignercq.planning.numerics import TOLERANCES, Numerics
from wignercq.planning.prepare import prepare
from wignercq.states import State

NUMBERS = ("friction", "diffusion", "decoherence", "classical_mass", "quantum_mass")
STEP = 0.002  # of a parameter, between the models whose arrays are compared
HELD = 28  # W that going back through one leg takes at most, beside those of a run; measured
#: ``f'(0) = sum of weight [f(k step) - f(-k step)]/step`` over k = 1, 2, 3, exact for polynomials up to degree six.
WEIGHTS = (3 / 4, -3 / 20, 1 / 60)


@dataclass(frozen=True)
class Gradient:
    """A number of the last W, and its derivatives.

    Parameters
    ----------
    value : float
    derivatives : mapping of str to float
        By the names of the parameters; ``gradient["g"]`` is one of them.
    grid : Grid
    dt : float
    steps : int
    memory : float
        Bytes that were held beside W and the arrays of a step.
    """

    value: float
    derivatives: Mapping[str, float]
    grid: Grid
    dt: float
    steps: int
    memory: float

    def __getitem__(self, name: str) -> float:
        return self.derivatives[name]


def gradient(
    model: Model,
    state: State,
    duration: float,
    *,
    of: str | Callable[[Any], Any],
    with_respect_to: Sequence[str],
    grid: GridLike = None,
    dt: float | None = None,
    tolerance: float = TOLERANCES["float64"],
    order: int = 4,
    memory_limit: float | str | None = None,
) -> Gradient:
    """Derivatives of a number of W at the end of a run by parameters of the model, ``d<x**2>/dg`` and the like.

    The run is that of ``evolve(engine="jax")`` on a grid that stays, and is differentiated as it is computed: step and
    grid are held, and the initial W. Whatever the number of parameters, it takes about eight times the time of the run,
    and the memory of at most about 30 + 2 sqrt(steps) W (``jax.checkpoint``).

    Parameters
    ----------
    model : Model
    state : State
    duration : float
    of : str or callable
        A Weyl symbol, any formula of q, p, x and y, whose average is taken; or a function of W, an array of JAX with
        the axes q, p, x, y, that returns a real number.
    with_respect_to : sequence of str
        Names of parameters in the potentials, or of the model's own numbers: friction, diffusion, decoherence,
        classical_mass, quantum_mass, which are above 0. Each with all others held, D0 too where it saturates the
        trade-off. Not hbar, on which the initial state and the grid depend.
    grid, dt, tolerance, order, memory_limit
        As in :func:`wignercq.evolve`.

    Returns
    -------
    Gradient

    Raises
    ------
    InputError
        A name that is no parameter, a formula that is none, a function that returns no real number, drives or thermal
        dynamics (ModelError), memory that does not suffice (MemoryLimitError), or anything that
        :func:`wignercq.evolve` refuses.
    """
    require_undriven(require_model(model), "derivatives of a run")
    if model.is_thermal:
        raise ModelError("model", "minimal dynamics for derivatives of a run", "thermal ones")
    names = _names(model, with_respect_to)
    end = arguments.number("duration", duration, "a positive number", lambda v: v > 0)
    numerics, limit = Numerics(tolerance, dt, order, engine="jax"), arguments.memory_limit(memory_limit)
    start = prepare(
        model,
        arguments.require_state(state),
        grid=given_axes(grid),
        end=end,
        numerics=numerics,
        memory_limit=limit,
        interval=end,
    )
    steps = max(1, round(end / start.step.dt))
    held = (HELD + 2 * math.sqrt(steps)) * start.grid.size * 8
    require_memory([start.grid], numerics, limit, "lower points, or raise dt", beside=held)
    from wignercq.propagation.engines import jax_gradient  # takes a second to import
    from wignercq.propagation.engines.jax import JaxEngine

    engine = JaxEngine(start.grid, devices=1)
    W = engine.of(start.propagator.engine.array(start.W))
    propagator = replace(start.propagator, engine=engine, dt=end / steps)

    def arrays(other: Model) -> Any:
        return jax_gradient.arrays_of(engine, replace(propagator, model=other).compiled)

    number = _checked(of) if callable(of) else _average(of, start.grid)
    value, slopes, memory = jax_gradient.derivative(W, arrays(model), steps, number)

    def slope(name: str) -> float:
        size = STEP * (abs(_value(model, name)) or 1.0)
        pairs = ((weight * sign, sign * k) for k, weight in enumerate(WEIGHTS, start=1) for sign in (1, -1))
        return sum(w / size * jax_gradient.along(slopes, arrays(_with(model, name, k * size))) for w, k in pairs)

    return Gradient(value, {name: slope(name) for name in names}, start.grid, propagator.dt, steps, memory)


def _names(model: Model, names: Sequence[str]) -> list[str]:
    if not isinstance(names, Iterable):
        raise InputError("with_respect_to", "names of parameters", brief(names))
    known = [*model.parameters, *NUMBERS]
    given = [names] if isinstance(names, str) else [*names]
    for name in given:
        if name not in known:
            raise InputError("with_respect_to", f"names among {listed(known, limit=12)}", brief(name))
        if name in NUMBERS and not _value(model, name):
            raise InputError("with_respect_to", "numbers of the model above 0", f"{name} = 0")
    return given


def _value(model: Model, name: str) -> float:
    return float(model.parameters[name] if name in model.parameters else getattr(model, name))


def _with(model: Model, name: str, by: float) -> Model:
    """The model with one number changed."""
    if name in model.parameters:
        return replace(model, parameters={**model.parameters, name: model.parameters[name] + by})
    changed: dict[str, Any] = {name: _value(model, name) + by, "allow_unphysical": True}
    return replace(model, **changed)


def _checked(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of W that is held to return a real number."""
    import jax.numpy as jnp

    def number(W: Any) -> Any:
        value = jnp.asarray(of(W))
        if value.shape or not jnp.issubdtype(value.dtype, jnp.floating):
            shape = f" of shape {value.shape}" if value.shape else ""
            raise InputError(
                "of", "a function of W that returns a real number", f"one that returns {value.dtype}{shape}"
            )
        return value

    return number


def _average(formula: str, grid: Grid) -> Callable[[Any], Any]:
    """The average of a Weyl symbol as a function of W."""
    import jax.numpy as jnp

    symbols = {name: real_symbol(name) for name in NAMES}
    symbol = parse(formula, set(NAMES), where="of")
    q, p, x, y = (axis.values for axis in grid)
    weights = sampled(tuple(symbols.values()), symbol)(q[:, None, None, None], p[:, None, None], x[:, None], y)
    if not np.isfinite(weights).all():
        raise ExpressionError("of", "a formula that is finite on the grid", brief(formula))
    values = jnp.asarray(np.broadcast_to(weights, grid.shape)) * grid.cell
    return lambda W: (values * W).sum()
