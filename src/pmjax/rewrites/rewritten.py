"""What a pass returns: another description of the same posterior, and a report of what was done."""

from __future__ import annotations

from dataclasses import dataclass

from pmjax.model.spec import ModelSpec


@dataclass(frozen=True)
class Report:
    """What a pass did to one variable.

    Attributes
    ----------
    rewrite : str
        Name of the pass.
    variable : str
        The user's name of the variable.
    done : bool
        Whether the pass changed it.
    sentence : str
        What was done and what it is worth, or why nothing was done.
    """

    rewrite: str
    variable: str
    done: bool
    sentence: str

    def __str__(self) -> str:
        return f"{self.rewrite}: {self.variable}: {self.sentence}"


@dataclass(frozen=True)
class Rewritten:
    """A rewritten model.

    Attributes
    ----------
    spec : ModelSpec
        Its free variables and deterministics are the user's own nodes, so that what is recorded of a
        draw is the same before and after.
    reports : tuple of Report
    """

    spec: ModelSpec
    reports: tuple[Report, ...] = ()
