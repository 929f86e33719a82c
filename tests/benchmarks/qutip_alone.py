"""What a dedicated solver takes for the quantum particle alone, without the classical one: QuTiP's mesolve."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from common import markdown, timed
from number_basis import Mode
from support.reference.cases import Case
from support.reference.schroedinger import gaussian_packet, wigner_of_matrix

LEVELS, ACCURACY = 26, 1e-5  # the least that give an error of 1e-5
EXACT_LEVELS, EXACT_ACCURACY = 32, 1e-8
LENGTH = 0.63
X, Y = np.linspace(-2.6, 2.6, 31), np.linspace(-3.4, 3.4, 33)


def solve(case: Case, levels: int, accuracy: float) -> tuple[np.ndarray, float]:
    """Density matrix at the case's last time and the wall seconds of mesolve.

    The particle keeps its potential V_Q + V_I(0, x) and the decoherence -(D0/2) [L, [L, rho]] of L = d_q V_I(0, x).
    """
    import qutip

    system = case.system
    mode = Mode(levels=levels, length=LENGTH)
    potential = dict(enumerate(system.quantum_potential))
    for (i, j), c in system.interaction.items():
        if i == 0:
            potential[j] = potential.get(j, 0.0) + c
    kinetic = -(system.hbar**2) / (2 * system.quantum_mass) * mode.operator(0, 2)
    hamiltonian = qutip.Qobj((kinetic + mode.polynomial(potential)) / system.hbar)
    jump = qutip.Qobj(np.sqrt(system.decoherence) * mode.polynomial(system.back_action[0]))
    z = np.linspace(-12.0, 12.0, 4001)
    packet = gaussian_packet(case.mean[2], case.mean[3], case.variances[2], system.hbar)
    start = qutip.Qobj(mode.coefficients(z, packet(z)))
    options = {"method": "dop853", "rtol": accuracy, "atol": accuracy * 1e-2, "nsteps": 10**6}
    times = [0.0, case.times[-1]]
    result, taken = timed(lambda: qutip.mesolve(hamiltonian, start, times, [jump], options=options))
    return result.states[-1].full(), taken


def wigner(case: Case, matrix: np.ndarray) -> np.ndarray:
    """W(x, y) of a density matrix."""
    mode = Mode(levels=len(matrix), length=LENGTH)
    return wigner_of_matrix(matrix, mode.functions, X, Y, hbar=case.system.hbar, reach=12.0)


def table(case: Case) -> str:
    """Wall time and error of mesolve, or a line that says why there is none."""
    if find_spec("qutip") is None:
        return "QuTiP is not installed: `pip install qutip` for this row."
    exact = wigner(case, solve(case, EXACT_LEVELS, EXACT_ACCURACY)[0])
    matrix, taken = solve(case, LEVELS, ACCURACY)
    error = np.abs(wigner(case, matrix) - exact).max() / exact.max()
    row = ("QuTiP mesolve, x and y alone", f"{LEVELS} levels", f"{error:.1e}", f"{taken:.3f} s")
    return markdown(("solver", "basis", "error of W(x, y)", "wall time"), [row])
