"""Approximations of a density by distributions that can be drawn at once."""
