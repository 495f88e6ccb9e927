"""Special functions (``pytensor.tensor.special``)."""

from __future__ import annotations

from pmjax.tensor.elementwise import beta, betaln, factorial, logaddexp, logit, poch, xlog1py, xlogy
from pmjax.tensor.reduction import log_softmax, logsumexp, softmax

__all__ = [
    "beta", "betaln", "factorial", "log_softmax", "logaddexp", "logit", "logsumexp", "poch", "softmax",
    "xlog1py", "xlogy",
]  # fmt: skip
