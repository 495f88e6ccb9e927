"""The density of an expression of random variables, derived from how the expression is made.

Each rule undoes one operation: the density of f(x) at v is that of x at f⁻¹(v) times |(f⁻¹)'(v)|, a clipped
variable has points of probability at its limits, a rounded one has the probability of an interval, a choice
between variables is a mixture. Where no rule fits, one sentence says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, is_random
from pmjax.graph.ops import Index, Input, RandomVariable, Slot
from pmjax.graph.scan import Scan
from pmjax.graph.variable import Variable, apply, as_variable, call, index
from pmjax.logprob.inverses import FOLDS, MONOTONE, Monotone, affine, chosen, odd_power
from pmjax.logprob.reading import Application, application, constant, hidden_in, without_names
from pmjax.tensor import math


class Derivation:
    """Log densities and distribution functions of expressions, with the variables in `hidden` unknown.

    Parameters
    ----------
    hidden : collection of Variable
        The random variables that have no value; every other node is given.
    """

    def __init__(self, hidden: frozenset[Variable]) -> None:
        self.hidden = hidden

    def log_density(self, node: Variable, value: Variable) -> Variable:
        """Return the log density (or probability) of the expression at a value, one number for each event."""
        node = without_names(node)
        if is_random(node):
            return self._of_law(node, value, "log_density")
        if isinstance(node.op, Index):
            return self._index(node, value)
        if isinstance(node.op, Scan):
            return self._loop(node, node.op, value)
        made = application(node)
        if made is None:
            raise self._refusal(node)
        rule = _RULES.get(made.function)
        if rule is not None:
            return rule(self, node, made, value)
        return self._through(*self._monotone_or_refuse(node), value)

    def log_cdf(self, node: Variable, value: Variable) -> Variable:
        """Return log P(x <= value) of an expression that is a monotone function of one variable."""
        return self._distribution(without_names(node), value, "log_cdf")

    def log_sf(self, node: Variable, value: Variable) -> Variable:
        """Return log P(x > value)."""
        return self._distribution(without_names(node), value, "log_sf")

    def quantile(self, node: Variable, q: Variable) -> Variable:
        """Return the value that the expression stays below with probability q."""
        node = without_names(node)
        if is_random(node):
            return self._of_law(node, q, "quantile")
        inner, step = self._monotone_or_refuse(node)
        made = application(node)
        if made is None or step.rising is None:
            raise self._refusal(node)
        x = self.quantile(
            inner,
            chosen(step.rising, q, 1 - q)
            if isinstance(step.rising, Variable)
            else q
            if step.rising
            else 1 - q,
        )
        return apply(made.function, *(x if self._is_open(a) else a for a in made.args), **made.kwargs)

    # ---------------------------------------------------------------- what is open, what is refused

    def _is_open(self, value: Any) -> bool:
        return isinstance(value, Variable) and bool(hidden_in([value]) & self.hidden or value in self.hidden)

    def _one_open(self, node: Variable, args: Sequence[Any]) -> Variable:
        """Return the only argument with hidden variables, which must have the shape of the result."""
        among = [a for a in args if self._is_open(a)]
        if len(among) != 1:
            raise self._refusal(node)
        if among[0].shape != node.shape:
            raise ModelError(
                "the density of an expression cannot be derived: a random variable of shape "
                f"{among[0].shape} is broadcast to {node.shape}, so that its elements repeat; "
                "give the variable that shape"
            )
        return among[0]

    def _independent(self, node: Variable, parts: Sequence[Any]) -> None:
        behind = [hidden_in([p]) & self.hidden for p in parts if isinstance(p, Variable)]
        if sum(map(len, behind)) != len(frozenset().union(*behind)):
            raise ModelError(
                "the density of an expression cannot be derived: its parts share a random variable; "
                "draw each part from its own .dist(...)"
            )

    def _refusal(self, node: Variable) -> ModelError:
        made = application(node)
        what = getattr(made.function, "__name__", "a function") if made else type(node.op).__name__.lower()
        return ModelError(
            f"the density of an expression cannot be derived through {what} of {self._listed(node)}; "
            "give logp= to pm.CustomDist, or write the model with the variables themselves"
        )

    def _listed(self, node: Variable) -> str:
        names = [
            getattr(v.op.law, "name", "a law") for v in hidden_in([node]) if isinstance(v.op, RandomVariable)
        ]
        return " and ".join(sorted(names)) or "no random variable"

    # ---------------------------------------------------------------- rules

    def _of_law(self, node: Variable, value: Variable, method: str) -> Variable:
        if node not in self.hidden:
            raise self._refusal(node)
        if any(self._is_open(p) for p in node.inputs):
            raise ModelError(
                f"the density of {self._listed(node)} cannot be derived: a parameter is random and has no "
                "value; declare that variable with a name in the model"
            )
        assert isinstance(node.op, RandomVariable)
        return call(getattr(node.op.law, method), value, *node.inputs)

    def _loop(self, node: Variable, loop: Scan, value: Variable) -> Variable:
        """Return the log density of each step of a loop, given the values of the steps before it."""
        sequences, initial, captured, _ = loop.parts(node.inputs)
        if len(loop.body) > 1 or not loop.random:
            raise self._refusal(node)
        if any(self._is_open(v) for v in (*sequences, *initial, *captured)):
            raise ModelError(
                "the density of a loop cannot be derived: its start or a parameter is random and has no "
                "value; declare that variable with a name in the model"
            )
        if value.shape != node.shape:
            raise ModelError(f"the values of a loop of shape {node.shape} have shape {value.shape}")
        body, taps = loop.body[0], loop.taps[0]
        at_step = Variable(Input(body.shape, body.dtype))
        density = Derivation(frozenset(loop.random)).log_density(body, at_step)

        def terms(values: Any, sequences: Any, initial: Any, captured: Any) -> Any:
            same = dict(zip(loop.captured, captured, strict=True))
            path = jnp.concatenate([*initial, values]) if initial else values
            first = len(path) - loop.steps

            def step(own: Any, elements: Any, earlier: Any) -> Any:
                moving = dict(zip((*loop.elements, *loop.states[0]), (*elements, *earlier), strict=True))
                return Reading({**same, **moving, at_step: own}).read([density])[0]

            windows = [path[first + tap : first + tap + loop.steps] for tap in taps]
            return jax.vmap(step)(values, [s[: loop.steps] for s in sequences], windows)

        return call(terms, value, list(sequences), list(initial), list(captured))

    def _monotone(self, node: Variable, made: Application) -> tuple[Variable | None, Monotone | None]:
        """Return the hidden argument of a monotone function, and what is known of the function."""
        function, args = made.function, made.args
        if function in MONOTONE:
            return self._one_open(node, args), MONOTONE[function]
        if len(args) != 2 or sum(map(self._is_open, args)) != 1:
            return None, None
        first = self._is_open(args[0])
        step = affine(function, args[1] if first else args[0], first)
        return (None, None) if step is None else (self._one_open(node, args), step)

    def _monotone_or_refuse(self, node: Variable) -> tuple[Variable, Monotone]:
        made = application(node)
        inner, step = self._monotone(node, made) if made is not None else (None, None)
        if inner is None or step is None:
            raise self._refusal(node)
        return inner, step

    def _through(self, inner: Variable, step: Monotone, value: Variable) -> Variable:
        """Return the log density of f(x): that of x, and the slope of the inverse where x is continuous."""
        possible = None if step.image is None else step.image(value)
        safe = value if possible is None else chosen(possible, value, step.inside)
        x = step.inverse(safe)
        if inner.dtype.kind in "iub":
            whole = is_whole(x)
            possible = whole if possible is None else possible & whole
            density = self.log_density(inner, as_whole(x))
        else:
            density = self.log_density(inner, x)
            if step.log_slope is not None:
                density = density + _over_events(step.log_slope(safe), value, density.ndim)
        if possible is None:
            return density
        inside = (
            possible if possible.ndim == density.ndim else possible.all(axis=_events(value, density.ndim))
        )
        return chosen(inside, density, -np.inf)

    def _distribution(self, node: Variable, value: Variable, method: str) -> Variable:
        if is_random(node):
            return self._of_law(node, value, method)
        inner, step = self._monotone_or_refuse(node)
        if step.rising is None or (step.rising is not True and inner.dtype.kind != "f"):
            raise self._refusal(node)
        possible = None if step.image is None else step.image(value)
        safe = value if possible is None else chosen(possible, value, step.inside)
        x = step.inverse(safe)
        inner = without_names(inner)
        other = "log_sf" if method == "log_cdf" else "log_cdf"
        if step.rising is True or step.rising is False:
            within = self._distribution(inner, x, method if step.rising else other)
        else:
            within = chosen(step.rising, *(self._distribution(inner, x, m) for m in (method, other)))
        if possible is None:
            return within
        # Below the image the distribution function is 0, above it 1.
        below = value < step.inside
        outside = chosen(below if method == "log_cdf" else ~below, -np.inf, 0.0)
        return chosen(possible, within, outside)

    def _fold(self, node: Variable, made: Application, value: Variable) -> Variable:
        """|x|, x², cosh x: two values of x for each value of the result."""
        inner = self._one_open(node, made.args)
        inverse, log_slope, least = FOLDS[made.function]
        return self._both_signs(inner, value, least, inverse, log_slope)

    def _both_signs(
        self, inner: Variable, value: Variable, least: float, inverse: Any, log_slope: Any
    ) -> Variable:
        if inner.dtype.kind in "iu":
            possible = value >= least
            x = inverse(chosen(possible, value, least + 1))
            possible, x = possible & is_whole(x), as_whole(x)
            mirrored = chosen(x == 0, -np.inf, self.log_density(inner, -x))
            return chosen(possible, math.logaddexp(self.log_density(inner, x), mirrored), -np.inf)
        possible = value > least
        safe = chosen(possible, value, least + 1.0)
        x = inverse(safe)
        density = math.logaddexp(self.log_density(inner, x), self.log_density(inner, -x))
        if density.ndim != value.ndim:
            raise self._refusal(inner)
        return chosen(possible, density if log_slope is None else density + log_slope(safe), -np.inf)

    def _power(self, node: Variable, made: Application, value: Variable) -> Variable:
        """x to a constant power, or a constant to the power x."""
        base, exponent = made.args
        if not self._is_open(base):  # c^x = exp(x log c)
            return self.log_density(math.exp(exponent * math.log(as_variable(base))), value)
        power = constant(exponent)
        inner = self._one_open(node, made.args)
        if power is None or power.ndim or power == 0:
            raise self._refusal(node)
        step = odd_power(float(power))
        if float(power) % 2 == 0:
            return self._both_signs(inner, value, 0.0, step.inverse, step.log_slope)
        return self._through(inner, step, value)

    def _clip(self, node: Variable, made: Application, value: Variable) -> Variable:
        inner, *limits = made.args
        lower = limits[0] if limits else made.kwargs.get("min", made.kwargs.get("a_min"))
        upper = limits[1] if len(limits) > 1 else made.kwargs.get("max", made.kwargs.get("a_max"))
        if self._is_open(lower) or self._is_open(upper):
            raise self._refusal(node)
        return self._censored(node, inner, lower, upper, value)

    def _extreme(self, node: Variable, made: Application, value: Variable) -> Variable:
        """max(x, c) and min(x, c) are clipped; of two variables the density is that of an extreme."""
        a, b = made.args
        highest = made.function is jnp.maximum
        if self._is_open(a) and self._is_open(b):
            self._independent(node, [a, b])
            if a.shape != node.shape or b.shape != node.shape:
                raise self._refusal(node)
            rest = self.log_cdf if highest else self.log_sf
            terms = (self.log_density(a, value) + rest(b, value), self.log_density(b, value) + rest(a, value))
            if a.dtype.kind != "f" or b.dtype.kind != "f":
                raise self._refusal(node)
            return math.logaddexp(*terms)
        inner, limit = (a, b) if self._is_open(a) else (b, a)
        return self._censored(node, inner, limit if highest else None, None if highest else limit, value)

    def _censored(self, node: Variable, inner: Any, lower: Any, upper: Any, value: Variable) -> Variable:
        self._one_open(node, [inner])
        result = self.log_density(inner, value)
        whole = inner.dtype.kind in "iu"
        if lower is not None:
            at = self.log_cdf(inner, as_variable(lower))
            result = chosen(value == lower, at, result)
            result = chosen(value < lower, -np.inf, result)
        if upper is not None:
            # log P(x >= upper): of integers those from upper on.
            at = self.log_sf(inner, as_variable(upper) - 1 if whole else as_variable(upper))
            result = chosen(value == upper, at, result)
            result = chosen(value > upper, -np.inf, result)
        return result

    def _rounded(self, node: Variable, made: Application, value: Variable) -> Variable:
        """An integer has the probability of the interval that is rounded to it."""
        inner = self._one_open(node, made.args[:1])
        if inner.dtype.kind != "f" or len(made.args) > 1 or made.kwargs.get("decimals"):
            raise self._refusal(node)
        below, above = _INTERVALS[made.function]
        high, low = self.log_cdf(inner, value + above), self.log_cdf(inner, value - below)
        # In the upper tail the distribution function is 1, and its complement tells the probability.
        left = self._difference(high, low)
        right = self._difference(self.log_sf(inner, value - below), self.log_sf(inner, value + above))
        mass = chosen(low < np.log(0.5), left, right)
        return chosen(is_whole(value), mass, -np.inf)

    @staticmethod
    def _difference(large: Variable, small: Variable) -> Variable:
        nothing = small == -np.inf
        safe = chosen(nothing | (small >= large), large - 1.0, small)
        inner = chosen(nothing, large, math.logdiffexp(large, safe))
        return chosen(small >= large, -np.inf, inner)

    def _comparison(self, node: Variable, made: Application, value: Variable) -> Variable:
        """x < c is true with the probability that the distribution function of x says."""
        a, b = made.args
        inner, limit = (a, b) if self._is_open(a) else (b, a)
        self._one_open(node, [inner])
        if self._is_open(limit) or (
            inner.dtype.kind != "f" and made.function not in (jnp.equal, jnp.not_equal)
        ):
            limit = self._integer_limit(node, made, inner is a, limit)
        if made.function in (jnp.equal, jnp.not_equal):
            if inner.dtype.kind == "f":
                raise self._refusal(node)
            true = self.log_density(inner, as_variable(limit))
            false = math.log1mexp(-true)
            if made.function is jnp.not_equal:
                true, false = false, true
        else:
            less = (made.function in (jnp.less, jnp.less_equal)) == (inner is a)
            true, false = self.log_cdf(inner, as_variable(limit)), self.log_sf(inner, as_variable(limit))
            if not less:
                true, false = false, true
        return chosen(value == 1, true, chosen(value == 0, false, -np.inf))

    def _integer_limit(self, node: Variable, made: Application, left: bool, limit: Any) -> Any:
        """Return c such that the comparison of an integer is x <= c or its opposite."""
        if self._is_open(limit):
            raise self._refusal(node)
        strict = made.function in (jnp.less, jnp.greater_equal)
        return as_variable(limit) - 1 if strict == left else as_variable(limit)

    def _negation(self, node: Variable, made: Application, value: Variable) -> Variable:
        inner = self._one_open(node, made.args)
        return self.log_density(inner, 1 - value)

    def _choice(self, node: Variable, made: Application, value: Variable) -> Variable:
        """where(c, a, b): one of two densities; if c is random, their mixture."""
        condition, yes, no = made.args
        if not self._is_open(condition):
            return chosen(condition, *(self._part(node, part, value) for part in (yes, no)))
        self._independent(node, made.args)
        if condition.shape != node.shape:
            raise self._refusal(node)
        weights = self.log_density(condition, as_variable(1)), self.log_density(condition, as_variable(0))
        parts = [w + self._part(node, part, value) for w, part in zip(weights, (yes, no), strict=True)]
        return math.logaddexp(*parts)

    def _part(self, node: Variable, part: Any, value: Variable) -> Variable:
        """Return the density of one branch of a choice; a given number is a point of probability one."""
        if self._is_open(part):
            if part.shape != node.shape:
                raise self._refusal(node)
            return self.log_density(part, value)
        return chosen(value == part, 0.0, -np.inf)

    def _index(self, node: Variable, value: Variable) -> Variable:
        """x[i]: some elements of x; with a random i a mixture of the elements."""
        op = node.op
        assert isinstance(op, Index)
        x, *keys = node.inputs
        if any(self._is_open(k) for k in keys):
            return self._mixture(node, x, keys, value)
        return self._elements(node, x, value)

    def _mixture(self, node: Variable, x: Variable, keys: Sequence[Variable], value: Variable) -> Variable:
        op = node.op
        assert isinstance(op, Index)
        places = [i for i, part in enumerate(op.template) if isinstance(part, Slot)]
        if len(keys) != 1 or places != [0] or keys[0].ndim or any(p != slice(None) for p in op.template[1:]):
            raise ModelError(
                "the density of an indexed expression cannot be derived unless one random integer (of shape "
                "()) indexes the first axis; write pm.Mixture for one choice for each element"
            )
        (state,) = keys
        self._independent(node, [x, state])
        parts = []
        for k in range(x.shape[0]):
            component = self._component(node, x, k)
            inside = self._part(node, component, value)
            total = inside.sum() if inside.ndim else inside
            parts.append(self.log_density(state, as_variable(k)) + total)
        return call(jsp.logsumexp, call(jnp.stack, parts), axis=0)

    def _component(self, node: Variable, x: Variable, k: int) -> Variable:
        made = application(x)
        if made is not None and made.function is jnp.stack and not made.kwargs.get("axis"):
            part: Variable = made.args[0][k]
            return part
        return index(x, k)

    def _elements(self, node: Variable, x: Variable, value: Variable) -> Variable:
        """Elements of a variable of scalars, each at most once: those of a variable with their parameters."""
        op = node.op
        assert isinstance(op, Index)
        positions = np.arange(x.size).reshape(x.shape)
        given = [constant(k) for k in node.inputs[1:]]
        if any(g is None for g in given):
            raise self._refusal(node)
        taken = Variable(op, [as_variable(positions), *node.inputs[1:]]).data_only()
        if np.unique(taken).size != taken.size:
            raise ModelError(
                "the density of an indexed expression cannot be derived: an element is taken twice; "
                "give the variable one element for each"
            )
        # The other elements are independent of these and integrate to one: any value serves them.
        density = self.log_density(x, call(put, x.shape, taken, value))
        if density.shape != x.shape:
            if taken.size == x.size:
                return density
            raise self._refusal(node)
        return Variable(op, [density, *node.inputs[1:]])

    def _joined(self, node: Variable, made: Application, value: Variable) -> Variable:
        """A stack or a concatenation: the parts, each at its place."""
        parts, axis = made.args[0], made.argument("axis", 0) or 0
        self._independent(node, parts)
        densities, start = [], 0
        for part in parts:
            part = as_variable(part)
            place: list[Any] = [slice(None)] * node.ndim
            if made.function is jnp.stack:
                place[axis] = start
                start += 1
            else:
                place[axis] = slice(start, start + part.shape[axis])
                start += part.shape[axis]
            densities.append(self._part(part, part, index(value, tuple(place))))
        if made.function is jnp.concatenate and all(d.ndim == node.ndim for d in densities):
            return call(jnp.concatenate, densities, axis=axis)
        if made.function is jnp.stack and all(d.ndim == node.ndim - 1 for d in densities):
            return call(jnp.stack, densities, axis=axis)
        total = densities[0].sum()
        for density in densities[1:]:
            total = total + density.sum()
        return total

    def _summed_up(self, node: Variable, made: Application, value: Variable) -> Variable:
        """A cumulative sum: the density of the increments, whose Jacobian is one."""
        inner, axis = self._one_open(node, made.args[:1]), made.argument("axis")
        if axis is None:
            if inner.ndim != 1:
                raise self._refusal(node)
            axis = 0
        return self.log_density(inner, call(increments, value, int(axis)))

    def _rearranged(self, node: Variable, made: Application, value: Variable) -> Variable:
        """A transpose or a reshape: the same numbers at other places."""
        inner = made.args[0]
        if not self._is_open(inner):
            raise self._refusal(node)
        if made.function is jnp.transpose:
            axes = made.argument("axes")
            back = None if axes is None else tuple(int(i) for i in np.argsort(axes))
            moved = call(jnp.transpose, value, back)
        else:
            moved = call(jnp.reshape, value, inner.shape)
        density = self.log_density(inner, moved)
        if density.shape != inner.shape:
            return density
        return Variable(node.op, [density])

    def _matrix(self, node: Variable, made: Application, value: Variable) -> Variable:
        """A x with a square matrix A: the density of x at the solution, and log |det A| less."""
        a, x = made.args
        if self._is_open(a) or a.ndim != 2 or a.shape[0] != a.shape[1] or x.ndim != 1:
            raise self._refusal(node)
        density = self.log_density(x, call(jnp.linalg.solve, a, value))
        return density.sum() - call(log_det, as_variable(a))

    def _extreme_of_all(self, node: Variable, made: Application, value: Variable) -> Variable:
        """The largest or smallest of independent numbers: one is there, the others are beyond it."""
        inner, axis = made.args[0], made.argument("axis")
        if not self._is_open(inner) or inner.dtype.kind != "f" or (axis is not None and inner.ndim != 1):
            raise self._refusal(node)
        at = call(jnp.broadcast_to, value, inner.shape)
        density = self.log_density(inner, at)
        if density.shape != inner.shape:
            raise self._refusal(node)
        rest = (self.log_cdf if made.function is jnp.max else self.log_sf)(inner, at)
        return call(jsp.logsumexp, density + rest.sum() - rest)


def is_whole(x: Variable) -> Variable:
    """Return whether numbers are integers, but for rounding errors of an inverse function."""
    return abs(x - math.round(x)) < 1e-9


def as_whole(x: Variable) -> Variable:
    """Return the nearest integers."""
    return x if x.dtype.kind in "iu" else math.round(x).astype(np.int64)


def _events(value: Variable, batch: int) -> tuple[int, ...]:
    return tuple(range(batch, value.ndim))


def _over_events(terms: Any, value: Variable, batch: int) -> Variable:
    """Return the sum of terms over the axes of one event."""
    terms = as_variable(terms)
    if batch == value.ndim:
        return terms
    return math.broadcast_to(terms, value.shape).sum(axis=_events(value, batch))


def put(shape: tuple[int, ...], places: Any, values: Any) -> Any:
    """Return zeros with values at places of the flattened array (JAX)."""
    flat = jnp.zeros(int(np.prod(shape, dtype=int)), jnp.result_type(values))
    return flat.at[jnp.ravel(places)].set(jnp.ravel(values)).reshape(shape)


def increments(x: Any, axis: int) -> Any:
    """Return the first number and the differences along an axis (JAX): what `cumsum` undoes."""
    return jnp.diff(x, axis=axis, prepend=jnp.zeros_like(jnp.take(x, jnp.array([0]), axis=axis)))


def log_det(a: Any) -> Any:
    """Return log |det a| (JAX)."""
    return jnp.linalg.slogdet(a)[1]


Rule = Callable[[Derivation, Variable, Application, Variable], Variable]

_RULES: dict[Callable[..., Any], Rule] = {
    jnp.clip: Derivation._clip,
    jnp.maximum: Derivation._extreme,
    jnp.minimum: Derivation._extreme,
    jnp.round: Derivation._rounded,
    jnp.floor: Derivation._rounded,
    jnp.ceil: Derivation._rounded,
    jnp.where: Derivation._choice,
    jnp.invert: Derivation._negation,
    jnp.logical_not: Derivation._negation,
    **dict.fromkeys(
        (jnp.less, jnp.less_equal, jnp.greater, jnp.greater_equal, jnp.equal, jnp.not_equal),
        Derivation._comparison,
    ),
    jnp.stack: Derivation._joined,
    jnp.concatenate: Derivation._joined,
    jnp.cumsum: Derivation._summed_up,
    jnp.transpose: Derivation._rearranged,
    jnp.reshape: Derivation._rearranged,
    jnp.ravel: Derivation._rearranged,
    jnp.matmul: Derivation._matrix,
    jnp.dot: Derivation._matrix,
    jnp.max: Derivation._extreme_of_all,
    jnp.min: Derivation._extreme_of_all,
    jnp.power: Derivation._power,
    **dict.fromkeys(FOLDS, Derivation._fold),
}
# The interval that is rounded to n reaches so far below and above it.
_INTERVALS: dict[Callable[..., Any], tuple[float, float]] = {
    jnp.round: (0.5, 0.5),
    jnp.floor: (0.0, 1.0),
    jnp.ceil: (1.0, 0.0),
}
