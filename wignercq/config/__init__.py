"""Configuration files: TOML text, checked key by key and turned into the objects of a run."""

from wignercq.config.config import Config

__all__ = ["Config"]
