"""The 21 posteriors of posteriordb with reference draws, in PyMC's language: ``python -m posteriordb``."""
