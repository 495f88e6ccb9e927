"""What warm-up does at each draw, as one array of flags that the compiled program reads."""

from __future__ import annotations

import numpy as np

TUNE_STEP = 1  # step size listens to this draw
TUNE_METRIC = 2  # metric listens to this draw
SWITCH = 4  # the newer window of the metric becomes the older after this draw
AVERAGE = 8  # the average of the step sizes starts afresh after this draw
LATE = 16  # step size listens to the symmetric acceptance statistic
FREEZE = 32  # step size becomes the averaged one after this draw
WARMUP = 64  # this draw is warm-up

EARLY, EARLY_WINDOW = 0.3, 10
WINDOW, GROWTH = 80, 1.5
FINAL = 0.15
TRANSIENT = 0.15


def warmup_flags(tune: int) -> np.ndarray:
    """Return the flags of each warm-up draw.

    The first 30 % are cut in windows of 10, then windows of 80 grow by 1.5; the last 15 % tune only the
    step size (the schedule of nuts-rs, arXiv:2603.18845).

    Parameters
    ----------
    tune : int
        Number of warm-up draws.

    Returns
    -------
    ndarray of int32, shape (tune,)

    Examples
    --------
    >>> flags = warmup_flags(400)
    >>> window_ends(flags).tolist()[:3], window_ends(flags).tolist()[-2:]
    ([10, 20, 30], [120, 200])
    """
    flags = np.full(tune, WARMUP | TUNE_STEP, np.int32)
    early, final = int(EARLY * tune), tune - int(np.ceil(FINAL * tune))
    flags[:final] |= TUNE_METRIC
    flags[final:] |= LATE
    end, window = 0, float(WINDOW)
    while end < final:
        if end < early:
            end += EARLY_WINDOW
        else:
            end, window = end + int(window), window * GROWTH
        # A window that could not be filled before the final phase would leave the metric too little.
        if end + (EARLY_WINDOW if end < early else int(window)) <= final or end <= early:
            flags[end - 1 : end] |= SWITCH
    if final < tune:
        flags[final - 1 : final] |= AVERAGE
    flags[tune - 1 :] |= FREEZE
    return flags


def warm_flags(tune: int) -> np.ndarray:
    """Return the flags of each warm-up draw of a chain that begins with a metric.

    The first 15 % tune only the step size, since other data may have moved the posterior away from the
    start; then the metric listens, in windows of 80 that grow by 1.5. A warm-up too short for a window
    adds its draws to what the metric knew before.

    Examples
    --------
    >>> window_ends(warm_flags(100)).tolist(), window_ends(warm_flags(1000)).tolist()
    ([], [230, 350, 530])
    """
    flags = np.full(tune, WARMUP | TUNE_STEP, np.int32)
    end, final, window = int(TRANSIENT * tune), tune - int(np.ceil(FINAL * tune)), float(WINDOW)
    flags[end:final] |= TUNE_METRIC
    flags[final:] |= LATE
    while (end := end + int(window)) + int(window := window * GROWTH) <= final:
        flags[end - 1] |= SWITCH
    if final < tune:
        flags[final - 1 : final] |= AVERAGE
    flags[tune - 1 :] |= FREEZE
    return flags


def plan(tune: int, draws: int, *, fits_pairs: bool, warm: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the flags of all draws, and the draws after which the host hears of a window.

    Parameters
    ----------
    tune, draws : int
    fits_pairs : bool
        Whether the metric is fitted on the host, to the draws and gradients of a window.
    warm : bool
        Whether chains begin with a metric.

    Returns
    -------
    flags : ndarray of int32, shape (tune + draws,)
    ends : ndarray of int
    """
    flags = np.concatenate([warm_flags(tune) if warm else warmup_flags(tune), np.zeros(draws, np.int32)])
    if warm:
        ends = window_ends(flags)
        if fits_pairs:
            flags &= ~TUNE_METRIC
        return flags, ends
    return host_flags(flags) if fits_pairs else (flags, move_ends(flags))


def window_ends(flags: np.ndarray) -> np.ndarray:
    """Return the numbers of draws after which a window ends."""
    return np.flatnonzero(flags & SWITCH) + 1


def host_flags(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return flags and window ends for a metric that the host fits: from draw 20 on.

    Some directions can be told from few draws, and save many gradients. From the first end on the program
    leaves the metric alone; the last window ends where it freezes.
    """
    ends = move_ends(flags)
    ends = ends[ends >= 2 * EARLY_WINDOW]
    frozen = np.flatnonzero(flags & TUNE_METRIC)[-1:] + 1
    flags = flags.copy()
    flags[ends[0] if len(ends) else len(flags) :] &= ~TUNE_METRIC
    return flags, np.union1d(ends, frozen)


def move_ends(flags: np.ndarray) -> np.ndarray:
    """Return the draws after which coordinates may change: 10, 20, 40, ..., then where slow windows end."""
    slow = slow_window_ends(flags)
    early = EARLY * np.count_nonzero(flags & WARMUP)
    doubling = EARLY_WINDOW * 2 ** np.arange(20)
    return np.union1d(doubling[doubling < early - EARLY_WINDOW], slow)


def slow_window_ends(flags: np.ndarray) -> np.ndarray:
    """Return the numbers of draws after which the early phase and each later window end."""
    ends = window_ends(flags)
    early = int(EARLY * np.count_nonzero(flags & WARMUP))
    return ends[ends >= early - EARLY_WINDOW + 1]
