"""The model as users hold it: declarations, and everything one can ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError, NoModelError, SamplingError
from pmjax.frontends.pymc_context import is_pymc_model, pymc_context
from pmjax.graph.context import current_model
from pmjax.graph.elementwise_table import identity
from pmjax.graph.ops import Elementwise
from pmjax.graph.rewrite import substitute
from pmjax.graph.variable import Variable, as_variable
from pmjax.model.by_variable import ByVariable
from pmjax.model.cloning import clone, conditioned, intervened
from pmjax.model.declarations import Declarations
from pmjax.model.dims import as_dims
from pmjax.model.drawing import draw_graph, draw_mermaid
from pmjax.model.freezing import value_name
from pmjax.model.printing import describe_model, latex_of_model, table_of_model
from pmjax.model.random import RandomDeclaration, declared_bijector
from pmjax.model.spec import distribution_of
from pmjax.rewrites import pipeline
from pmjax.target import debug, functions, start
from pmjax.tensor.calculus import grad
from pmjax.tensor.calculus import jacobian as jacobian_of
from pmjax.tensor.shaping import concatenate
from pmjax.transforms.bijector import Bijector

Point = Mapping[str, Any]
Vars = Variable | str | Sequence[Variable | str] | None


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

    def str_repr(self, formatting: str = "plain", include_params: bool = True) -> str:
        """Return the model as text, one line for each variable.

        Parameters
        ----------
        formatting : {"plain", "latex"}
            Text as `print(model)` shows it, or an array of LaTeX.
        include_params : bool
            Not used: parameters are always shown.
        """
        if formatting not in ("plain", "latex"):
            raise ModelError(f"str_repr: formatting is 'plain' or 'latex', got {formatting!r}")
        return latex_of_model(self) if formatting == "latex" else describe_model(self)

    def _repr_latex_(self) -> str:
        return latex_of_model(self)

    def __repr__(self) -> str:
        return f"<pmjax.Model {self.name!r}: {len(self.free_RVs)} free, {len(self.observed_RVs)} observed>"

    def copy(self) -> Model:
        """Return another model with the same declarations and its own data."""
        return clone(self, Model(self.name, model=None))

    def __copy__(self) -> Model:
        return self.copy()

    def __deepcopy__(self, _: Any) -> Model:
        return self.copy()

    @property
    def basic_RVs(self) -> list[Variable]:
        """The random variables, free and observed."""
        return [*self.free_RVs, *self.observed_RVs]

    @property
    def unobserved_RVs(self) -> list[Variable]:
        """The free random variables and the deterministics."""
        return [*self.free_RVs, *self.deterministics]

    @property
    def value_vars(self) -> list[Variable]:
        """The unconstrained variables, as inputs of a graph (``sigma_log__``)."""
        return list(functions.unconstrained_inputs(self.freeze()))

    @property
    def unobserved_value_vars(self) -> list[Variable]:
        """The unconstrained variables, and the transformed ones and deterministics that follow from them."""
        free = [d for d in self._declared if d.value is None]
        transformed = [d.variable for d in free if value_name(d) != d.variable.name]
        return [*self.value_vars, *self.replace_rvs_by_values([*transformed, *self.deterministics])]

    @property
    def continuous_value_vars(self) -> list[Variable]:
        """The unconstrained variables that are real numbers."""
        return [v for v in self.value_vars if v.dtype.kind == "f"]

    @property
    def discrete_value_vars(self) -> list[Variable]:
        """The variables that are integers."""
        return [v for v in self.value_vars if v.dtype.kind != "f"]

    @property
    def rvs_to_values(self) -> dict[Variable, Variable]:
        """For each random variable its unconstrained variable, or the node of its observed values.

        To assign other observed values replaces those of the model.
        """
        free = dict(zip(self.free_RVs, self.value_vars, strict=True))
        values = {d.variable: free[d.variable] if d.value is None else d.value for d in self._declared}
        return ByVariable(values, self.set_observed)

    @rvs_to_values.setter
    def rvs_to_values(self, values: Mapping[Variable, Any]) -> None:
        self.rvs_to_values.update(values)

    @property
    def values_to_rvs(self) -> dict[Variable, Variable]:
        """For each value of `rvs_to_values` the random variable."""
        return {value: variable for variable, value in self.rvs_to_values.items()}

    @property
    def rvs_to_transforms(self) -> dict[Variable, Bijector | None]:
        """For each random variable its map to unconstrained values; None for none. Can be assigned."""
        maps = {
            d.variable: declared_bijector(d, d.variable) if d.value is None else None for d in self._declared
        }
        return ByVariable(maps, self.set_transform)

    @rvs_to_transforms.setter
    def rvs_to_transforms(self, transforms: Mapping[Variable, Bijector | None]) -> None:
        self.rvs_to_transforms.update(transforms)

    @property
    def rvs_to_initial_values(self) -> dict[Variable, Any]:
        """For each free random variable the start that was declared. Can be assigned."""
        return ByVariable(
            {d.variable: d.initval for d in self._declared if d.value is None}, self.set_initval
        )

    @rvs_to_initial_values.setter
    def rvs_to_initial_values(self, initvals: Mapping[Variable, Any]) -> None:
        self.rvs_to_initial_values.update(initvals)

    @property
    def _declared(self) -> list[RandomDeclaration]:
        return list(self.random.values())

    @classmethod
    def get_context(cls, error_if_none: bool = True, allow_block_model_access: bool = False) -> Any:
        """Return the model around this line.

        Raises
        ------
        NoModelError
            If there is none, unless `error_if_none` is False, which gives None.
        """
        found = current_model.get()
        if found is None and error_if_none:
            raise NoModelError("no model: call this inside `with model:`")
        return found

    def shape_from_dims(self, dims: str | Sequence[str | None]) -> tuple[int, ...]:
        """Return the lengths of dimensions."""
        names = as_dims(dims)
        assert names is not None
        for name in names:
            self.dimensions.require(name, "shape_from_dims")
        return tuple(self.dim_lengths[str(name)] for name in names)

    def replace_rvs_by_values(self, graphs: Sequence[Variable]) -> list[Variable]:
        """Return expressions of random variables as expressions of `value_vars` and observed values.

        Parameters
        ----------
        graphs : sequence of Variable

        Examples
        --------
        >>> import pmjax as pm
        >>> with pm.Model() as model:
        ...     sigma = pm.HalfNormal("sigma")
        >>> [variance] = model.replace_rvs_by_values([sigma**2])
        >>> float(variance.eval({model.value_vars[0]: 0.0}))
        1.0
        """
        values = iter(self.value_vars)
        known: dict[Variable, Variable] = {}
        for declaration in self._declared:
            variable = declaration.variable
            if declaration.value is not None:
                known[variable] = declaration.value
                continue
            value, bijector = next(values), declared_bijector(declaration, variable)
            if bijector is not None:
                value = bijector.backward(value, *substitute(list(bijector.inputs), known))
            known[variable] = Variable(Elementwise(identity), [value], variable.name)
        return substitute(list(graphs), known)

    def eval_rv_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the free variables, and of their unconstrained ones where those differ."""
        shapes: dict[str, tuple[int, ...]] = {}
        for free in self.freeze().free:
            if free.bijector is not None:
                shapes[free.value_name] = free.unconstrained_shape
            shapes[free.name] = free.variable.shape
        return shapes

    def initial_point(self, random_seed: int | None = None) -> dict[str, np.ndarray]:
        """Return where chains start, by unconstrained name; `random_seed` matters for ``initval="prior"``."""
        return start.initial_point(self.freeze(), random_seed)

    def check_start_vals(self, start: Point | Sequence[Point], **kwargs: Any) -> None:
        """Raise SamplingError if the log density is not finite at a point (or one of several)."""
        for point in [start] if isinstance(start, Mapping) else start:
            values = self.point_logps(point, **kwargs)
            if not np.all(np.isfinite(list(values.values()))):
                raise SamplingError(
                    f"the log density is not finite at the start: {values}; model.debug(point) says why"
                )

    def compile_logp(
        self, vars: Vars = None, jacobian: bool = True, sum: bool = True, **_: Any
    ) -> Callable[[Point], Any]:
        """Return a compiled function from a point (by unconstrained names) to the log density.

        Parameters
        ----------
        vars : Variable or sequence of Variable, optional
            The variables (and potentials) whose terms are wanted; all by default.
        jacobian : bool
            Add the change-of-variables terms.
        sum : bool
            Return one number; otherwise a list with one array for each term.

        Examples
        --------
        >>> import pmjax as pm
        >>> with pm.Model() as model:
        ...     x = pm.Normal("x")
        >>> round(model.compile_logp()({"x": 0.0}), 4)
        -0.9189
        """
        return functions.compile_log_density(self.freeze(), _names(vars), jacobian=jacobian, total=sum)

    def compile_dlogp(
        self, vars: Vars = None, jacobian: bool = True, **_: Any
    ) -> Callable[[Point], np.ndarray]:
        """Return a compiled function from a point to the gradient of the log density, one flat vector."""
        return functions.compile_gradient(self.freeze(), _names(vars), jacobian=jacobian)

    def compile_d2logp(
        self, vars: Vars = None, jacobian: bool = True, negate_output: bool = True, **_: Any
    ) -> Callable[[Point], np.ndarray]:
        """Return a compiled function from a point to the Hessian of the log density, shape (D, D).

        Its sign is changed unless `negate_output` is False, as PyMC does.
        """
        hessian = functions.compile_gradient(self.freeze(), _names(vars), jacobian=jacobian, order=2)
        return (lambda point: -hessian(point)) if negate_output else hessian

    def compile_fn(
        self, outs: Any, *, inputs: Sequence[Variable] | None = None, point_fn: bool = True, **_: Any
    ) -> Callable[..., Any]:
        """Return a compiled function of expressions.

        Parameters
        ----------
        outs : Variable or sequence of Variable
        inputs : sequence of Variable, optional
            What the function is given; the unconstrained variables by default.
        point_fn : bool
            Let the function take one mapping from names to values, instead of values in order.
        """
        several = isinstance(outs, (list, tuple))
        given = list(self.value_vars if inputs is None else inputs)
        run = functions.compile_expressions(list(outs) if several else [outs], given)

        def function(*values: Any) -> Any:
            ordered = [values[0][v.name] for v in given] if point_fn else values
            results = run(*ordered)
            return results if several else results[0]

        return function

    @property
    def varlogp(self) -> Variable:
        """The log density of the free variables, a node of the unconstrained ones."""
        return self._sum_of(self.free_RVs)

    @property
    def varlogp_nojac(self) -> Variable:
        """The log density of the free variables without the change-of-variables terms."""
        return self._sum_of(self.free_RVs, jacobian=False)

    @property
    def observedlogp(self) -> Variable:
        """The log density of the observed variables."""
        return self._sum_of(self.observed_RVs)

    @property
    def potentiallogp(self) -> Variable:
        """The sum of the potentials."""
        return self._sum_of(self.potentials)

    @property
    def datalogp(self) -> Variable:
        """The log density of the observed variables and the potentials."""
        return self._sum_of([*self.observed_RVs, *self.potentials])

    def _sum_of(self, variables: list[Variable], jacobian: bool = True) -> Variable:
        if not variables:
            return as_variable(0.0)
        total = self.logp(variables, jacobian=jacobian)
        assert isinstance(total, Variable)
        return total

    def logp(
        self,
        vars: Vars = None,
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
        _, terms = functions.log_density_nodes(self.freeze(), _names(vars), jacobian=jacobian)
        if not sum:
            return terms
        total = terms[0].sum()
        for term in terms[1:]:
            total = total + term.sum()
        return total

    def dlogp(self, vars: Vars = None, jacobian: bool = True) -> Variable:
        """Return the gradient of the log density as a node of a graph, one flat vector.

        Parameters
        ----------
        vars : Variable or sequence of Variable, optional
            The free variables by which it is; all continuous ones by default.
        jacobian : bool
            Add the change-of-variables terms.
        """
        by = self._values_of(vars)
        return concatenate([g.ravel() for g in grad(self.logp(jacobian=jacobian), by)])

    def d2logp(self, vars: Vars = None, jacobian: bool = True, negate_output: bool = True) -> Variable:
        """Return the Hessian of the log density as a node of a graph, shape (D, D).

        Its sign is changed unless `negate_output` is False, as PyMC does.
        """
        by = self._values_of(vars)
        gradient = self.dlogp(vars, jacobian)
        rows = [
            d.reshape((gradient.size, v.size)) for d, v in zip(jacobian_of(gradient, by), by, strict=True)
        ]
        hessian = concatenate(rows, axis=1)
        return -hessian if negate_output else hessian

    def _values_of(self, vars: Vars) -> list[Variable]:
        """Return the unconstrained variables of some free variables; of all continuous ones by default."""
        names = _names(vars)
        if names is None:
            return self.continuous_value_vars
        values = dict(zip((str(v.name) for v in self.free_RVs), self.value_vars, strict=True))
        return [values[name] for name in names]

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
        spec = self.freeze()
        _, reports = pipeline.apply(spec)
        declared = [
            *((v.name, v.variable) for v in spec.free),
            *((v.name, v.variable) for v in spec.observed),
        ]
        laws = {name: distribution_of(variable) for name, variable in declared}
        ways = [f"{name}: {law.computed_by}" for name, law in laws.items() if law.computed_by]
        text = "\n".join([*self.notes, *ways, pipeline.explain(reports)])
        if verbose:
            print(text)
        return text

    def table(self, **options: Any) -> Any:
        """Return the model as a table of the package rich: names, expressions, dimensions.

        Parameters
        ----------
        **options
            What PyMC takes: `parameter_count` (True) adds how many numbers are sampled; others change the
            looks of PyMC's table, and are not used.

        Raises
        ------
        ImportError
            If rich is not installed.
        """
        return table_of_model(self, bool(options.get("parameter_count", True)))

    def to_graphviz(self) -> Any:
        """Return the model's graph as a ``graphviz.Digraph``, with a plate for each set of dimensions."""
        return draw_graph(self)


def do(
    model: Model, vars_to_interventions: Mapping[Any, Any], *, make_interventions_shared: bool = True
) -> Model:
    """Return another model in which variables are set to values: what they depended on has no part in them.

    Parameters
    ----------
    model : Model
    vars_to_interventions : mapping from Variable or name to array or Variable
    make_interventions_shared : bool
        Not used: values are data of the new model always, and `set_data` replaces them.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     t = pm.Normal("t")
    ...     y = pm.Normal("y", 2 * t, 1e-9)
    >>> float(pm.draw(pm.do(model, {"t": 3.0})["y"]).round(3))
    6.0
    """
    return intervened(model, Model(model.name, model=None), vars_to_interventions)


def observe(model: Model, vars_to_observations: Mapping[Any, Any]) -> Model:
    """Return another model in which free variables are observed.

    Parameters
    ----------
    model : Model
    vars_to_observations : mapping from Variable or name to array

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     mu = pm.Normal("mu")
    ...     y = pm.Normal("y", mu, 1, shape=2)
    >>> [v.name for v in pm.observe(model, {"y": [1.0, 2.0]}).free_RVs]
    ['mu']
    """
    return conditioned(model, Model(model.name, model=None), vars_to_observations)


def _names(vars: Vars) -> list[str] | None:
    wanted = [vars] if isinstance(vars, (Variable, str)) else vars
    return None if wanted is None else [v if isinstance(v, str) else str(v.name) for v in wanted]


def modelcontext(model: Any = None) -> Any:
    """Return the given model, or the one around this line; a model of PyMC as one of ours.

    Raises
    ------
    NoModelError
        If there is neither.
    """
    found = model if model is not None else current_model.get() or pymc_context()
    if found is None:
        raise NoModelError("no model: call this inside `with model:`, or pass model=")
    return from_pymc(found) if is_pymc_model(found) else found


def from_pymc(model: Any) -> Model:
    """Return a model of PyMC as a model of ours, which can be printed, explained, drawn and sampled.

    Random variables of families that both have, and the operations between them, become ours, so that
    rewrites see them. For other variables PyMC derives the log density, and other operations are wrapped
    whole by PyTensor's JAX dispatch; `Model.explain` says what was read how. ``pmjax.sample(model=model)``
    does the same.

    Parameters
    ----------
    model : pymc.Model
        With its data as they are now.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If JAX cannot compute a part of it; the message names the variable and the operation.
    """
    from pmjax.frontends.pymc_model import declare_pymc

    ours = Model(model=None)
    declare_pymc(model, ours)
    return ours


def from_numpyro(model: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Model:
    """Return a model of NumPyro as a model of ours, by NumPyro's own log density and transforms.

    Latent sites are sampled in NumPyro's unconstrained space and recorded in their support, plates are
    dimensions, `numpyro.deterministic` is recorded, and observed sites have log likelihoods of their own.

    Parameters
    ----------
    model : callable
        A model of NumPyro; handlers such as `numpyro.handlers.reparam` and `condition` may be around it.
    *args, **kwargs
        What it is called with. Arrays are arguments of the compiled program, unless the model asks for their
        values while it is traced.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If NumPyro is not installed, a latent site is discrete or has a Delta distribution, or a plate draws a
        part of its rows at each call.

    Examples
    --------
    >>> import pmjax as pm
    >>> import numpyro, numpyro.distributions as dist  # doctest: +SKIP
    >>> def model(x, y=None):  # doctest: +SKIP
    ...     slope = numpyro.sample("slope", dist.Normal(0, 1))
    ...     with numpyro.plate("row", len(x)):
    ...         numpyro.sample("y", dist.Normal(slope * x, 1), obs=y)
    >>> idata = pm.sample(model=pm.from_numpyro(model, x, y=y))  # doctest: +SKIP
    """
    from pmjax.frontends.numpyro import declare_numpyro

    ours = Model(model=None)
    declare_numpyro(model, args, kwargs, ours)
    return ours


def from_logp(
    fn: Callable[..., Any],
    example: Any,
    *,
    bijectors: Mapping[str, Any] | None = None,
    coords: Mapping[str, Any] | None = None,
    dims: Mapping[str, str | Sequence[str | None]] | None = None,
    data: Any = None,
) -> Model:
    """Return a log density written in JAX as a model of ours.

    Parameters
    ----------
    fn : callable
        ``fn(parameters)``, or ``fn(parameters, data)`` if `data` is given, returns one number: the log
        density on the scale of the parameters. The log determinants of the bijectors are added to it.
    example : pytree of arrays
        Parameters where chains may start. Each array is a variable, named by its path: ``layers.0.bias``.
    bijectors : mapping, optional
        By name, the map of a parameter that is not any real number (``pm.distributions.transforms.log``).
    coords, dims : mapping, optional
        Coordinate values by dimension, and dimensions by the name of a parameter.
    data : pytree of arrays, optional
        Arguments of the compiled program; arrays that `fn` captures instead are written into it.

    Returns
    -------
    Model

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import pmjax as pm
    >>> def log_density(p, y):
    ...     return -jnp.sum((y - p["mu"]) ** 2) / 2 - p["mu"] ** 2 / 2
    >>> model = pm.from_logp(log_density, {"mu": 0.0}, data=jnp.array([1.0, 3.0]))
    >>> model.compile_logp()({"mu": 1.0})
    -2.5
    """
    from pmjax.frontends.log_density import declare_log_density

    ours = Model(coords=coords, model=None)
    declare_log_density(fn, example, ours, bijectors=bijectors or {}, dims=dims or {}, data=data)
    return ours


def model_to_mermaid(model: Declarations | None = None) -> str:
    """Return the graph of a model as text in the language of Mermaid.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     x = pm.Normal("x")
    >>> print(pm.model_to_mermaid(model))
    graph TD
      n0(["x ~ Normal"])
      classDef observed fill:#d3d3d3
    """
    return draw_mermaid(modelcontext(model))


def model_to_graphviz(model: Declarations | None = None) -> Any:
    """Return the graph of a model as a ``graphviz.Digraph`` (needs the package graphviz)."""
    return draw_graph(modelcontext(model))
