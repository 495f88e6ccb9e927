"""Laws that are made of other laws."""

from pmjax.laws.modifiers.inflated import Hurdle as Hurdle
from pmjax.laws.modifiers.inflated import ZeroInflated as ZeroInflated
from pmjax.laws.modifiers.mixture import Mixture as Mixture
