"""Where the configuration file says what an argument of a model, a run or a comparison stands for."""

from __future__ import annotations

from collections.abc import Mapping

#: Keys of the numbers of a model, by argument.
NUMBERS: Mapping[str, str] = {
    "classical_mass": "model.classical.mass",
    "quantum_mass": "model.quantum.mass",
    "hbar": "model.hbar",
    "friction": "model.classical.friction",
    "diffusion": "model.classical.diffusion",
    "decoherence": "model.interaction.decoherence",
}
#: Keys of further numbers that can be varied.
FURTHER_NUMBERS: Mapping[str, str] = {
    "quantum_friction": "model.quantum.friction",
    "quantum_temperature": "model.quantum.temperature",
    **{f"quantum_diffusion_{name}": f"model.quantum.diffusion.{name}" for name in ("xx", "xy", "yy")},
}
#: Keys of everything that an error may be about, by argument.
KEYS: Mapping[str, str] = {
    **NUMBERS,
    "parameters": "model.parameters",
    "quantum_bath": "model.quantum",
    "noises": "model.noise",
    "temperature": "model.classical.temperature",
    "dynamics": "model.dynamics",
    "classical_potential": "model.classical.potential",
    "quantum_potential": "model.quantum.potential",
    "interaction": "model.interaction.potential",
    "state": "initial",
    **{name: f"grid.{name}" for name in ("adapt", "frame", "memory_limit")},
    "times": "run.duration or run.outputs",
    **{name: f"run.{name}" for name in ("duration", "outputs", "tolerance", "dt", "order", "hbar_order")},
    **{
        name: f"run.{name}"
        for name in ("precision", "engine", "devices", "frames", "threads", "checkpoint_every", "on_unresolved")
    },
    "observables": "run.observables",
    "keep_state": "run.save_state",
    **{
        name: f"compare.{name}"
        for name in ("threshold", "trajectories", "mean_field", "semiclassical", "thermal", "seed")
    },
}
