"""Checks of what a user gives for a state: numbers, arrays, vectors, covariance matrices."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from wignercq.errors import StateError, brief, kind_of

LARGEST = 1e75  # size of a number that a state may contain, so that a product of four is a float; its inverse the least


def number(name: str, value: float, *, above: float | None = None, least: float | None = None) -> float:
    """`value` as a float after checking that it is a real number, greater than `above`, not less than `least`.

    Its size is at most 1e75; where it has to be positive, at least 1e-75. StateError otherwise.
    """
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.complexfloating))
    try:
        finite = is_number and math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        finite = False
    if finite and (above is None or value > above) and (least is None or value >= least):
        if abs(value) > LARGEST or (above == 0 and value < 1 / LARGEST):
            raise StateError(name, f"a number between {1 / LARGEST:g} and {LARGEST:g} in size", f"{value:g}")
        return float(value)
    bound = f" above {above:g}" if above is not None else f" >= {least:g}" if least is not None else ""
    raise StateError(name, f"a finite number{bound}", brief(value))


def array(name: str, value: object, *, dtype: type = float) -> np.ndarray:
    """A new array of `dtype` with the content of `value`; StateError unless that is an array of finite numbers."""
    kinds = "iufc" if dtype is complex else "iuf"
    try:
        raw = np.asarray(value)
    except ValueError:
        raise StateError(name, "an array of numbers", "rows of unequal length") from None
    except TypeError:
        raise StateError(name, "an array of numbers", kind_of(value)) from None
    if raw.dtype.kind not in kinds:
        raise StateError(name, f"an array of {dtype.__name__} numbers", f"{raw.dtype} values")
    result: np.ndarray = raw.astype(dtype)
    if not np.isfinite(result).all():
        raise StateError(name, "finite numbers", f"{np.sum(~np.isfinite(result))} that are not")
    return result


def vector(name: str, value: object, length: int) -> np.ndarray:
    """`value` as a read-only vector of `length` finite numbers; StateError otherwise."""
    result = array(name, value)
    if result.shape != (length,):
        raise StateError(name, f"{length} numbers", f"shape {result.shape}")
    if np.abs(result).max() > LARGEST:
        raise StateError(name, f"numbers of at most {LARGEST:g} in size", f"{np.abs(result).max():g}")
    return frozen(result)


def covariance_matrix(value: object, size: int) -> np.ndarray:
    """A read-only symmetric positive-definite (size, size) matrix from such a matrix or from its diagonal.

    StateError for a wrong shape, not finite, not symmetric (relative tolerance 1e-12) or not positive-definite.
    """
    result = array("covariance", value)
    if result.shape == (size,):
        result = np.diag(result)
    if result.shape != (size, size):
        raise StateError("covariance", f"{size} variances or a {size} x {size} matrix", f"shape {result.shape}")
    largest, least = np.abs(result).max(), np.abs(np.diag(result)).min()
    if largest > LARGEST or 0 < least < 1 / LARGEST:
        raise StateError(
            "covariance", f"variances between {1 / LARGEST:g} and {LARGEST:g}", f"{least:g} to {largest:g}"
        )
    asymmetry = np.abs(result - result.T).max()
    if asymmetry > 1e-12 * np.abs(result).max():
        raise StateError("covariance", "a symmetric matrix", f"one that is asymmetric by {asymmetry:.3g}")
    result = (result + result.T) / 2
    spread = np.sqrt(np.abs(np.diag(result)))
    if (np.diag(result) <= 0).any() or (least := np.linalg.eigvalsh(result / np.outer(spread, spread))[0]) <= 1e-14:
        least = least if (np.diag(result) > 0).all() else np.diag(result).min()
        raise StateError("covariance", "a positive-definite matrix", f"the eigenvalue or variance {least:.3g}")
    return frozen(result)


def came_as(value: Any, *, or_result: bool = False) -> str:
    """What came in place of a state, or of a result: of an object of QuTiP or of a path with what makes one of it."""
    if or_result and isinstance(value, (str, os.PathLike)):
        return f"{brief(str(value))}; wignercq.load reads the result in a file"
    if not (callable(getattr(value, "full", None)) and hasattr(value, "dims")):
        return kind_of(value)
    cure = "states.from_number_basis(ket, mass=..., frequency=..., hbar=...), or that of a well, makes a state of it"
    return f"{kind_of(value)} of QuTiP; {cure}"


def short_repr(state: Any) -> str:
    """Kind, mean and standard deviations of a state, and hbar where it has one."""
    mean, widths = (", ".join(f"{v:.4g}" for v in row) for row in (state.mean, np.sqrt(np.diag(state.covariance))))
    hbar = f", hbar={state.hbar:g}" if hasattr(state, "hbar") else ""
    return f"{type(state).__name__}(mean=({mean}), widths=({widths}){hbar})"


def frozen(values: np.ndarray) -> np.ndarray:
    """`values`, made read-only."""
    values.flags.writeable = False
    return values
