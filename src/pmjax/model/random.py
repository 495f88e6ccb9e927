"""A random variable as it was declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable
from pmjax.model.family import DEFAULT_TRANSFORM
from pmjax.model.spec import distribution_of
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.chain import Chain
from pmjax.transforms.of_support import bijector_of

Transform = Bijector | str | None


@dataclass
class RandomDeclaration:
    """A random variable and what was said about it.

    Attributes
    ----------
    variable : Variable
    value : Variable or None
        The node of its observed values.
    initval : array, Variable, str or None
    transform, default_transform : Bijector, None or "default"
        The map to unconstrained values: `transform` is applied after the default one.
    total_size : int, sequence of int or None
        The size of the whole data, of which the observed values are a part.
    """

    variable: Variable
    value: Variable | None = None
    initval: Any = None
    transform: Transform = DEFAULT_TRANSFORM
    default_transform: Transform = DEFAULT_TRANSFORM
    total_size: Any = None


def declared_bijector(declaration: RandomDeclaration, variable: Variable) -> Bijector | None:
    """Return the map to unconstrained values of a declared variable, or None for none.

    Parameters
    ----------
    declaration : RandomDeclaration
    variable : Variable
        Its node, with the parameters as they are now.

    Raises
    ------
    ModelError
        If the transform is no bijector or does not fit the shape.
    """
    own, default = declaration.transform, declaration.default_transform
    for given in (own, default):
        if given is not None and given != DEFAULT_TRANSFORM and not isinstance(given, Bijector):
            raise ModelError(f"{variable.label}: transform must be a bijector or None, got {given!r}")
    if default == DEFAULT_TRANSFORM:
        default = None if own is None else bijector_of(distribution_of(variable), variable.inputs)
    parts = [b.of(variable.inputs) for b in (default, own) if isinstance(b, Bijector)]
    if not parts:
        return None
    bijector = parts[0] if len(parts) == 1 else Chain(parts)
    try:
        bijector.unconstrained_shape(variable.shape)
    except ModelError as error:
        raise ModelError(f"{variable.label}: {error}") from None
    return bijector
