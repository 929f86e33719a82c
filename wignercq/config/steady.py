"""The table ``[steady]``: how accurately and with which step a steady state is sought."""

from __future__ import annotations

from pydantic import Field

from wignercq.config.validation import Table


class Steady(Table):
    """The table ``[steady]``; what is missing is that of ``[run]``."""

    tolerance: float | None = Field(default=None, gt=0, lt=1)
    dt: float | None = Field(default=None, gt=0)
