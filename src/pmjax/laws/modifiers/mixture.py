"""Mixtures of laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law, Limit
from pmjax.laws.support import REAL, Support
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class Mixture(Law):
    r"""One of K laws, each with its probability.

    .. math:: p(x) = \sum_k w_k \, p_k(x)

    The parameters are the logarithms of the weights, ``log_w`` (they sum to one), and those of the
    components, as ``component0_mu``.

    Attributes
    ----------
    components : tuple of Law
        The laws, all of them continuous or all discrete; or one law, if `stacked`.
    stacked : bool
        Whether the K components are one law whose parameters have an axis of length K, the last one
        before those of an event.
    """

    components: tuple[Law, ...]
    stacked: bool = False

    @property
    def signature(self) -> str:  # type: ignore[override]
        """The signature: the dimensions of an event are those of every component."""
        event = [f"e{i}" for i in range(self.components[0].event_ndim)]
        params = ["mix"]
        for k, law in enumerate(self.components):
            own = dict(zip(law.dimensions.event, event, strict=True))
            for dims in law.dimensions.params:
                named = [own.get(d, f"c{k}{d}") for d in dims]
                params.append(",".join(["mix", *named] if self.stacked else named))
        return ",".join(f"({p})" for p in params) + f"->({','.join(event)})"

    @property
    def param_names(self) -> tuple[str, ...]:
        """The parameters: the weights, and those of each component."""
        own = [f"component{k}_{n}" for k, law in enumerate(self.components) for n in law.param_names]
        return ("log_w", *own)

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the values are integers."""
        return self.components[0].discrete

    @property
    def support(self) -> Support:  # type: ignore[override]
        """The support that all components share, or the real numbers."""
        first, *others = (law.support for law in self.components)
        return first if all(s == first for s in others) else REAL

    @property
    def domains(self) -> Mapping[str, Support]:  # type: ignore[override]
        """The values that the parameters of the components may take."""
        laws = enumerate(self.components)
        return {f"component{k}_{n}": s for k, law in laws for n, s in law.domains.items()}

    def params_of_components(self, params: Sequence[Any]) -> list[Sequence[Any]]:
        """Return the parameters of each component, from all but the weights."""
        parts, start = [], 0
        for law in self.components:
            parts.append(params[start : start + len(law.param_names)])
            start += len(law.param_names)
        return parts

    def log_density(self, x: Array, *params: Array) -> Array:
        return self._mixed("log_density", x, *params)

    def log_cdf(self, x: Array, *params: Array) -> Array:
        return self._mixed("log_cdf", x, *params)

    def log_sf(self, x: Array, *params: Array) -> Array:
        return self._mixed("log_sf", x, *params)

    def _mixed(self, method: str, x: Array, log_w: Array, *params: Array) -> Array:
        if self.stacked:
            x = jnp.expand_dims(x, -1 - self.event_ndim)
            terms = getattr(self.components[0], method)(x, *params)
        else:
            pairs = zip(self.components, self.params_of_components(params), strict=True)
            each = [getattr(law, method)(x, *own) for law, own in pairs]
            terms = jnp.stack(jnp.broadcast_arrays(*each), axis=-1)
        terms = terms + log_w
        # The gradient of the sum is not defined where every term is zero.
        possible = jnp.any(terms > -jnp.inf, axis=-1)
        total = jsp.logsumexp(jnp.where(possible[..., None], terms, 0.0), axis=-1)
        return jnp.where(possible, total, -jnp.inf)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        log_w, *rest = params
        axis = len(shape) - self.event_ndim
        batch, event = shape[:axis], shape[axis:]
        which, *keys = jax.random.split(key, 1 + len(self.components))
        if self.stacked:
            full = (*batch, log_w.shape[-1], *event)
            values = self.components[0].draw(keys[0], full, *rest)
        else:
            drawn = zip(keys, self.components, self.params_of_components(rest), strict=True)
            values = jnp.stack([law.draw(own_key, shape, *own) for own_key, law, own in drawn], axis=axis)
        chosen = jax.random.categorical(which, log_w, shape=batch)
        chosen = chosen.reshape(*batch, *(1,) * (1 + len(event)))
        return jnp.squeeze(jnp.take_along_axis(values, chosen, axis=axis), axis)

    def center(self, *params: Array) -> Array:
        log_w, *rest = params
        weights, over = np.exp(log_w), (..., *(None,) * self.event_ndim)
        if self.stacked:
            centers = np.asarray(self.components[0].center(*rest))
            several = centers.ndim > self.event_ndim
            mean = (weights[over] * centers).sum(axis=-1 - self.event_ndim) if several else centers
        else:
            pairs = zip(self.components, self.params_of_components(rest), strict=True)
            mean = sum(weights[..., k][over] * law.center(*own) for k, (law, own) in enumerate(pairs))
        return np.round(mean) if self.discrete else mean

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        if self.stacked:
            inside = self.components[0].contains(np.expand_dims(x, -1 - self.event_ndim), *params[1:])
            return np.any(inside, axis=-1) if np.ndim(inside) else inside
        pairs = zip(self.components, self.params_of_components(params[1:]), strict=True)
        return np.any(np.broadcast_arrays(*(law.contains(x, *own) for law, own in pairs)), axis=0)

    def limits(self, *params: Any) -> tuple[Limit, Limit] | None:
        pairs = zip(self.components, self.params_of_components(params[1:]), strict=True)
        own = [law.limits(*p) for law, p in pairs]
        known = [both for both in own if both is not None and all(isinstance(n, int) for n in both)]
        if len(known) < len(own):
            return None
        return min(low for low, _ in known), max(high for _, high in known)
