"""Models from elsewhere: PyMC, NumPyro, a log density in JAX. Each becomes declarations of a model of ours."""
