"""The table ``[model]``, and the model that it makes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator

from wignercq.config.keys import KEYS
from wignercq.config.mistakes import Mistakes
from wignercq.config.validation import Table, expected, is_number
from wignercq.errors import ConfigError, InputError
from wignercq.model.model import Model
from wignercq.model.quantities import diffusion_at
from wignercq.model.thermal import MINIMAL

POTENTIALS = ("classical_potential", "quantum_potential", "interaction")
#: What takes the place of a value that is refused, to find what else is wrong; potentials become constants.
HARMLESS = {
    **dict.fromkeys(("classical_mass", "quantum_mass", "hbar", "friction"), 1.0),
    "diffusion": 1e50,
    "quantum_bath": None,
}


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


class _QuantumDiffusion(Table):
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0


class _Quantum(Table):
    mass: float = 1.0
    potential: Formula
    friction: float = 0.0
    diffusion: _QuantumDiffusion | None = None
    temperature: float | None = None

    @property
    def bath(self) -> dict[str, Any] | None:
        """The arguments of a bath; None where no key of one is written."""
        given = self.model_dump(include={"friction", "diffusion", "temperature"}, exclude_none=True)
        return given if given != {"friction": 0.0} else None


class _Interaction(Table):
    potential: Formula
    decoherence: float | None = None


class _Noise(Table):
    force: Formula
    decoherence: float = 0.0
    diffusion: Formula = 0.0


class ModelTable(Table):
    """The table ``[model]``: potentials, masses, baths, noises and parameters."""

    hbar: float = 1.0
    dynamics: str = MINIMAL
    classical: _Classical
    quantum: _Quantum
    interaction: _Interaction = _Interaction(potential=0.0)
    parameters: dict[str, float] = Field(default_factory=dict)
    noise: list[_Noise] = Field(default_factory=list)

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
            "quantum_bath": self.quantum.bath,
            "noises": [noise.model_dump() for noise in self.noise],
            "dynamics": self.dynamics,
        }
        constant = " + ".join(self.parameters) or "0"
        left = {**HARMLESS, **dict.fromkeys(POTENTIALS, constant), "noises": [{"force": constant}]}
        count = len(left)
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
                return model if len(left) == count else None
