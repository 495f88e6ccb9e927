from pmjax.distributions import *
from pmjax.model.declarations import Declarations as Model
from pmjax.model.named import Data, Deterministic, Potential, set_data
from pmjax.graph.variable import lift
