"""Sequential Monte Carlo: particles go from the prior to the posterior through tempered densities."""
