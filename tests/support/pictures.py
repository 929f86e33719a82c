"""What a drawn plane shows at the points of the grid that it was drawn from."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.image import AxesImage


def image_of(ax: Axes) -> AxesImage:
    """The one image of a panel."""
    (image,) = ax.images
    return image


def drawn_and_given(ax: Axes, plane: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Values drawn, and those of a plane over (first, second), at those of its points that lie in the picture.

    Points have to be centres of pixels.
    """
    image = image_of(ax)
    values, extent = np.asarray(image.get_array()).T, np.reshape(image.get_extent(), (2, 2))
    picked, kept = [], []
    for name, (left, right), count in zip(plane.dims, extent, values.shape, strict=True):
        place = (plane[name].values - left) / (right - left) * count - 0.5
        inside = (place > -0.25) & (place < count - 0.75)
        np.testing.assert_allclose(place[inside], place[inside].round(), atol=1e-6)
        assert inside.sum() >= 10
        picked.append(place[inside].round().astype(int))
        kept.append(np.flatnonzero(inside))
    return values[np.ix_(*picked)], plane.values[np.ix_(*kept)]
