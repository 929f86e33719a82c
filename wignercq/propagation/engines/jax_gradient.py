"""Reverse differentiation through the steps of the JAX engine.

A run is linear in W and a function of the arrays that its steps multiply by. What is returned is how a number of the
last W changes with each entry of these arrays: with the parameters of a model they are differentiated elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.compiled_step import CompiledStep
from wignercq.propagation.engines.jax import JaxEngine
from wignercq.propagation.engines.jax_kick import KickForm
from wignercq.propagation.engines.jax_passes import Kicking, LegForm

Array = Any


class StepArrays(NamedTuple):
    """All that a step on one device multiplies by."""

    opening: KickForm
    legs: LegForm  # of all legs, one after the other along the first axis of each array


def arrays_of(engine: JaxEngine, step: CompiledStep) -> StepArrays:
    """The arrays of a step, which was compiled for an engine on one device."""
    legs = [engine.form_of(leg) for leg in step.legs]
    powers = max(leg.kick[0].angle.shape[2] for leg in legs)
    alike = [leg._replace(kick=(_with_powers(leg.kick[0], powers),)) for leg in legs]
    return StepArrays(step.opening[0], jax.tree.map(lambda *each: jnp.stack(each), *alike))


def _with_powers(kick: KickForm, count: int) -> KickForm:
    """A kick whose phases have so many powers of r."""
    return kick._replace(angle=jnp.pad(kick.angle, ((0, 0), (0, 0), (0, count - kick.angle.shape[2]), (0, 0))))


def run(W: Array, step: StepArrays, count: int) -> Array:
    """W after so many steps; for its derivative about 2 sqrt(count) W are held, and each pass is taken thrice more.

    Legs are a loop too, since a compiler may undo it where what is forgotten and taken again is not.
    """

    @jax.checkpoint
    def one_leg(W: Array, leg: LegForm) -> tuple[Array, None]:
        return passes.acted(W, [leg.x, leg.q, Kicking(leg.kick[0], 1)])[0], None

    @jax.checkpoint
    def one(W: Array, _: None) -> tuple[Array, None]:
        W, _ = passes.acted(W, [Kicking(step.opening, 1)])
        return lax.scan(one_leg, W, step.legs)

    @jax.checkpoint
    def several(W: Array, _: None) -> tuple[Array, None]:
        return lax.scan(one, W, None, length=inner)

    inner = max(1, math.isqrt(count))
    W, _ = lax.scan(several, W, None, length=count // inner)
    W, _ = lax.scan(one, W, None, length=count % inner)
    return W


def derivative(
    W: Array, step: StepArrays, count: int, number: Callable[[Array], Array]
) -> tuple[float, StepArrays, float]:
    """A number of W after so many steps, its derivative by each of the arrays, and the bytes it took (NaN: not told).

    `number` takes W as an array with the axes q, p, x, y.
    """

    def of(step: StepArrays, W: Array) -> Array:
        return number(run(W, step, count).transpose(0, 2, 1, 3))

    compiled = jax.jit(jax.value_and_grad(of)).lower(step, W).compile()
    value, slopes = compiled(step, W)
    analysis = compiled.memory_analysis()
    return float(value), slopes, math.nan if analysis is None else float(analysis.temp_size_in_bytes)


def along(slopes: StepArrays, change: StepArrays) -> float:
    """What a change of all arrays makes of the number, to first order."""
    pairs = zip(jax.tree.leaves(slopes), jax.tree.leaves(change), strict=True)
    return float(sum(np.real(np.vdot(np.conj(np.asarray(slope)), np.asarray(by))) for slope, by in pairs))
