"""What a trajectory costs, beside QuTiP's ssesolve on the nearest problem that both can state. A Markdown table.

Usage: python tests/benchmarks/trajectories.py [trajectories, default 10240] [QuTiP's, default 8]

A quantum oscillator, hbar = m = w = 1, whose position is measured continuously at the rate lam**2/(8 D2), to t = 20:
here the classical particle that records it is heavy and stays in place. QuTiP takes as many levels as there are points.
Errors are those of <x**2> + <y**2>, which decoherence raises by hbar**2 D0 lam**2 per time, exactly.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import qutip

import wignercq as wc
from wignercq.states import gaussian

LAM, D2, DURATION, POINTS = 0.4, 0.5, 20.0, 128
START = 1.0  # position of the coherent state at the beginning
EXACT = START**2 + 1 + DURATION * LAM**2 / (4 * D2)


def ours(count: int, dt: float) -> tuple[float, float, float]:
    """Seconds per trajectory, <x**2> + <y**2> at the end and its standard error."""
    model = wc.Model("0", "x**2/2", f"{LAM}*q*x", classical_mass=1e9, diffusion=D2)
    state = gaussian([0.0, 0.0, START, 0.0], [1e-12, 1e-12, 0.5, 0.5], hbar=1.0)
    axis = wc.Axis(-14.0, 14.0, POINTS)
    begun = time.perf_counter()
    found = wc.trajectories(model, state, times=[DURATION], count=count, seed=1, dt=dt, axis=axis, frames=0)
    seconds = time.perf_counter() - begun
    return seconds / found.count, 2 * float(found["energy_quantum"][-1]), 2 * float(found["energy_quantum_error"][-1])


def qutips(count: int, dt: float, method: str) -> tuple[float, float, float]:
    """The same by QuTiP."""
    a = qutip.destroy(POINTS)
    x, y = (a + a.dag()) / np.sqrt(2), (a - a.dag()) / (1j * np.sqrt(2))
    H, c = (x * x + y * y) / 2, LAM / np.sqrt(4 * D2) * x  # -(1/2) [c, [c, rho]] is -(D0/2) lam**2 [x, [x, rho]]
    options = {"dt": dt, "method": method, "progress_bar": False, "keep_runs_results": True}
    begun = time.perf_counter()
    found = qutip.ssesolve(
        H,
        qutip.coherent(POINTS, START / np.sqrt(2)),
        [0.0, DURATION],
        sc_ops=[c],
        e_ops=[2 * H],
        ntraj=count,
        options=options,
    )
    seconds = time.perf_counter() - begun
    values = np.real(np.array(found.runs_expect[0])[:, -1])
    return seconds / count, float(values.mean()), float(values.std() / np.sqrt(count))


def main() -> None:
    many, few = (int(number) for number in [*sys.argv[1:], *("10240", "8")[len(sys.argv) - 1 :]])
    print(f"exact: {EXACT:.4f}\n\n| solver | step | trajectories | s per trajectory | all of them | <x**2> + <y**2> |")
    print("| --- | --- | --- | --- | --- | --- |")
    for dt in (0.2, 0.1):
        seconds, value, error = ours(many, dt)
        print(
            f"| wignercq | {dt} | {many} | {seconds:.2e} | {seconds * many:.0f} s | {value:.3f} +- {error:.3f} |",
            flush=True,
        )
    for method, dt in (("rouchon", 0.002), ("platen", 0.002)):
        seconds, value, error = qutips(few, dt, method)
        print(f"| QuTiP {method} | {dt} | {few} | {seconds:.2e} | | {value:.3f} +- {error:.3f} |", flush=True)


if __name__ == "__main__":
    main()
