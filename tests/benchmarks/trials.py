"""Grid and step left open: true errors against independent answers, Markdown table.

Usage: python tests/benchmarks/trials.py [tolerances, default 1e-3,1e-5] [parts of names joined by ;, default all]

The true error is the largest difference of W to the answer at four moments, relative to the largest value of W at the
time, and "error/tolerance" should be below one; "estimate/error" is that of the time error the run reports. The cases
are those of tests/physics/test_trials.py and some more.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.trials import ALL, HEADER, tried


def main() -> None:
    tolerances = [float(text) for text in (sys.argv[1] if len(sys.argv) > 1 else "1e-3,1e-5").split(",")]
    wanted = sys.argv[2].split(";") if len(sys.argv) > 2 else [""]
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    for tolerance in tolerances:
        for case in ALL:
            if any(part in case.name for part in wanted):
                print("| " + " | ".join(tried(case, tolerance).row) + " |", flush=True)


if __name__ == "__main__":
    main()
