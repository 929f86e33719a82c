"""Values on an axis or a grid taken to other points, exactly: trigonometric interpolation inside the box, zero outside."""

from __future__ import annotations

import numpy as np

from wignercq.grid.grid import Axis

SAME_POINT = 1e-6  # of the spacing: closer points are one


def embedding(axis: Axis, target: Axis) -> np.ndarray:
    """The matrix that takes values on `axis` to those on `target`, shape (target.points, axis.points).

    Inside the extent of `axis` it is trigonometric interpolation, which is zero padding of the spectrum, and the exact
    identity at common points; outside it is zero.
    """
    position = (target.values - axis.lower) / axis.spacing
    inside = (position > -SAME_POINT) & (position < axis.points - SAME_POINT)
    nearest = np.rint(position)
    matrix = np.zeros((target.points, axis.points))
    if np.abs(position - nearest)[inside].max() < SAME_POINT:
        matrix[inside, nearest[inside].astype(int)] = 1
        return matrix
    offsets = position[inside, None] - np.arange(axis.points)
    k = 2 * np.pi / axis.points * np.arange(1, (axis.points - 1) // 2 + 1)
    kernel = 1 + 2 * np.cos(k[:, None, None] * offsets).sum(axis=0)
    if axis.points % 2 == 0:
        kernel += np.cos(np.pi * offsets)
    matrix[inside] = kernel / axis.points
    return matrix
