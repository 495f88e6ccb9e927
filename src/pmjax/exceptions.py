"""PyMC's names of errors and warnings.

PyMC tells apart errors of shape, of dtype and of arguments; here a wrong argument is always a `ModelError`,
so ``except pm.exceptions.ShapeError`` catches what it is meant to.
"""

from pmjax.errors import ImplicitFreezeWarning as ImplicitFreezeWarning
from pmjax.errors import ImputationWarning as ImputationWarning
from pmjax.errors import ModelError, SamplingWarning
from pmjax.errors import SamplingError as SamplingError

BlockModelAccessError = ModelError
DtypeError = ModelError
IncorrectArgumentsError = ModelError
NotConstantValueError = ModelError
ShapeError = ModelError
TraceDirectoryError = ModelError
UndefinedMomentException = ModelError
ShapeWarning = SamplingWarning
TruncationError = SamplingError
