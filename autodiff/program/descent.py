"""Gradient descent of a program: steps over all rows, or over one batch after the other.

A backend may know how to make many steps by itself. It leaves to Python a step whose numbers are
not finite, since such a step is made with gates, and all of them in `strict` mode.
"""

from __future__ import annotations

from math import inf

from autodiff.program.strictness import is_strict

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autodiff.program.program import Program


def descend(
    program: Program, X: Any, rate: Any, steps: Any, batch: int = 0, order: Any = None
) -> Any:
    """The value before each step; `X` has a row for each input. Batches are of that many entries
    of each row, picked by `order` if there is one; `batch` 0 is all of them.
    """
    import numpy as np

    if not isinstance(steps, int) or steps < 0:
        raise ValueError(f"steps counts steps of descent, not {steps!r}")
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0.0 <= rate < inf:
        raise ValueError(f"rate is a finite number that is not negative, not {rate!r}")
    values = np.empty(steps)
    done = 0
    with program.running:
        while done < steps:
            first = done * batch
            rest = X[:, first:] if batch and order is None else X
            rows = None if order is None else order[first:]
            if not is_strict():
                done += program.descend_natively(rest, rate, values[done:], batch, rows)
                if done == steps:
                    break
                first = done * batch
            part = X if not batch else X[:, first : first + batch]
            if order is not None:
                part = X[:, order[first : first + batch] if batch else order]
            with np.errstate(all="ignore"):
                values[done] = program.descend_once(part, rate)
            done += 1
    return values


def batches(X: Any, batch: Any, order: Any) -> tuple[int, Any]:
    """How many batches there are, and the order as an array of row numbers, or None."""
    import numpy as np

    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise ValueError(f"batch counts the rows of a step, at least 1, not {batch!r}")
    n = X.shape[1]
    if order is None:
        return -(-n // batch), None
    rows = np.array(order)  # a copy: it is checked here and read without looking later
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(f"order lists numbers of rows, not an array of {rows.dtype} {rows.shape}")
    if len(rows) and not 0 <= rows.min() <= rows.max() < n:
        raise IndexError(f"order asks for rows {rows.min()} to {rows.max()}; X has {n} rows")
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    return -(-len(rows) // batch), rows


class Descent:
    """What `program.bind(X, rate)` returns: descent on rows that stay, nothing looked at twice.

    * `step()`: one step on the mean over all rows; returns the value before it.
    * `run(steps)`: that many; returns the value before each of them.
    * `epoch(batch, order=None)`: a step for each batch of rows; returns the mean over each before
      its step.

    It works on `program.parameters` in place and reads X when it steps, so numbers changed in place
    count, and so does `strict()`; which array X is and the rate are those of the moment of binding.
    """

    __slots__ = ("X", "program", "rate", "step")

    step: Callable[[], float]

    def __init__(self, program: Program, X: Any, rate: float) -> None:
        self.program = program
        self.X = X
        self.rate = rate
        self.run(0)  # says what is wrong with X or the rate
        self.step = program.bound_step(X, rate)

    def __repr__(self) -> str:
        return f"<Descent at rate {self.rate:g} of {self.program!r}>"

    def run(self, steps: int) -> Any:
        """`steps` steps on the mean over all rows; the value before each of them."""
        return self.program.run(self.X, rate=self.rate, steps=steps)

    def epoch(self, batch: int, order: Any = None) -> Any:
        """See `Program.epoch`."""
        return self.program.epoch(self.X, rate=self.rate, batch=batch, order=order)
