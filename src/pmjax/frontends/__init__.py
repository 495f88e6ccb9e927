"""Models from elsewhere, read as declarations of a model of ours: PyMC's."""
