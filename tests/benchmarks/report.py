"""Every benchmark of this folder but those of the schemes in one report, in Markdown on standard output.

Usage: python tests/benchmarks/report.py [part ...] [--quick] [--json FILE]

With ``--json docs/project/benchmarks.json`` the parts that are measured take the place of what the page of the
documentation draws of them; the others stay.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # the independent solvers lie beside this folder

import end_to_end
import galerkin
import growth
import overhead
import passes
import qutip_alone
import rounding
import run_split
from common import machine, markdown, name_of, parse_shape, table_in
from support.reference.cases import quartic_case

from wignercq import Model
from wignercq.states import gaussian

PASSES = "32 48 64 40x54x48x60".split()
GROWTH = "32 48 64 80 96".split()
MEMORY = "48 64 96".split()


def passes_part(quick: bool) -> Iterator[str]:
    """A transport and a momentum pass without friction: this engine against whole-array transforms and bare ones."""
    rows = []
    for size in PASSES[:2] if quick else PASSES:
        shape = parse_shape(size)
        seconds = passes.measure(shape, 5 if quick else 9)
        engine, *others = seconds.values()
        milliseconds = (f"{1e3 * t:.1f} ms" for t in seconds.values())
        rows.append((name_of(shape), *milliseconds, *(f"{engine / t:.2f}" for t in others)))
    first, *rest = seconds
    yield markdown(("grid", *seconds, *(f"{first} / {other}" for other in rest)), rows)


def growth_part(quick: bool) -> Iterator[str]:
    """Time per cell as the grid grows."""
    shapes = [parse_shape(size) for size in (GROWTH[:3] if quick else GROWTH)]
    yield growth.cost(shapes, 3 if quick else 5)


def memory_part(quick: bool) -> Iterator[str]:
    """Peak resident memory of runs, above what the interpreter and the imports take."""
    yield growth.memory([parse_shape(size) for size in (MEMORY[:1] if quick else MEMORY)])


def galerkin_part(quick: bool) -> Iterator[str]:
    """Whole runs against sparse Galerkin solvers at equal true error of W."""
    for problem in [galerkin.quartic()] if quick else [galerkin.quartic(), galerkin.anharmonic()]:
        yield f"{problem.name}:"
        yield galerkin.table(problem)


def end_to_end_part(quick: bool) -> Iterator[str]:
    """Wall time to a true error, everything included, at several tolerances."""
    problems = {galerkin.quartic: end_to_end.of_quartic, galerkin.anharmonic: end_to_end.of_anharmonic}
    for make in list(problems)[:1] if quick else problems:
        problem = make()
        yield f"{problem.name}:"
        yield end_to_end.table(problem, problems[make])


def qutip_part(quick: bool) -> Iterator[str]:
    """The quantum particle of the quartic case alone."""
    yield qutip_alone.table(quartic_case())


def split_part(quick: bool) -> Iterator[str]:
    """Where the wall time of a run goes."""
    problem = galerkin.quartic()
    runs = {"quartic, tolerance 1e-5": (problem.model, problem.state, problem.duration, 20, 1e-5)}
    if not quick:
        state = gaussian([1.0, 0.0, -1.0, 0.0], [0.5] * 4, hbar=1.0)
        runs["oscillators, tolerance 1e-6"] = (Model.oscillators(), state, 20.0, 40, 1e-6)
    yield run_split.table(runs)


def overhead_part(quick: bool) -> Iterator[str]:
    """What `evolve` takes beyond its steps."""
    yield overhead.table([1e-4] if quick else [1e-4, 1e-6], 20)


def float32_part(quick: bool) -> Iterator[str]:
    """float32: time of a pass, and how rounding adds up; its memory is under memory."""
    yield growth.precision(parse_shape("32" if quick else "64"), 5 if quick else 9)
    yield rounding.table((100, 400) if quick else rounding.STEPS)


PARTS: dict[str, Callable[[bool], Iterator[str]]] = {
    "passes": passes_part,
    "growth": growth_part,
    "memory": memory_part,
    "galerkin": galerkin_part,
    "end_to_end": end_to_end_part,
    "qutip": qutip_part,
    "split": split_part,
    "overhead": overhead_part,
    "float32": float32_part,
}


def kept(path: Path, name: str, paragraphs: list[str]) -> None:
    """Put what was measured into a file of measurements, with the machine and the day."""
    measured = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    titles = [None, *(p.removesuffix(":") for p in paragraphs)]
    tables = [{"title": title, **table} for title, p in zip(titles, paragraphs, strict=False) if (table := table_in(p))]
    about, day = PARTS[name].__doc__, datetime.datetime.now(datetime.UTC).date().isoformat()
    measured[name] = {"about": about, "machine": machine(), "day": day, "tables": tables}
    path.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    described = "\n".join(f"  {name:10}{part.__doc__}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        description=f"Benchmarks, as Markdown.\n\nparts:\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="which ones, all when none is named")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="put what is measured into a file as well")
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        parser.error(f"part: expected one of {', '.join(PARTS)}, got {unknown[0]}")
    print(f"Measured on {machine()}.")
    for name in options.parts or PARTS:
        print(f"\n## {name}: {PARTS[name].__doc__}")
        paragraphs = []
        for paragraph in PARTS[name](options.quick):
            print(f"\n{paragraph}", flush=True)
            paragraphs.append(paragraph)
        if options.json is not None:
            kept(options.json, name, paragraphs)


if __name__ == "__main__":
    main()
