"""Gaussian theory: the exact solution of quadratic models, and of linearised ones (arXiv:2510.07402)."""

from wignercq.gaussian.driven import Cycle, DrivenLinearModel
from wignercq.gaussian.information import (
    block_mutual_information,
    correlation_coefficients,
    mutual_information,
    two_time_correlation,
)
from wignercq.gaussian.linear_model import LinearModel, potential_minimum, quadratic_expansion
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck
from wignercq.gaussian.oscillators.coupled import (
    CoupledOscillators,
    hybrid_covariance,
    spectra,
    steady_covariance,
    susceptibilities,
)
from wignercq.gaussian.oscillators.single import SingleOscillator
from wignercq.gaussian.oscillators.weak_coupling import (
    amplitude_ratio,
    asymptotic_mutual_information,
    hybrid_weak_correlators,
    induced_damping,
    long_lived_correlator,
    weak_correlation,
    weak_correlators,
    weak_poles,
    weak_responses,
)
from wignercq.gaussian.quantum_oscillator import (
    critical_temperature,
    minimum_occupation,
    occupation,
    purity,
    quantum_frequency,
    uncertainty_product,
    weak_occupation,
)
from wignercq.gaussian.relaxation import sums_of_eigenvalues
from wignercq.gaussian.report import theory_report
from wignercq.gaussian.report_text import format_report
from wignercq.gaussian.sensitivity import Sensitivity, sensitivity
from wignercq.gaussian.thermodynamics import (
    Energies,
    EntropyRates,
    energies,
    energy_rate,
    entropy_rates,
    gaussian_entropy,
    gibbs_covariance,
    gibbs_distance,
    quantum_heating,
    relative_entropy,
    steady_entropy_production,
    thermal_covariance,
)
from wignercq.gaussian.trajectories import sample_euler_maruyama, sample_exact
from wignercq.gaussian.two_time import (
    effective_temperatures,
    fdr_violation,
    keldysh_distribution,
    keldysh_green,
    response,
    retarded_green,
    spectrum,
    susceptibility,
    two_time,
)

__all__ = [
    "CoupledOscillators",
    "Cycle",
    "DrivenLinearModel",
    "Energies",
    "EntropyRates",
    "LinearModel",
    "OrnsteinUhlenbeck",
    "Sensitivity",
    "SingleOscillator",
    "amplitude_ratio",
    "asymptotic_mutual_information",
    "block_mutual_information",
    "correlation_coefficients",
    "critical_temperature",
    "effective_temperatures",
    "energies",
    "energy_rate",
    "entropy_rates",
    "fdr_violation",
    "format_report",
    "gaussian_entropy",
    "gibbs_covariance",
    "gibbs_distance",
    "hybrid_covariance",
    "hybrid_weak_correlators",
    "induced_damping",
    "keldysh_distribution",
    "keldysh_green",
    "long_lived_correlator",
    "minimum_occupation",
    "mutual_information",
    "occupation",
    "potential_minimum",
    "purity",
    "quadratic_expansion",
    "quantum_frequency",
    "quantum_heating",
    "relative_entropy",
    "response",
    "retarded_green",
    "sample_euler_maruyama",
    "sample_exact",
    "sensitivity",
    "spectra",
    "spectrum",
    "steady_covariance",
    "steady_entropy_production",
    "sums_of_eigenvalues",
    "susceptibilities",
    "susceptibility",
    "theory_report",
    "thermal_covariance",
    "two_time",
    "two_time_correlation",
    "uncertainty_product",
    "weak_correlation",
    "weak_correlators",
    "weak_occupation",
    "weak_poles",
    "weak_responses",
]
