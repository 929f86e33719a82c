"""The table ``[model]``, and the model that it makes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator

from wignercq.config.keys import KEYS
from wignercq.config.mistakes import Mistakes
from wignercq.config.validation import Table, expected, is_number
from wignercq.errors import ConfigError, InputError
from wignercq.model.model import Model, diffusion_at
from wignercq.model.thermal import MINIMAL

POTENTIALS = ("classical_potential", "quantum_potential", "interaction")
#: What takes the place of a value that is refused, to find what else is wrong; potentials become constants.
HARMLESS = {"classical_mass": 1.0, "quantum_mass": 1.0, "hbar": 1.0, "friction": 1.0, "diffusion": 1e50}


def _formula(value: object) -> str | float:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and is_number(value):
        return float(value)
    raise expected("a formula in quotes, or a number")


Formula = Annotated[str | float, PlainValidator(_formula)]


class _Classical(Table):
    mass: float = 1.0
    potential: Formula
    friction: float = 0.0
    diffusion: float = 0.0
    temperature: float | None = None  # in place of diffusion


class _Quantum(Table):
    mass: float = 1.0
    potential: Formula


class _Interaction(Table):
    potential: Formula
    decoherence: float | None = None


class ModelTable(Table):
    """The table ``[model]``: potentials, masses, bath and parameters."""

    hbar: float = 1.0
    dynamics: str = MINIMAL
    classical: _Classical
    quantum: _Quantum
    interaction: _Interaction = _Interaction(potential=0.0)
    parameters: dict[str, float] = Field(default_factory=dict)

    def _diffusion(self) -> float:
        """D2, as it is given or from the temperature."""
        classical = self.classical
        if classical.temperature is None:
            return classical.diffusion
        if "diffusion" in classical.model_fields_set:
            raise ConfigError("model.classical.temperature", "either diffusion or temperature", "both")
        try:
            return diffusion_at(classical.temperature, classical.friction)
        except InputError as error:
            raise error.renamed(KEYS, ConfigError) from None

    def model(self, mistakes: Mistakes) -> Model | None:
        """The model; None where something is wrong, all of which is noted."""
        diffusion = HARMLESS["diffusion"]
        with mistakes:
            diffusion = self._diffusion()
        values: dict[str, Any] = {
            "classical_potential": self.classical.potential,
            "quantum_potential": self.quantum.potential,
            "interaction": self.interaction.potential,
            "parameters": self.parameters,
            "classical_mass": self.classical.mass,
            "quantum_mass": self.quantum.mass,
            "hbar": self.hbar,
            "friction": self.classical.friction,
            "diffusion": diffusion,
            "decoherence": self.interaction.decoherence,
            "dynamics": self.dynamics,
        }
        left = {**HARMLESS, **dict.fromkeys(POTENTIALS, " + ".join(self.parameters) or "0")}
        while True:
            try:
                model = Model(**values)
            except InputError as error:
                with mistakes:
                    raise error.renamed(KEYS, ConfigError) from None
                name = re.split(r"\W", error.argument)[0]
                if name not in left:
                    return None
                values[name] = left.pop(name)
            else:
                return model if len(left) == len(HARMLESS) + len(POTENTIALS) else None
