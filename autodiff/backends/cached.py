"""`compile_cached`: for losses whose graph changes from call to call."""

from __future__ import annotations

from autodiff.backends import BACKENDS, usable
from autodiff.backends.caching import CachedLoss, checked_parameters
from autodiff.backends.recorded_loss import RecordedLoss
from autodiff.backends.traced_loss import TracedLoss

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def compile_cached(
    loss_function: Callable[..., Any],
    parameters: Any,
    *,
    data: Callable[..., Any] | None = None,
    threshold: int = 2,
    maxsize: int = 64,
    backend: str = "auto",
) -> CachedLoss:
    """Make a loss that keeps a Program for each structure of its graph; see docs/compiling.md.

        step = ad.compile_cached(loss, parameters)
        for tokens in words:
            ad.zero_grad(parameters)
            total += step(tokens)        # instead of E = loss(tokens); E.backward()
            optimizer.step()

    * `loss_function`: returns one Value. It is called in every call and may decide as it likes;
      the gradient comes from a program. Which parameters it looks up (`table[token]`), which of
      several results it picks (`probabilities[target]`) and which numbers it uses are data: they
      may change without another program.
    * `parameters`: the leaves to differentiate by, known by identity. Their numbers are read anew
      in each call.
    * `data`: a function of the same arguments that does the looking up: it returns a tuple of
      arguments for `loss_function`, lists of parameters and numbers. The function is then called
      only when a program is made or compared; structures are told apart by the lengths of lists
      and by whole numbers, texts and None among the data.
    * `threshold`: a structure is compiled when it is met for this many times; until then calls are
      eager. `maxsize`: how many programs are kept; the one not used for longest goes first.
    * `backend`: as for `compile`. With "auto", and without `data`, calls stay eager where that is
      quicker: small graphs, and where Value is compiled those of rows that it takes back itself.

    Loss and gradient are those of the eager engine, to rounding. Under `strict()` all is eager.
    Raises TypeError or ValueError, with names, for parameters that are no leaves or not distinct, a
    result that is no Value, and, with `data`, a function that uses more than its data.
    """
    if not callable(loss_function):
        raise TypeError(
            f"the loss is a function that records a graph in each call, not {loss_function!r}; "
            "compile takes a graph"
        )
    if data is not None and not callable(data):
        raise TypeError(f"data is a function of the arguments of a call, not {data!r}")
    for name, count in (("threshold", threshold), ("maxsize", maxsize)):
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"{name} is a whole number from 1, not {count!r}")
    if backend not in ("auto", *BACKENDS):
        raise ValueError(f"backend is one of auto, {', '.join(BACKENDS)}, not {backend!r}")
    there = usable(backend)
    settings = (loss_function, checked_parameters(parameters), threshold, maxsize, there)
    if data is not None:
        return TracedLoss(data, *settings)
    return RecordedLoss(backend != "auto", *settings)
