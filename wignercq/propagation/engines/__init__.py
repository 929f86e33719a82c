"""Engines carry out the transform-multiply-transform passes of the propagator."""

from wignercq.propagation.engines.array import ArrayEngine
from wignercq.propagation.engines.base import Engine, Kick, Shear
from wignercq.propagation.engines.tiled import TiledEngine

__all__ = ["ArrayEngine", "Engine", "Kick", "Shear", "TiledEngine"]
