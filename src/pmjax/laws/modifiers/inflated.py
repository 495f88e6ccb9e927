"""Laws whose probability of zero is their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import COUNTS, ZERO_OR_POSITIVE, Support
from pmjax.numerics.functions import softplus
from pmjax.numerics.special import log1mexp
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class _WithZeros(Law):
    """A law of numbers of at least 0, with the log-odds `logit_psi` that a value comes from it.

    Attributes
    ----------
    law : Law
        Its parameters follow logit_psi.
    """

    law: Law

    @property
    def name(self) -> str:
        return f"{type(self).__name__}{self.law.name}"

    @property
    def signature(self) -> str:  # type: ignore[override]
        """The signature."""
        return f"(),{self.law.signature}"

    @property
    def param_names(self) -> tuple[str, ...]:
        """The parameters."""
        return ("logit_psi", *self.law.param_names)

    @property
    def domains(self) -> Mapping[str, Support]:  # type: ignore[override]
        """The values that the parameters may take."""
        return self.law.domains

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the values are integers."""
        return self.law.discrete

    @property
    def support(self) -> Support:  # type: ignore[override]
        """The values."""
        return COUNTS if self.discrete else ZERO_OR_POSITIVE

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        return (x == 0) | self.law.contains(x, *params[1:])

    def center(self, logit_psi: Array, *params: Array) -> Array:
        with np.errstate(over="ignore"):
            mean = self.law.center(*params) / (1 + np.exp(-logit_psi))
        return np.round(mean) if self.discrete else mean


@dataclass(frozen=True)
class ZeroInflated(_WithZeros):
    r"""Zero with probability :math:`1 - \psi`, and otherwise a draw from a law of counts.

    .. math:: P(x) = (1 - \psi) [x = 0] + \psi P_0(x)
    """

    def log_density(self, x: Array, logit_psi: Array, *params: Array) -> Array:
        own = self.law.log_density(x, *params) - softplus(-logit_psi)
        return jnp.where(x == 0, jnp.logaddexp(-softplus(logit_psi), own), own)

    def draw(self, key: Key, shape: Shape, logit_psi: Array, *params: Array) -> Array:
        which, own = jax.random.split(key)
        from_law = jax.random.bernoulli(which, jax.nn.sigmoid(logit_psi), shape)
        return jnp.where(from_law, self.law.draw(own, shape, *params), 0)

    def log_cdf(self, x: Array, logit_psi: Array, *params: Array) -> Array:
        own = self.law.log_cdf(x, *params) - softplus(-logit_psi)
        return jnp.where(x >= 0, jnp.logaddexp(-softplus(logit_psi), own), -jnp.inf)

    def log_sf(self, x: Array, logit_psi: Array, *params: Array) -> Array:
        return jnp.where(x >= 0, self.law.log_sf(x, *params) - softplus(-logit_psi), 0.0)


@dataclass(frozen=True)
class Hurdle(_WithZeros):
    r"""Zero with probability :math:`1 - \psi`, and otherwise a positive draw from a law.

    .. math:: p(x) = (1 - \psi) [x = 0] + \psi \frac{p_0(x)}{P_0(x > 0)} [x > 0]
    """

    def _log_positive(self, *params: Array) -> Array:
        """Return the log probability that the law gives a positive number."""
        return log1mexp(self.law.log_density(jnp.zeros(()), *params)) if self.discrete else jnp.zeros(())

    def log_density(self, x: Array, logit_psi: Array, *params: Array) -> Array:
        positive = x > 0
        own = self.law.log_density(jnp.where(positive, x, 1), *params) - self._log_positive(*params)
        own = jnp.where(positive, own - softplus(-logit_psi), -jnp.inf)
        return jnp.where(x == 0, -softplus(logit_psi), own)

    def draw(self, key: Key, shape: Shape, logit_psi: Array, *params: Array) -> Array:
        which, own = jax.random.split(key)
        from_law = jax.random.bernoulli(which, jax.nn.sigmoid(logit_psi), shape)
        if not self.discrete:
            return jnp.where(from_law, self.law.draw(own, shape, *params), 0.0)
        zero = jnp.exp(self.law.log_density(jnp.zeros(()), *params))
        u = jax.random.uniform(own, shape)
        values = self.law.quantile(zero + u * (1 - zero), *(jnp.broadcast_to(p, shape) for p in params))
        return jnp.where(from_law, jnp.maximum(values, 1), 0).astype(int)

    def log_sf(self, x: Array, logit_psi: Array, *params: Array) -> Array:
        at = jnp.maximum(x, 0)
        within = self.law.log_sf(at, *params) - self._log_positive(*params) - softplus(-logit_psi)
        return jnp.where(x >= 0, within, 0.0)

    def log_cdf(self, x: Array, logit_psi: Array, *params: Array) -> Array:
        above = self.log_sf(x, logit_psi, *params)
        return jnp.where(x >= 0, log1mexp(jnp.where(x >= 0, above, -1.0)), -jnp.inf)
