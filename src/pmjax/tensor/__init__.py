"""PyTensor's names for functions of variables: ``import pmjax.tensor as pt``.

Each function takes variables, arrays, numbers and lists of them, with PyTensor's arguments. Shapes are
known while the graph is built, so an argument that determines a shape must follow from constants and data.

Examples
--------
>>> import pmjax as pm
>>> import pmjax.tensor as pt
>>> with pm.Model():
...     x = pm.Normal("x", shape=3)
>>> pt.concatenate([pt.zeros(1), pt.cumsum(x)]).shape
(4,)
"""

from __future__ import annotations

import math as _math
from typing import NoReturn

from pmjax.graph.variable import Variable
from pmjax.tensor import creation as basic  # noqa: F401
from pmjax.tensor import linalg as linalg
from pmjax.tensor import math as math
from pmjax.tensor import nnet as nnet
from pmjax.tensor import special as special
from pmjax.tensor.absent import ABSENT
from pmjax.tensor.calculus import grad, hessian, jacobian  # noqa: F401
from pmjax.tensor.creation import *  # noqa: F403
from pmjax.tensor.elementwise import *  # noqa: F403
from pmjax.tensor.extra_ops import *  # noqa: F403
from pmjax.tensor.linalg import *  # noqa: F403
from pmjax.tensor.reduction import *  # noqa: F403
from pmjax.tensor.scan import scan  # noqa: F401
from pmjax.tensor.shaping import *  # noqa: F403
from pmjax.tensor.shared import shared  # noqa: F401
from pmjax.tensor.special import *  # noqa: F403
from pmjax.tensor.types import *  # noqa: F403

TensorVariable = TensorConstant = TensorSharedVariable = Variable
nlinalg = slinalg = linalg

pi, e, inf, nan, euler_gamma, newaxis = _math.pi, _math.e, _math.inf, _math.nan, 0.5772156649015329, None


def __getattr__(name: str) -> NoReturn:
    reason = ABSENT.get(name)
    raise AttributeError(f"pmjax.tensor has no {name!r}" + (f": {reason}" if reason else ""))
