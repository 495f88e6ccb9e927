"""Densities that follow from how an expression is made of random variables."""
