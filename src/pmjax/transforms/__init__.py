"""Maps between supports and unconstrained vectors, with PyMC's names for those that users give.

>>> import pmjax as pm
>>> with pm.Model() as model:
...     cutpoints = pm.Normal("cutpoints", 0, 2, shape=3, transform=pm.distributions.transforms.ordered)
>>> list(model.initial_point())
['cutpoints_ordered__']
"""

from pmjax.transforms.bijectors import Log, LogOdds, Ordered, Simplex

log = Log()
logodds = LogOdds()
ordered = Ordered()
simplex = Simplex()

__all__ = ["log", "logodds", "ordered", "simplex"]
