"""Numbers on axes, whatever their scale: the power of ten stands in the label, once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axis import Axis
from matplotlib.colorbar import Colorbar
from matplotlib.ticker import Formatter, FuncFormatter, LogLocator, NullFormatter

from wignercq.model.typeset import number

MOST_DECIMALS = 10
PLAIN = 2e-3, 1e4  # between which the largest number on an axis needs no power of ten


class PowerFormatter(Formatter):
    """Plain numbers in units of a power of ten, with the decimals that the ticks need."""

    def __init__(self, power: int) -> None:
        self._unit = 10.0**power
        self._decimals = 3

    def set_locs(self, locs: Sequence[float]) -> None:
        """Choose the decimals."""
        super().set_locs(list(locs))
        values = np.asarray(locs) / self._unit
        if values.size:
            error = 1e-6 * (float(np.ptp(values)) or float(np.abs(values).max()) or 1.0)
            fits = (n for n in range(MOST_DECIMALS) if np.abs(values - values.round(n)).max() <= error)
            self._decimals = next(fits, MOST_DECIMALS)

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.fix_minus(f"{round(x / self._unit, self._decimals) + 0.0:.{self._decimals}f}")


def power_of(*values: float) -> int:
    """The power of ten, a multiple of three, in which the largest of some numbers is 1 to 1000; 0 if it is plain."""
    top = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 0 if top == 0 or PLAIN[0] <= top < PLAIN[1] else 3 * math.floor(math.log10(top) / 3)


def with_power(label: str, power: int) -> str:
    """A label of numbers in units of a power of ten."""
    return label if power == 0 else rf"{label} ($10^{{{power}}}$)"


def name_axis(axis: Axis, label: str, *, log: bool = False) -> None:
    """Label an axis that has its limits; a linear one gets readable numbers."""
    power = 0 if log else power_of(*axis.get_view_interval())
    if not log:
        axis.set_major_formatter(PowerFormatter(power))
    axis.set_label_text(with_power(label, power))


def name_bar(bar: Colorbar, limits: tuple[float, float], label: str) -> None:
    """Label a linear colour bar."""
    power = power_of(*limits)
    bar.formatter = PowerFormatter(power)
    bar.set_label(with_power(label, power))


def log_ticks(axis: Axis, lower: float, upper: float) -> None:
    """Numbers on a logarithmic axis from `lower` to `upper`, the more of each decade the fewer there are."""
    decades = np.log10(upper / lower)
    subs = (1, 2, 3, 4, 6, 8) if decades < 0.8 else (1, 2, 5) if decades < 2 else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"${number(value)}$"))
    axis.set_minor_formatter(NullFormatter())
