"""Configuration files: TOML text, checked key by key and turned into the objects of a run."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.config.config import Config as Config

export(__name__, {"config.config": "Config"})
