"""What callers give a Program: numbers, columns or rows of X, brought into one form and checked."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.modes import MODES

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


def rows_of_inputs(args: Sequence[Any], names: Sequence[str]) -> tuple[Any, int, bool]:
    """An array with a row for each input, how many entries these have, and whether it is just one.

    `args` are X alone, with a row for each sample, or a number or a column for each input. Raises
    ValueError for shapes that do not fit, TypeError for what is no real number; in `strict` mode
    FloatingPointError for a nan.
    """
    X, n, one = _arranged(args, names)
    if "strict" in MODES.get() and (X != X).any():
        import numpy as np

        i, row = (int(places[0]) for places in np.nonzero(X != X))
        raise FloatingPointError(f"{names[i]} is nan in row {row}")
    return X, n, one


def _arranged(args: Sequence[Any], names: Sequence[str]) -> tuple[Any, int, bool]:
    import numpy as np

    count = len(names)
    if len(args) == 1:
        X = args[0]
        if type(X) is not np.ndarray or X.dtype != np.float64 or not X.flags.aligned:
            X = _array(X, names)
        if X.ndim == 2 and X.shape[1] == count:
            return X.T, X.shape[0], False
        if X.ndim == 1 and count == 1:
            return X[None], len(X), False
        if X.ndim == 1 and len(X) == count:
            return X[:, None], 1, True
        if X.ndim or count != 1:
            raise ValueError(f"{_wanted(names)}; X has shape {X.shape}, not (rows, {count})")
    if len(args) != count:
        raise ValueError(f"{_wanted(names)}; given: {len(args)}")
    if not args:
        return np.empty((0, 1)), 1, True
    columns = [_array(arg, [name]) for arg, name in zip(args, names, strict=True)]
    for column, name in zip(columns, names, strict=True):
        if column.ndim > 1:
            raise ValueError(f"{name} has shape {column.shape}; a number or one column is wanted")
    lengths = {name: len(c) for c, name in zip(columns, names, strict=True) if c.ndim}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"the inputs have columns of different lengths: {shown}")
    n = next(iter(lengths.values()), 1)
    X = np.empty((count, n))
    for i, column in enumerate(columns):
        X[i] = column
    return X, n, not lengths


def parameters_given(given: Any, own: Any, names: Sequence[str]) -> Any:
    """Numbers for the parameters: those given, as an array, or the program's own."""
    if given is None:
        return own
    import numpy as np

    array = np.require(given, np.float64, ["C", "A"])
    if array.shape != own.shape:
        raise ValueError(
            f"{len(own)} parameters are wanted ({listed(names)}), "
            f"not an array of shape {array.shape}"
        )
    return array


def _wanted(names: Sequence[str]) -> str:
    return f"inputs wanted: {len(names)} ({listed(names)})"


def _array(given: Any, names: Sequence[str]) -> Any:
    import numpy as np

    try:
        array = np.asarray(given)
        if array.size and (array.dtype.kind not in "fiub" or array.dtype.itemsize > 8):
            raise TypeError(f"this is an array of {array.dtype}")
        return np.require(array, np.float64, "A")
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{listed(names)}: real numbers are wanted, in rows of one length ({error})"
        ) from None


def listed(names: Sequence[str]) -> str:
    """Names for an error: the first ones and the last."""
    return ", ".join([*names[:4], "...", names[-1]] if len(names) > 5 else names) or "none"
