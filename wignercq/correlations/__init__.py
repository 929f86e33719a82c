"""Two-time functions, responses and spectra of any state of any model, on the grid of its W."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.correlations.correlation import correlation as correlation
    from wignercq.correlations.two_time import TwoTime as TwoTime

export(__name__, {"correlations.correlation": "correlation", "correlations.two_time": "TwoTime"})
