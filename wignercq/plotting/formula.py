"""Typeset formulas as small SVG images, which look the same in every browser."""

from __future__ import annotations

import io

from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

SIZE = 12.0  # points


def formula_svg(latex: str) -> str:
    """An SVG image of a formula in matplotlib's subset of LaTeX, given without dollar signs."""
    buffer = io.BytesIO()
    font = FontProperties(size=SIZE, math_fontfamily="cm")
    with rc_context({"savefig.transparent": True}):  # the page may be dark
        math_to_image(f"${latex}$", buffer, format="svg", prop=font)
    return buffer.getvalue().decode()
