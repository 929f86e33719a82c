"""Engines own W and carry out the transform-multiply-transform passes of the propagator."""

from wignercq.propagation.engines.array import ArrayEngine
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.engines.multipliers import BathFlow, Kick, QuantumFlow, Shear
from wignercq.propagation.engines.registry import ENGINES, engine_class
from wignercq.propagation.engines.tiled import TiledEngine

__all__ = [
    "ENGINES",
    "ArrayEngine",
    "BathFlow",
    "Engine",
    "Kick",
    "QuantumFlow",
    "Shear",
    "TiledEngine",
    "engine_class",
]
