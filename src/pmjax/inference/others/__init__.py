"""Other libraries' samplers on a density of ours."""
