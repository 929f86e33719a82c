"""The result: two-time functions and responses, what follows from them in frequency, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from wignercq.correlations.format import PAIR, THEORY, faults
from wignercq.correlations.transforms import half_transform
from wignercq.errors import InputError, brief, cut, listed
from wignercq.results.reading import Fault
from wignercq.results.result import Plots, Result
from wignercq.results.variables import MODEL_UNITS, PURE, described

if TYPE_CHECKING:
    from wignercq.gaussian import LinearModel

STATIONARY = 0.1  # change of W relative to its maximum from which on a spectrum means nothing
SILENT = 1e-12  # of the largest susceptibility: a smaller loss is none
#: Labels of coordinates of what is a function of the frequency.
FREQUENCIES = {
    "frequency": ("angular frequency", MODEL_UNITS),
    "first": ("A", PURE),
    "second": ("B", PURE),
    "observable": ("A = B", PURE),
}
LAST = 0.1  # share of the times, at the end, at which it is seen what is left


@dataclass(frozen=True, eq=False, repr=False)
class TwoTime(Result):
    """Two-time functions and responses of operators A, the dimension ``first``, and B, the dimension ``second``.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/correlations.md``.
    """

    plot = Plots("TwoTimePlots")

    @property
    def tau(self) -> np.ndarray:
        """Delays, shape (n,)."""
        return self.dataset["tau"].values

    @property
    def theory(self) -> LinearModel | None:
        """The Gaussian theory of the model, whose functions these are if the state is its steady state.

        None where the model is not quadratic, has no steady state, or the state changes.
        """
        from wignercq.gaussian import LinearModel

        attributes = self.dataset.attrs
        if not set(THEORY) <= set(attributes) or float(self.dataset["state_change"].max()) > STATIONARY:
            return None
        drift, diffusion, force = (np.asarray(attributes[name]) for name in THEORY)
        linear = LinearModel(drift.reshape(4, 4), diffusion.reshape(4, 4), force)
        return linear if linear.is_stable else None

    @property
    def correlation(self) -> xr.DataArray:
        """``C(tau) = <{A(t + tau), B(t)}>/2``, dimensions (tau, first, second)."""
        return self.dataset["correlation"]

    @property
    def connected(self) -> xr.DataArray:
        """``C(tau) - <A(t + tau)> <B(t)>``, dimensions (tau, first, second)."""
        return self.dataset["connected"]

    @property
    def response(self) -> xr.DataArray:
        """``R(tau) = d<A(t + tau)>/df`` for ``H -> H - f B delta(t)``, dimensions (tau, first, second)."""
        return self.dataset["response"]

    @property
    def ordinary(self) -> xr.DataArray:
        """``<A(t + tau) B(t)> = C(tau) - (i hbar/2) R(tau)`` in this order, complex, dimensions (tau, first, second).

        The commutator is that of the quantum particle: for B of (q, p) alone there is none, and the average is C.
        InputError where a B is of both particles, whose response holds a Poisson bracket as well.
        """
        kinds = self.dataset["kind"].values
        if "mixed" in kinds:
            label = self.dataset["second"].values[kinds == "mixed"][0]
            raise InputError("second", "operators of one particle alone, for products in their order", repr(str(label)))
        half = xr.where(self.dataset["kind"] == "quantum", self.dataset.attrs["hbar"] / 2, 0.0)
        result = (self.correlation - 1j * half * self.response).transpose(*PAIR)
        return result.rename("ordinary").assign_attrs(long_name="<A(t + tau) B(t)>")

    @property
    def time_error(self) -> float:
        """Estimated time error of a modified W relative to its maximum at tau = 0, the largest of all."""
        return float(self.dataset.attrs["time_error_estimate"])

    @property
    def remaining(self) -> xr.DataArray:
        """What is left of the connected C over the last tenth of the times, relative to its maximum; (first, second).

        A transform from 0 to infinity lacks about so much.
        """
        size: xr.DataArray = abs(self.connected)
        largest = size.max("tau")
        late = size.where(self.dataset["tau"] >= (1 - LAST) * self.tau[-1]).max("tau")
        return (
            (late / largest.where(largest > 0))
            .fillna(0.0)
            .rename("remaining")
            .assign_attrs(long_name="connected C at the end, relative")
        )

    def spectrum(self, frequencies: ArrayLike, window: str = "tukey") -> xr.Dataset:
        """``S_AB(w) = integral exp(-i w tau) C_AB(tau) dtau`` of connected C, cf. eqs (33)-(38).

        Negative delays follow from ``C_AB(-tau) = C_BA(tau)`` of a stationary state, so A and B are those formulas that
        are both in `first` and in `second`.

        Parameters
        ----------
        frequencies : array_like (m,)
            Angular frequencies w, up to pi over the spacing of the times.
        window : {"tukey", "hann", "none"}
            Weight of a delay: 1 up to half of the last one and then falling as a cosine squared; a cosine squared from
            0 on; 1. The first two widen lines to about ``2 pi/T``, the last leaves ripples of what C still is.

        Returns
        -------
        xarray.Dataset
            ``spectrum``, complex and Hermitian, and ``truncation_error``, what it differs by from that of three
            quarters of the times; dimensions (frequency, first, second).

        Raises
        ------
        InputError
            No formula is in both; the times do not begin at 0 or are too far apart; the state changes by more than a
            tenth of its maximum.
        """
        changed = float(self.dataset["state_change"].max())
        if changed > STATIONARY:
            got = f"one that changes by {changed:.2g} of its maximum within the times"
            raise InputError("state", "a stationary state, for spectra", got)
        common = self._common()
        values = self.connected.sel(first=common, second=common).transpose(*PAIR).values
        half, error = half_transform(self.tau, values, _frequencies(frequencies), window)
        whole, error = half + np.conj(np.swapaxes(half, -1, -2)), error + np.swapaxes(error, -1, -2)
        meaning = "integral exp(-i w tau) C(tau) dtau"
        return _in_frequency("spectrum", meaning, whole, error, frequencies, common, common, window)

    def susceptibility(self, frequencies: ArrayLike, window: str = "tukey") -> xr.Dataset:
        """``chi(w) = integral from 0 to infinity of exp(-i w tau) R(tau) dtau``, cf. eqs (33)-(38), of all pairs.

        Parameters, result (``susceptibility``, ``truncation_error``) and errors are those of :meth:`spectrum`, but that
        no stationary state is needed.
        """
        chi, error = half_transform(self.tau, self.response.transpose(*PAIR).values, _frequencies(frequencies), window)
        first, second = (self.dataset[name].values.tolist() for name in ("first", "second"))
        meaning = "integral exp(-i w tau) R(tau) dtau"
        return _in_frequency("susceptibility", meaning, chi, error, frequencies, first, second, window)

    def effective_temperature(self, frequencies: ArrayLike, window: str = "tukey") -> xr.Dataset:
        """Temperature at which the classical fluctuation-dissipation relation would hold at w, for each A = B.

        ``k_B T(w) = w S(w)/(2 chi''(w))`` with ``chi'' = -Im chi``, as in
        :func:`wignercq.gaussian.effective_temperatures`; infinite where nothing responds.

        Parameters and errors are those of :meth:`spectrum`; frequencies other than 0.

        Returns
        -------
        xarray.Dataset
            ``temperature``, an energy, and ``truncation_error``; dimensions (frequency, observable).
        """
        w, noise, loss, error = self._diagonals(frequencies, window)
        silent = np.abs(loss) <= SILENT * np.abs(loss).max(initial=0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            temperature = np.where(silent, np.inf, w[:, None] * noise / (2 * loss))
            uncertain = np.abs(temperature) * (error[0] / np.abs(noise) + error[1] / np.abs(loss))
        names = ("frequency", "observable")
        made = xr.Dataset(
            {
                "temperature": (names, temperature, {"long_name": "w S(w)/(2 chi''(w)), an energy"}),
                "truncation_error": (names, uncertain, {"long_name": "by which it may be off"}),
            },
            {"frequency": w, "observable": self._common()},
            {"window": window},
        )
        return described(made, FREQUENCIES)

    def fdr_violation(self, frequencies: ArrayLike, temperature: float, window: str = "tukey") -> xr.DataArray:
        """How far the fluctuation-dissipation relation fails at w, for each A = B of one particle.

        ``F(w) tanh(hbar w/(2 k_B T)) - 1`` with ``F = S/(hbar chi'')`` for a quantum operator, as in
        :func:`wignercq.gaussian.fdr_violation`, and its classical limit
        ``w S/(2 k_B T chi'') - 1`` for a classical one.

        Parameters
        ----------
        frequencies : array_like (m,)
            Angular frequencies, not 0.
        temperature : float
            k_B T of the equilibrium compared with, an energy.
        window : str
            As in :meth:`spectrum`.

        Returns
        -------
        xarray.DataArray (frequency, observable)
            0 in equilibrium at that temperature, NaN for operators of both particles.
        """
        if not temperature > 0:
            raise InputError("temperature", "a positive energy", brief(temperature))
        effective = self.effective_temperature(frequencies, window)["temperature"]
        kind = self.dataset["kind"].sel(second=effective["observable"].values).rename(second="observable")
        x = self.dataset.attrs["hbar"] * effective["frequency"] / (2 * temperature)
        quantum = effective / temperature * np.tanh(x) / x - 1
        classical = effective / temperature - 1
        both = xr.where(kind == "quantum", quantum, xr.where(kind == "classical", classical, np.nan))
        return (
            both.transpose("frequency", "observable")
            .rename("fdr_violation")
            .assign_attrs(long_name="S tanh(hbar w/(2 kT))/(hbar chi'') - 1")
        )

    def summary(self) -> str:
        """A few lines: what was correlated, how far to trust it, and what is left of it at the end."""
        data = self.dataset
        own = self.remaining.where(data["first"] == data["second"])  # another pair may be uncorrelated, all rounding
        left = own if bool(own.notnull().any()) else self.remaining
        attributes = data.attrs
        worst = {name: float(data[name].max()) for name in ("edge_mass", "spectral_tail", "state_change")}
        rows = {
            "A": ", ".join(map(str, data["first"].values)),
            "B": ", ".join(map(str, data["second"].values)),
            "tau": f"{self.tau.size} from {self.tau[0]:g} to {self.tau[-1]:g}",
            "grid": attributes["grid"],
            "time step": f"{attributes['time_step']:.6g} ({attributes['scheme']})",
            "time error": f"{self.time_error:.1e} of the maximum of a modified W",
            "edge mass": f"{worst['edge_mass']:.1e}",
            "spectral tail": f"{worst['spectral_tail']:.1e}",
            "state changes": f"{worst['state_change']:.1e} of its maximum",
            "left at the end": f"{float(left.max()):.1e} of the largest connected C",
            "wall time": f"{attributes['wall_time']:.1f} s",
        }
        if attributes.get("unresolved"):
            rows["unresolved"] = attributes["unresolved"]
        return "\n".join(f"{name:<16}{value}" for name, value in rows.items())

    def _in_short(self) -> Iterator[str]:
        for label, name in (("A", "first"), ("B", "second")):
            yield f"{label} = {', '.join(map(str, self[name].values))}"
        yield f"tau = {self.tau[0]:g} to {self.tau[-1]:g}"
        yield from super()._in_short()

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to hold two-time functions."""
        return faults(dataset)

    def _common(self) -> list[str]:
        """Formulas that are in both; InputError where none is."""
        second = self.dataset["second"].values.tolist()
        common = [str(label) for label in self.dataset["first"].values if label in second]
        if not common:
            first = cut(listed(self.dataset["first"].values.tolist(), 4))
            raise InputError("second", f"formulas that are in first as well: {first}", cut(listed(second, 4)))
        return common

    def _diagonals(
        self, frequencies: ArrayLike, window: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Frequencies, S and chi'' of each A = B, and the errors of both."""
        w = _frequencies(frequencies)
        if np.any(w == 0):
            raise InputError("frequencies", "frequencies other than 0, where the ratio has only a limit", "0")
        common = self._common()
        both = self.spectrum(w, window), self.susceptibility(w, window).sel(first=common, second=common)
        (noise, chi), errors = (
            [np.diagonal(data[name].values, axis1=1, axis2=2) for data, name in zip(both, names, strict=True)]
            for names in (("spectrum", "susceptibility"), ("truncation_error",) * 2)
        )
        return w, noise.real, -chi.imag, (errors[0], errors[1])


def _frequencies(given: ArrayLike) -> np.ndarray:
    w = np.atleast_1d(np.asarray(given, dtype=float))
    if w.ndim != 1 or not np.isfinite(w).all():
        raise InputError("frequencies", "finite numbers in a row", f"an array of shape {w.shape}")
    return w


def _in_frequency(
    name: str,
    meaning: str,
    values: np.ndarray,
    errors: np.ndarray,
    frequencies: ArrayLike,
    first: list[str],
    second: list[str],
    window: str,
) -> xr.Dataset:
    dimensions = ("frequency", "first", "second")
    made = xr.Dataset(
        {
            name: (dimensions, values, {"long_name": meaning}),
            "truncation_error": (dimensions, errors, {"long_name": "difference from three quarters of the times"}),
        },
        {"frequency": _frequencies(frequencies), "first": first, "second": second},
        {"window": window},
    )
    return described(made, FREQUENCIES)
