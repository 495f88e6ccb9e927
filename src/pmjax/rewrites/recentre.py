"""Recentre: every variable with a random location or scale gets a centring that warm-up can fit.

For x with location mu and scale sigma, the sampler moves z with

    x = mu + sigma^(1-c) (z - c mu),     log |dx/dz| = (1 - c) log sigma,

so that z has location c mu and scale sigma^c: c = 1 is the model as written, c = 0 is the non-centred
form, and each element may lie between them (Papaspiliopoulos, Roberts & Sköld 2007; Gorinova, Moore &
Hoffman 2020). c is an argument of the density, so changing it compiles nothing. Positive variables are
treated likewise on the scale of their logarithm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import own_nodes
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, as_variable, elementwise
from pmjax.model.spec import FreeVariable, Knob, ModelSpec, distribution_of
from pmjax.rewrites.rewritten import Report, Rewritten
from pmjax.rewrites.vector_centring import RecentredVector, mean_and_factor
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import Log

NAME = "recentre"
# The non-centred form has no funnel in which the first draws could get stuck.
INITIAL = 0.0

VECTOR_SENTENCE = (
    "its mean or covariance is random; warm-up chooses whether it is moved as written "
    "or non-centred, through the Cholesky factor of its covariance"
)


class Recentred(Bijector):
    """x = mu + sigma^(1-c) (z - c mu), elementwise; or that for log x.

    Parameters
    ----------
    location, scale : Variable
        Of x, or of log x.
    centring : Variable
        c, of the shape of x.
    logarithm : bool
        Whether the map is one of log x.
    origin : int, optional
        Which parameter of its law is the location.
    """

    def __init__(
        self,
        location: Variable,
        scale: Variable,
        centring: Variable,
        logarithm: bool,
        origin: int | None = None,
    ) -> None:
        self.inputs = (location, scale, centring)
        self.logarithm, self.origin = logarithm, origin
        # Its values bear the name that they would have in the model as written.
        self.name = Log.name if logarithm else ""

    def fingerprint(self) -> tuple[Any, ...]:
        return (super().fingerprint(), self.logarithm, self.origin)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        mu, sigma, c = inputs
        u = np.log(x) if self.logarithm else x
        return (u - mu) * sigma ** (c - 1) + c * mu

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return self.parts(y, *inputs)[0]

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return self.parts(y, *inputs)[1]

    def parts(self, y: Any, *inputs: Any) -> tuple[Any, Any, Any]:
        mu, sigma, c = inputs
        stretch = (1 - c) * jnp.log(sigma)
        deviation = jnp.exp(stretch) * (y - c * mu)
        u = mu + deviation
        if self.logarithm:
            x = jnp.exp(u)
            return x, stretch + u, x
        return u, stretch, u if self.origin is None else deviation

    def recentred(self, y: Any, inputs: Sequence[Any], new: Any) -> tuple[Any, Any]:
        """Return y in the centring ``new``, and the log determinant of that change."""
        mu, sigma, c = inputs
        log_sigma = jnp.broadcast_to(jnp.log(sigma), jnp.shape(y))
        z = jnp.exp((new - c) * log_sigma) * (y - c * mu) + new * mu
        return z, jnp.sum((new - c) * log_sigma)


def recentre(spec: ModelSpec) -> Rewritten:
    """Give each variable with a random location or scale a centring: one number for each element, or for a
    multivariate normal variable as a whole.
    """
    free, knobs, reports = [], list(spec.knobs), []
    sampled = {v.variable for v in spec.declared}

    def is_sampled(nodes: Sequence[Variable]) -> bool:
        return any(node in sampled for node in own_nodes(nodes))

    for variable in spec.free:
        own_term = variable.variable.size and variable.name not in spec.absorbed
        found = (location_and_scale(variable), mean_and_factor(variable)) if own_term else (None, None)
        place, vector = (nodes if nodes and is_sampled(nodes) else None for nodes in found)
        if vector is not None:
            knob = _knob(variable, ())
            variable = replace(variable, bijector=RecentredVector(*vector, knob.node))
            knobs.append(knob)
            reports.append(Report(NAME, variable.name, True, VECTOR_SENTENCE))
        if place is not None:
            knob = _knob(variable, variable.variable.shape)
            law = distribution_of(variable.variable)
            is_log = variable.bijector is not None
            origin = (
                None if is_log or law.location_scale is None else law.param_names.index(law.location_scale[0])
            )
            bijector = Recentred(*place, knob.node, variable.bijector is not None, origin)
            variable = replace(variable, bijector=bijector)
            knobs.append(knob)
            reports.append(Report(NAME, variable.name, True, _sentence(variable)))
        free.append(variable)
    return Rewritten(replace(spec, free=tuple(free), knobs=tuple(knobs)), tuple(reports))


def _knob(variable: FreeVariable, shape: tuple[int, ...]) -> Knob:
    node = Variable(Input(shape, np.dtype(float)), (), f"{variable.name}_centring")
    return Knob(node, np.full(shape, INITIAL))


def location_and_scale(free: FreeVariable) -> tuple[Variable, Variable] | None:
    """Return location and scale of the variable or its logarithm; None if they are not known."""
    law = distribution_of(free.variable)
    params = dict(zip(law.param_names, free.variable.inputs, strict=True))
    is_log = type(free.bijector) is Log
    place: tuple[Variable, Variable]
    if law.location_scale is not None and free.bijector is None:
        location, scale = law.location_scale
        place = (params[location], params[scale])
    elif law.log_location_scale is not None and is_log:
        location, scale = law.log_location_scale
        place = (params[location], params[scale])
    elif law.scale is not None and is_log:
        place = (elementwise(jnp.log, params[law.scale]), as_variable(1.0))
    elif law.rate is not None and is_log:
        place = (-elementwise(jnp.log, params[law.rate]), as_variable(1.0))
    else:
        return None
    return place


def recentred(spec: ModelSpec) -> list[FreeVariable]:
    """Return the variables that `recentre` has changed."""
    return [v for v in spec.free if isinstance(v.bijector, Recentred)]


def describe_centring(chains: Sequence[Mapping[str, Any]]) -> str:
    """Return in plain words which centrings warm-up has chosen, from the final knobs of each chain.

    Examples
    --------
    >>> describe_centring([{"a_centring": np.array([0.0, 0.5])}, {"a_centring": np.array([0.1, 0.7])}])
    'a is centred by 0.30 (from 0.00 to 0.70)'
    """
    words = []
    for name in chains[0] if chains else ():
        c = np.concatenate([np.ravel(knobs[name]) for knobs in chains])
        spread = f" (from {c.min():.2f} to {c.max():.2f})" if c.min() < c.max() else ""
        words.append(f"{name.removesuffix('_centring')} is centred by {np.median(c):.2f}{spread}")
    return "; ".join(words)


def _sentence(variable: FreeVariable) -> str:
    count = variable.variable.size
    each = "its centring is" if count == 1 else f"a centring for each of its {count} elements is"
    return f"its location or scale is random; {each} fitted during warm-up"
