"""Small public data sets that ship with the package.

``radon.csv``
    Radon activity in 919 Minnesota homes in 85 counties, from the EPA State Residential Radon
    Survey (a work of the United States government, public domain), joined with the uranium
    content of the county's soil (``Uppm``). ``log_radon`` is log(activity + 0.1).
"""

from __future__ import annotations

import io
from importlib import resources

from pmjax.errors import suggest


def get_data(filename: str) -> io.BytesIO:
    """Open a data set that ships with the package.

    Parameters
    ----------
    filename : str
        The name of the file, such as ``"radon.csv"``.

    Returns
    -------
    io.BytesIO
        The content, as a file that ``pandas.read_csv`` and ``numpy.loadtxt`` read.

    Examples
    --------
    >>> from pmjax.datasets import get_data
    >>> get_data("radon.csv").readline().decode().split(",")[:4]
    ['', 'idnum', 'state', 'state2']
    """
    names = sorted(f.name for f in resources.files(__name__).iterdir() if f.name.endswith(".csv"))
    if filename not in names:
        raise FileNotFoundError(
            f"get_data: no data set named {filename!r} ships with pmjax{suggest(filename, names)}; "
            f"there is {', '.join(map(repr, names))}."
        )
    return io.BytesIO(resources.files(__name__).joinpath(filename).read_bytes())
