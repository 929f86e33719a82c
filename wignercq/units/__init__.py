"""From SI numbers to natural units and back."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.units.datasets import in_si as in_si
    from wignercq.units.units import KINDS as KINDS
    from wignercq.units.units import Units as Units

export(__name__, {"units.datasets": "in_si", "units.units": "KINDS Units"})
