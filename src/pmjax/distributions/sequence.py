"""What families of sequences in time share: their length may be said in steps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence as SequenceOf
from typing import Any

from pmjax.errors import ModelError
from pmjax.graph.context import require_model
from pmjax.graph.length import Length
from pmjax.graph.variable import Variable
from pmjax.model.family import Family, Steps
from pmjax.model.spec import distribution_of


class Sequence(Family):
    """A family of sequences in time, with `steps` beside `shape` and `size`."""

    def __call__(
        self,
        name: str,
        *args: Any,
        steps: Any = None,
        shape: int | SequenceOf[int] | Steps | None = None,
        **kwargs: Any,
    ) -> Any:
        """Declare a sequence in the current model.

        Parameters
        ----------
        name : str
            Its name in the model.
        *args, **kwargs
            The parameters of the distribution, and what every declaration takes.
        steps : int, optional
            The number of values after the first ones.
        shape : int or sequence of int, optional
            The full shape.

        Returns
        -------
        Variable
        """
        what = f"{self.name}({name!r}, ...)"
        if steps is None:
            check_size(what, kwargs.get("size"))
            return super().__call__(name, *args, shape=shape, **kwargs)
        count = step_count(what, steps)
        told = any(kwargs.get(word) is not None for word in ("dims", "observed"))
        known = shape is not None or (told and kwargs.get("size") is None)
        with require_model(what).all_or_nothing():
            variable = super().__call__(name, *args, shape=shape if known else Steps(count), **kwargs)
            check_steps(what, variable, count)
        return variable

    def dist(
        self,
        *args: Any,
        steps: Any = None,
        shape: int | SequenceOf[int] | Steps | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return a sequence that belongs to no model."""
        what = f"{self.name}.dist(...)"
        if steps is None:
            check_size(what, kwargs.get("size"))
            if shape is None:
                raise ModelError(f"{what}: give shape= or steps=: its length")
            return super().dist(*args, shape=shape, **kwargs)
        count = step_count(what, steps)
        variable = super().dist(*args, shape=Steps(count) if shape is None else shape, **kwargs)
        check_steps(what, variable, count)
        return variable


def step_count(what: str, steps: Any) -> int:
    """Return the number of steps as an integer; a length that follows data goes on doing so.

    Raises
    ------
    ModelError
        If it is no positive integer.
    """
    try:
        value = steps.eval() if isinstance(steps, Variable) else steps
        count = value if isinstance(value, Length) else int(value)
        if count != value or count < 1:
            raise ValueError
    except (TypeError, ValueError, ModelError):
        raise ModelError(f"{what}: steps is a positive integer, got {steps!r}") from None
    return count


def check_size(what: str, size: Any) -> None:
    """Raise ModelError if the number of sequences is given in the place of their length."""
    if size is not None:
        raise ModelError(f"{what}: size is how many sequences there are; give steps= with it, or shape=")


def check_steps(what: str, variable: Variable, count: int) -> None:
    """Raise ModelError if a sequence does not have as many values as its number of steps says."""
    law = distribution_of(variable)
    length, first = variable.shape[variable.ndim - law.event_ndim], law.first_values or 0
    if length != count + first:
        raise ModelError(
            f"{what}: steps={count} makes a sequence of {count + first} values, but its shape is "
            f"{variable.shape}; leave out steps"
        )


def warn_of_default(default: str, helpers: int = 0) -> None:
    """Warn that the first values have a very wide distribution, as PyMC does.

    Parameters
    ----------
    default : str
        The distribution.
    helpers : int
        The number of functions between `read` of the family and this one.
    """
    warnings.warn(
        f"Initial distribution not specified, defaulting to `{default}`. "
        "You can specify an init_dist manually to suppress this warning.",
        UserWarning,
        stacklevel=6 + helpers,  # this, read, parse, two of __call__ or dist: the user's line
    )
