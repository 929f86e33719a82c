"""Engines carry out the transform-multiply-transform passes of the propagator."""

from wignercq.engines.array import ArrayEngine
from wignercq.engines.base import Engine, Kick, Shear
from wignercq.engines.tiled import TiledEngine

__all__ = ["ArrayEngine", "Engine", "Kick", "Shear", "TiledEngine"]
