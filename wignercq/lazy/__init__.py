"""Packages whose names are imported when they are first asked for, so that each part of them loads alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyPackage(ModuleType):
    """A package that exports names of other modules, and its own modules."""

    homes: Mapping[str, str]  # the module of each name

    def __getattr__(self, name: str) -> object:
        if name in self.homes:
            value = getattr(import_module(self.homes[name]), name)
            vars(self)[name] = value
            return value
        submodule = f"{self.__name__}.{name}"
        try:
            return import_module(submodule)
        except ModuleNotFoundError as error:
            if error.name != submodule:
                raise
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: object) -> None:
        # An imported submodule becomes an attribute of its package; it must not hide what is exported by its name.
        if not (isinstance(value, ModuleType) and name in self.homes):
            super().__setattr__(name, value)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self.homes})


def export(package: str, names: Mapping[str, str]) -> None:
    """Make a package export names lazily.

    `names` are those that each module defines, with spaces between; modules are named from ``wignercq`` on.
    """
    module = sys.modules[package]
    homes = {name: f"wignercq.{home}" for home, defined in names.items() for name in defined.split()}
    vars(module).update(homes=homes, __all__=[name for name in homes if not name.startswith("_")])
    module.__class__ = LazyPackage


def called(home: str, name: str) -> Callable[..., Any]:
    """A function of a module, named from ``wignercq`` on, which is imported when it is called for.

    For what a lower part offers and a higher one does: each such place is listed in ``tests/test_imports.py``.
    """
    function: Callable[..., Any] = getattr(import_module(f"wignercq.{home}"), name)
    return function
