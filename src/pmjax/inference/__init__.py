"""Ways to draw from a density, or to approximate it."""
