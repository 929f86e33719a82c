"""What the command ``plot`` is asked for, and the files it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wignercq.cli.surroundings import configuration_in, theory_of, writing_to
from wignercq.errors import InputError

if TYPE_CHECKING:
    from wignercq.gaussian import LinearModel
    from wignercq.results.result import Result
    from wignercq.run.progress import Progress

RESOLUTION, MOVING_RESOLUTION = 200.0, 110.0  # dots per inch, of figures and of animations


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a result, and how."""

    folder: Path
    suffix: str = "png"
    dpi: float | None = None
    frames: int | None = None
    size: tuple[float, ...] | None = None  # inches, a width or both
    only: tuple[str, ...] = ()

    def figures(self, result: Result, progress: Progress) -> list[Path]:
        """Write the figures of a result; their paths."""
        from wignercq.config.sweep import Compare
        from wignercq.plotting.figures import figures, write_figures

        progress.tell("figures")
        settings = configuration_in(result.dataset)
        drawn = figures(
            result.dataset,
            (Compare() if settings is None else settings.compare).observables,
            _theory(result) or theory_of(settings),
            frames=self.frames,
            size=self._size,
            only=self.only,
        )
        with writing_to(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            images = write_figures(drawn, self.folder, self.dpi or RESOLUTION, progress.tell, suffix=self.suffix)
        return [self.folder / f"{name}.{self.suffix}" for name in images]

    def animation(self, result: Result, progress: Progress) -> list[Path]:
        """Write the animation of a result; its path."""
        from wignercq.plotting.animation import SMOOTH, animate

        if self.only or self.frames is not None or self.suffix != "png":
            raise InputError("--animate", "none of --only, --frames and --format: it shows all planes", "some of them")
        with writing_to(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            path = animate(
                result.dataset, self.folder, size=self._size, dpi=self.dpi or MOVING_RESOLUTION, progress=progress
            )
        held = result.dataset.sizes["frame"]
        if held < SMOOTH:
            progress.say(f"wignercq: {path.name} has the {held} frames of the result; {_more(result, SMOOTH)}")
        return [path]

    @property
    def _size(self) -> float | tuple[float, float] | None:
        if self.size is None:
            return None
        return self.size[0] if len(self.size) == 1 else (self.size[0], self.size[1])


def _theory(result: Result) -> LinearModel | None:
    """Of two-time functions their own, if they have one."""
    from wignercq.correlations import TwoTime

    return result.theory if isinstance(result, TwoTime) else None


def _more(result: Result, wanted: int) -> str:
    """How a run keeps planes enough for a smooth animation."""
    outputs = result.dataset.sizes["time"]
    asked = f"run.frames = {wanted}" if outputs >= wanted else f"run.outputs = {wanted} and run.frames = {wanted + 1}"
    return f"a run with {asked} makes a smooth one"


class Inches(click.ParamType):
    """A width, or width and height, in inches: ``3.4`` or ``7x5``."""

    name = "WIDTH[xHEIGHT]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """The numbers."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in str(value).lower().split("x"))
        except ValueError:
            numbers = ()
        if not 1 <= len(numbers) <= 2:
            self.fail(f"expected a width or width x height in inches, 3.4 or 7x5, got {value!r}.", param, ctx)
        return numbers


class Names(click.ParamType):
    """Names with commas between."""

    name = "NAME[,NAME...]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sequence[str]:
        """The names."""
        return value if isinstance(value, tuple) else tuple(filter(None, map(str.strip, str(value).split(","))))
