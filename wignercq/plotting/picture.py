"""The figure that all drawings are: it shows itself in a notebook, and has one style, which yields to the user's."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from cycler import cycler
from matplotlib import rc_context, rcParams, rcParamsDefault
from matplotlib.figure import Figure

from wignercq.errors import InputError, brief

WIDTH = 7.0  # inches, two columns of a journal; one column is 3.4
BOUNDS = 0.5, 100.0  # inches that a figure may be wide or high
SHARP = 2  # pixels of a notebook's picture for each of its dots, as screens have them today
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # apart for the colour-blind too
#: Settings of matplotlib for all figures, where the user has not changed them.
STYLE: Mapping[Any, Any] = {
    "font.size": 8.0,
    "axes.labelsize": "medium",
    "axes.titlesize": "medium",
    "figure.titlesize": "medium",
    "xtick.labelsize": "small",
    "ytick.labelsize": "small",
    "legend.fontsize": "small",
    "legend.title_fontsize": "small",
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    **{f"{axis}tick.{kind}.width": width for axis in "xy" for kind, width in (("major", 0.6), ("minor", 0.4))},
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.formatter.use_mathtext": True,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # TrueType, which journals ask for
    "ps.fonttype": 42,
}

Size = float | tuple[float, float] | None
P = ParamSpec("P")
T = TypeVar("T")


def style() -> dict[Any, Any]:
    """The settings of :data:`STYLE` that the user has left at matplotlib's defaults; for ``rc_context``."""
    return {name: value for name, value in STYLE.items() if rcParams[name] == rcParamsDefault[name]}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """A function that draws in our style; on axes that it is given, which are of another figure, in that one's."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with rc_context({} if kwargs.get("ax") is not None else style()):
            return draw(*args, **kwargs)

    return drawn


def width_of(size: Size) -> float:
    """Inches: as asked for, else as in the user's ``figure.figsize``, else two columns."""
    if size is None:
        own = rcParams["figure.figsize"]
        return WIDTH if list(own) == list(rcParamsDefault["figure.figsize"]) else float(own[0])
    return _inches(size)[0]


def _inches(size: float | tuple[float, float]) -> tuple[float, ...]:
    values = size if isinstance(size, (tuple, list)) else (size,)
    numbers = [math.nan if isinstance(v, (bool, str)) else float(v) for v in values]
    if not (1 <= len(numbers) <= 2 and all(BOUNDS[0] <= number <= BOUNDS[1] for number in numbers)):
        raise InputError(
            "size", f"a width, or width and height, from {BOUNDS[0]:g} to {BOUNDS[1]:g} inches", brief(size)
        )
    return tuple(numbers)


class Picture(Figure):
    """A figure of so many inches that needs neither pyplot nor a display.

    Parameters
    ----------
    width, height : float
        Inches; a `size` of two numbers overrides the height.
    size : float or tuple of two floats, optional
        What was asked for.
    """

    def __init__(self, width: float, height: float, size: Size = None) -> None:
        asked = _inches(size) if size is not None else ()
        self._settings = {name: rcParams[name] for name in STYLE} | style()  # within a styled function these are ours
        with rc_context(self._settings):
            super().__init__(figsize=(width, asked[1] if len(asked) == 2 else height), layout="constrained")

    def draw(self, renderer: Any) -> None:
        with rc_context(self._settings):  # ticks are made when they are drawn
            super().draw(renderer)

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        with rc_context(self._settings):
            super().savefig(fname, **kwargs)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """What IPython shows, with or without ``%matplotlib inline``."""
        buffer, dots = io.BytesIO(), rcParams["figure.dpi"]
        self.savefig(buffer, format="png", dpi=SHARP * dots)
        width, height = (round(dots * inches) for inches in self.get_size_inches())
        return buffer.getvalue(), {"width": width, "height": height}
