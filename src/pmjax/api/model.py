"""The model as users hold it: declarations, and everything one can ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.context import current_model
from pmjax.graph.variable import Variable
from pmjax.model.declarations import Declarations
from pmjax.model.drawing import draw_graph
from pmjax.model.printing import describe_model
from pmjax.rewrites import pipeline
from pmjax.target import debug, functions, start

Point = Mapping[str, Any]


class Model(Declarations):
    """A probabilistic model, declared inside ``with pm.Model() as model:``.

    Parameters
    ----------
    name : str
        A name for the model.
    coords : mapping, optional
        Coordinate values by dimension name, for ``dims=`` and for the results.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model(coords={"school": ["A", "B"]}) as model:
    ...     mu = pm.Normal("mu", 0, 5)
    ...     theta = pm.Normal("theta", mu, 1, dims="school")
    >>> print(model)
       mu ~ Normal(0, 5)
    theta ~ Normal(mu, 1)  [school: 2]
    """

    def __str__(self) -> str:
        return describe_model(self)

    str_repr = __str__

    def __repr__(self) -> str:
        return f"<pmjax.Model {self.name!r}: {len(self.free_RVs)} free, {len(self.observed_RVs)} observed>"

    @property
    def value_vars(self) -> list[Variable]:
        """The unconstrained variables, as inputs of a graph (``sigma_log__``)."""
        return functions.unconstrained_inputs(self.freeze())

    def initial_point(self, random_seed: int | None = None) -> dict[str, np.ndarray]:
        """Return where chains start, by unconstrained name; `random_seed` matters for ``initval="prior"``."""
        return start.initial_point(self.freeze(), random_seed)

    def compile_logp(self) -> Callable[[Point], float]:
        """Return a compiled function from a point (by unconstrained names) to the log density.

        Examples
        --------
        >>> import pmjax as pm
        >>> with pm.Model() as model:
        ...     x = pm.Normal("x")
        >>> round(model.compile_logp()({"x": 0.0}), 4)
        -0.9189
        """
        return functions.compile_log_density(self.freeze())

    def compile_dlogp(self) -> Callable[[Point], np.ndarray]:
        """Return a compiled function from a point to the gradient of the log density, one flat vector."""
        return functions.compile_gradient(self.freeze())

    def logp(
        self,
        vars: Variable | Sequence[Variable] | None = None,
        jacobian: bool = True,
        sum: bool = True,
    ) -> Variable | list[Variable]:
        """Return the log density as a node of a graph of the unconstrained variables.

        Parameters
        ----------
        vars : Variable or sequence of Variable, optional
            The variables (and potentials) whose terms are wanted; all by default.
        jacobian : bool
            Add the change-of-variables terms.
        sum : bool
            Return one scalar; otherwise a list with one array for each term.
        """
        wanted = [vars] if isinstance(vars, Variable) else vars
        names = None if wanted is None else [str(v.name) for v in wanted]
        _, terms = functions.log_density_nodes(self.freeze(), names, jacobian=jacobian)
        if not sum:
            return terms
        total = terms[0].sum()
        for term in terms[1:]:
            total = total + term.sum()
        return total

    def point_logps(self, point: Point | None = None, round_vals: int = 2) -> dict[str, float]:
        """Return each term of the log density at a point (the initial point by default)."""
        reports = debug.term_reports(self.freeze(), point or self.initial_point())
        return {t.name: round(t.value, round_vals) for t in reports}

    def debug(self, point: Point | None = None, *, verbose: bool = True) -> str:
        """Say which term of the log density is not finite at a point, and why.

        Parameters
        ----------
        point : mapping from unconstrained name to array, optional
            The initial point by default.
        verbose : bool
            Print the report as well.

        Returns
        -------
        str
        """
        if not self.random and not self.potentials:
            raise ModelError("the model declares no variables, so there is nothing to debug")
        text = debug.describe(debug.term_reports(self.freeze(), point or self.initial_point()))
        if verbose:
            print(text)
        return text

    def explain(self, *, verbose: bool = True) -> str:
        """Say in plain words what the rewrites do to the model before it is compiled, and why.

        Parameters
        ----------
        verbose : bool
            Print the text as well.

        Returns
        -------
        str
        """
        _, reports = pipeline.apply(self.freeze())
        text = pipeline.explain(reports)
        if verbose:
            print(text)
        return text

    def to_graphviz(self) -> Any:
        """Return the model's graph as a ``graphviz.Digraph``, with a plate for each set of dimensions."""
        return draw_graph(self)


def modelcontext(model: Declarations | None) -> Any:
    """Return the given model, or the one around this line.

    Raises
    ------
    ModelError
        If there is neither.
    """

    found = model if model is not None else current_model.get()
    if found is None:
        raise ModelError("no model: call this inside `with model:`, or pass model=")
    return found


def model_to_graphviz(model: Declarations | None = None) -> Any:
    """Return the graph of a model as a ``graphviz.Digraph`` (needs the package graphviz)."""
    return draw_graph(modelcontext(model))
