"""Switches around a stretch of code: `strict()` and `no_record()`; and `taped()`, for ourselves.

They live in one ContextVar, so threads and coroutines do not see each other's, and an exception
leaves no trace of them.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from math import isfinite, isnan

from autodiff import native

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

MODES: ContextVar[frozenset[str]] = ContextVar("autodiff_modes", default=frozenset())
TAPE: "ContextVar[list[Any]]" = ContextVar("autodiff_tape")


@contextmanager
def only(*switches: str) -> Iterator[None]:
    """These switches and no others."""
    if compiled := native.load("value"):
        compiled.switched()  # it does not look at MODES before
    token = MODES.set(frozenset(switches))
    try:
        yield
    finally:
        MODES.reset(token)


@contextmanager
def _mode(*, add: str = "", drop: str = "") -> Iterator[None]:
    with only(*(MODES.get() | {add}) - {"", drop}):
        yield


def strict() -> AbstractContextManager[None]:
    """Raise FloatingPointError at the node that creates the first non-finite value or gradient.

    The message names the node's op and its operands.

    >>> import autodiff as ad
    >>> x = ad.Value(0.0, "x")
    >>> with ad.strict():
    ...     x.log()
    Traceback (most recent call last):
    FloatingPointError: log(x=0.0) is -inf
    """
    return _mode(add="strict")


def no_record() -> AbstractContextManager[None]:
    """Compute without recording: results are leaves, and cost no memory behind them."""
    return _mode(add="no_record")


def recording() -> AbstractContextManager[None]:
    """Record, even inside `no_record`: what is differentiated twice needs the graph in between."""
    return _mode(drop="no_record")


@contextmanager
def taped() -> "Iterator[list[Any]]":
    """Record, and put every new node on a list as well: the list, in the order they are made."""
    tape: list[Any] = []
    token = TAPE.set(tape)
    try:
        with _mode(add="taped", drop="no_record"):
            yield tape
    finally:
        TAPE.reset(token)


def created(data: float, operands: tuple[float, ...]) -> bool:
    """Whether a result is non-finite although its operands do not explain it."""
    if isfinite(data):
        return False
    return not any(map(isnan, operands)) if isnan(data) else all(map(isfinite, operands))
