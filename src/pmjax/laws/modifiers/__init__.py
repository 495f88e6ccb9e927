"""Laws that are made of other laws."""

from pmjax.laws.modifiers.inflated import Hurdle as Hurdle
from pmjax.laws.modifiers.inflated import ZeroInflated as ZeroInflated
from pmjax.laws.modifiers.limited import Censored as Censored
from pmjax.laws.modifiers.limited import Truncated as Truncated
from pmjax.laws.modifiers.mixture import Mixture as Mixture
from pmjax.laws.modifiers.partial import MissingPart as MissingPart
from pmjax.laws.modifiers.partial import ObservedPart as ObservedPart
