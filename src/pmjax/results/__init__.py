"""Results: a trace becomes an ArviZ object, and is checked for convergence."""
