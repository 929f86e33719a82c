"""What is measured of one W: marginals, energies, resolution, density matrix, distances."""
