"""Recentre: every variable with a random location or scale gets a centring that warm-up can fit.

For x with location mu and scale sigma, the sampler moves z with

    x = mu + sigma^(1-c) (z - c mu),     log |dx/dz| = (1 - c) log sigma,

so that z has location c mu and scale sigma^c: c = 1 is the model as written, c = 0 is the non-centred
form, and each element may lie between them (Papaspiliopoulos, Roberts & Sköld 2007; Gorinova, Moore &
Hoffman 2020). c is an argument of the density, so changing it compiles nothing. Positive variables are
treated likewise on the scale of their logarithm.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import own_nodes
from pmjax.graph.ops import Input
from pmjax.graph.rewrite import value_numbers
from pmjax.graph.variable import Variable, as_variable, elementwise
from pmjax.model.spec import FreeVariable, Knob, ModelSpec, distribution_of, name_of
from pmjax.rewrites.rewritten import Report, Rewritten
from pmjax.rewrites.vector_centring import RecentredVector, mean_and_factor
from pmjax.rewrites.walk_centring import RecentredWalk, drift_and_scale
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import Log

NAME = "recentre"
# The non-centred form has no funnel in which the first draws could get stuck.
INITIAL = 0.0
# Each scalar whose location and scale are its own adds to the programs that fit the centrings; for more of
# them than this, compiling takes longer than better coordinates save.
MAX_ALONE = 16

VECTOR_SENTENCE = (
    "its mean or covariance is random; warm-up chooses whether it is moved as written "
    "or non-centred, through the Cholesky factor of its covariance"
)
WALK_SENTENCE = "warm-up chooses whether it is moved as written or by its steps, which are independent"
ALONE_SENTENCE = (
    "left as it is, because {} single numbers with a location or scale of their own take longer to compile "
    "than recentring saves; declare them as one variable with shape= or dims= to have it recentred"
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

    @property
    def knob(self) -> str:
        """The name of the array that holds its centring, and perhaps those of other variables."""
        centring = self.inputs[2]
        return name_of(centring.inputs[0] if centring.inputs else centring)

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
    multivariate normal variable or a random walk as a whole.
    """
    free, knobs, reports = [], list(spec.knobs), []
    sampled = {v.variable for v in spec.declared}

    def is_sampled(nodes: Sequence[Variable]) -> bool:
        return any(node in sampled for node in own_nodes(nodes))

    own_terms = [v for v in spec.free if v.variable.size and v.name not in spec.absorbed]
    places = {v: place for v in own_terms if (place := location_and_scale(v)) and is_sampled(place)}
    members = {v: (group, i) for group in _groups(places) for i, v in enumerate(group)}
    alone = [v for v, (group, _) in members.items() if len(group) == 1 and not v.variable.ndim]
    made: dict[FreeVariable, Knob] = {}
    for variable in spec.free:
        vector = mean_and_factor(variable) if variable in own_terms else None
        walk = drift_and_scale(variable) if variable in own_terms else None
        if walk is not None:
            knob = _knob(variable.name, ())
            variable = replace(variable, bijector=RecentredWalk(*walk, knob.node))
            knobs.append(knob)
            reports.append(Report(NAME, variable.name, True, WALK_SENTENCE))
        elif vector is not None and is_sampled(vector):
            knob = _knob(variable.name, ())
            variable = replace(variable, bijector=RecentredVector(*vector, knob.node))
            knobs.append(knob)
            reports.append(Report(NAME, variable.name, True, VECTOR_SENTENCE))
        elif variable in alone and len(alone) > MAX_ALONE:
            reports.append(Report(NAME, variable.name, False, ALONE_SENTENCE.format(len(alone))))
        elif variable in members:
            group, i = members[variable]
            if group[0] not in made:
                made[group[0]] = _group_knob(group)
                knobs.append(made[group[0]])
            node = made[group[0]].node
            bijector = _recentred(variable, places[group[0]], node if len(group) == 1 else node[i])
            variable = replace(variable, bijector=bijector)
            reports.append(Report(NAME, variable.name, True, _sentence(variable, len(group) - 1)))
        free.append(variable)
    return Rewritten(replace(spec, free=tuple(free), knobs=tuple(knobs)), tuple(reports))


def _groups(places: Mapping[FreeVariable, tuple[Variable, Variable]]) -> list[tuple[FreeVariable, ...]]:
    """Return variables in groups with one centring array each: scalars of one location and scale together.

    What fits the centrings then has as many operations for a thousand scalars as for one vector.
    """
    numbers = iter(value_numbers([node for place in places.values() for node in place]))
    groups: dict[Hashable, list[FreeVariable]] = {}
    for variable in places:
        place = (next(numbers), next(numbers), type(variable.bijector))
        groups.setdefault(place if not variable.variable.ndim else variable, []).append(variable)
    return list(map(tuple, groups.values()))


def _recentred(variable: FreeVariable, place: tuple[Variable, Variable], centring: Variable) -> Recentred:
    law, is_log = distribution_of(variable.variable), variable.bijector is not None
    known = None if is_log or law.location_scale is None else law.param_names.index(law.location_scale[0])
    return Recentred(*place, centring, is_log, known)


def _group_knob(group: Sequence[FreeVariable]) -> Knob:
    if len(group) == 1:
        return _knob(group[0].name, group[0].variable.shape)
    between = ", " if len(group) == 2 else ", ..., "
    return _knob(f"{group[0].name}{between}{group[-1].name}", (len(group),))


def _knob(name: str, shape: tuple[int, ...]) -> Knob:
    node = Variable(Input(shape, np.dtype(float)), (), f"{name}_centring")
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


def _sentence(variable: FreeVariable, others: int) -> str:
    count = variable.variable.size
    each = "its centring is" if count == 1 else f"a centring for each of its {count} elements is"
    if others:
        plural = "" if others == 1 else "s"
        together = f", with those of {others} other variable{plural} of the same location and scale"
        return f"its location or scale is random; {each} fitted during warm-up{together}"
    return f"its location or scale is random; {each} fitted during warm-up"
