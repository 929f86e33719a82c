"""The vocabulary of a result: its variables, their dimensions and meanings."""

from __future__ import annotations

from wignercq.grid.grid import NAMES

ROW_DIMENSIONS = {"mean": ("z",), "covariance": ("z", "z2"), "edge_mass": ("axis",), "spectral_tail": ("axis",)}
FRAME_PLANES = {
    "density_qp": ("q", "p"),
    "wigner_xy": ("x", "y"),
    "density_qx": ("q", "x"),
    "density_py": ("p", "y"),
}
DESCRIPTIONS = {
    "norm": "integral of W",
    "mean": "mean of z",
    "covariance": "covariance of z, Weyl-ordered",
    "energy": "<H>",
    "energy_classical": "<p**2/(2M) + V_C>",
    "energy_quantum": "<y**2/(2m) + V_Q>",
    "energy_interaction": "<V_I>",
    "energy_budget_residual": "<H>(t) - <H>(0) - integral of its rate from diffusion, decoherence and friction",
    "energy_left_out": "bound of what is missing in <H>, W being below its errors at a wall of the potentials",
    "purity": "Tr rho**2 of the reduced quantum state",
    "negativity": "(integral of |W| - 1)/2",
    "occupation": "n of the reduced quantum state, n + 1/2 = <H_Q>/(hbar w_Q); NaN if V_Q is not a harmonic well",
    "edge_mass": "probability in the outer sixteenths of an axis",
    "spectral_tail": "root of the share of spectral power in the top eighth of the frequencies of an axis",
    "density_qp": "density of (q, p)",
    "wigner_xy": "Wigner function of the reduced quantum state",
    "density_qx": "density of (q, x)",
    "density_py": "density of (p, y)",
    "W": "hybrid Wigner function at the last output",
}

#: Shape of what a row holds for each output, by variable; "time" is one of them.
ROW_SHAPES: dict[str, tuple[int, ...]] = {
    "time": (),
    **{
        name: (len(NAMES),) * len(ROW_DIMENSIONS.get(name, ()))
        for name in DESCRIPTIONS
        if name not in {"energy_budget_residual", "W", *FRAME_PLANES}
    },
}
