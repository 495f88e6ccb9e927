"""Laws of sequences in time."""
