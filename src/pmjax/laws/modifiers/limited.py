"""Laws of numbers that are cut off or pulled in at limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import BETWEEN_BOUNDS, Support
from pmjax.numerics.special import logdiffexp
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class _Limited(Law):
    """A law of numbers with limits, which are its last parameters.

    Attributes
    ----------
    law : Law
        Without limits.
    has_lower, has_upper : bool
        Which limits there are.
    """

    law: Law
    has_lower: bool
    has_upper: bool

    support = BETWEEN_BOUNDS

    @property
    def name(self) -> str:
        return f"{type(self).__name__}{self.law.name}"

    @property
    def ends(self) -> tuple[str, ...]:
        """The names of the limits."""
        return ("lower",) * self.has_lower + ("upper",) * self.has_upper

    @property
    def signature(self) -> str:  # type: ignore[override]
        """The signature."""
        params = ["()"] * len(self.ends)
        own = self.law.signature.partition("->")[0]
        return ",".join([own, *params] if own else params) + "->()"

    @property
    def param_names(self) -> tuple[str, ...]:
        """The parameters."""
        taken = self.law.param_names
        return (*taken, *(f"{end}_limit" if end in taken else end for end in self.ends))

    @property
    def domains(self) -> Mapping[str, Support]:  # type: ignore[override]
        """The values that the parameters may take."""
        return self.law.domains

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the values are integers."""
        return self.law.discrete

    def split(self, params: Sequence[Any]) -> tuple[Sequence[Any], Any, Any]:
        """Return the parameters of the law, and the limits, None where there is none."""
        own, ends = params[: len(self.law.param_names)], list(params[len(self.law.param_names) :])
        lower = ends.pop(0) if self.has_lower else None
        return own, lower, ends.pop(0) if self.has_upper else None


@dataclass(frozen=True)
class Truncated(_Limited):
    r"""A law given that the value lies between limits, both included.

    .. math:: p(x) = \frac{p_0(x)}{P_0(a \le x \le b)} \, [a \le x \le b]
    """

    def _log_mass(self, own: Sequence[Array], lower: Array | None, upper: Array | None) -> Array:
        """Return log P(lower <= x <= upper) of the law."""
        if lower is None:
            return jnp.zeros(()) if upper is None else self.law.log_cdf(upper, *own)
        below = lower - 1 if self.discrete else lower
        if upper is None:
            return self.law.log_sf(below, *own)
        left = self.law.log_cdf(below, *own)
        # In the upper tail the distribution function is 1, and its complement tells the probability.
        from_left = logdiffexp(self.law.log_cdf(upper, *own), left)
        from_right = logdiffexp(self.law.log_sf(below, *own), self.law.log_sf(upper, *own))
        return jnp.where(left < np.log(0.5), from_left, from_right)

    def log_density(self, x: Array, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        inside, at = jnp.ones((), bool), x
        if lower is not None:
            inside, at = inside & (x >= lower), jnp.maximum(at, lower)
        if upper is not None:
            inside, at = inside & (x <= upper), jnp.minimum(at, upper)
        density = self.law.log_density(at, *own) - self._log_mass(own, lower, upper)
        return jnp.where(inside, density, -jnp.inf)

    def log_cdf(self, x: Array, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        at = x if upper is None else jnp.minimum(x, upper)
        inside = jnp.ones((), bool) if lower is None else x >= lower
        at = at if lower is None else jnp.maximum(at, lower)
        within = self._log_mass(own, lower, at) - self._log_mass(own, lower, upper)
        return jnp.where(inside, jnp.minimum(within, 0.0), -jnp.inf)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        full = [jnp.broadcast_to(p, shape) for p in params] if not _has_vectors(self) else list(params)
        _, lower, upper = self.split(full)
        x = self.quantile(jax.random.uniform(key, shape), *full)
        x = x if lower is None else jnp.maximum(x, lower)
        x = x if upper is None else jnp.minimum(x, upper)
        return x.astype(int) if self.discrete else x

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        own, lower, upper = self.split(params)
        inside = self.law.contains(x, *own)
        inside = inside if lower is None else inside & (x >= lower)
        return inside if upper is None else inside & (x <= upper)

    def center(self, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        center = np.asarray(self.law.center(*own))
        low = -np.inf if lower is None else lower
        high = np.inf if upper is None else upper
        if lower is not None and upper is not None:
            within = (np.asarray(lower) + np.asarray(upper)) / 2
            within = np.floor(within) if self.discrete else within
        else:
            within = center if lower is upper else upper - 1 if lower is None else lower + 1
        return np.where((center > low) & (center < high), center, within)


@dataclass(frozen=True)
class Censored(_Limited):
    r"""A law whose values below or above a limit are recorded as the limit.

    .. math:: p(x) = p_0(x) [a < x < b] + P_0(x \le a) [x = a] + P_0(x \ge b) [x = b]
    """

    def log_density(self, x: Array, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        density = self.law.log_density(x, *own)
        if lower is not None:
            at = self.law.log_cdf(lower, *own)
            density = jnp.where(x == lower, at, jnp.where(x < lower, -jnp.inf, density))
        if upper is not None:
            at = self.law.log_sf(upper - 1 if self.discrete else upper, *own)
            density = jnp.where(x == upper, at, jnp.where(x > upper, -jnp.inf, density))
        return density

    def log_cdf(self, x: Array, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        log = self.law.log_cdf(x, *own)
        log = log if lower is None else jnp.where(x < lower, -jnp.inf, log)
        return log if upper is None else jnp.where(x >= upper, 0.0, log)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        x = jnp.clip(self.law.draw(key, shape, *own), lower, upper)
        return x.astype(int) if self.discrete else x

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        _, lower, upper = self.split(params)
        inside = np.isfinite(x)
        inside = inside if lower is None else inside & (x >= lower)
        return inside if upper is None else inside & (x <= upper)

    def center(self, *params: Array) -> Array:
        own, lower, upper = self.split(params)
        center = self.law.center(*own)
        center = center if lower is None else np.maximum(center, lower)
        return center if upper is None else np.minimum(center, upper)


def _has_vectors(law: Law) -> bool:
    return any(law.param_ndims.values())
