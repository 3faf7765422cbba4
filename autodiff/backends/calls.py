"""What the NumPy backend calls beside ufuncs, and how slots become slices."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone


class Patch:
    """Rows of X, which are another array in each run."""

    __slots__ = ("key", "transposed")

    def __init__(self, key: slice, transposed: bool) -> None:
        self.key = key
        self.transposed = transposed


def is_progression(slots: list[int], by: int) -> bool:
    """Whether each slot is `by` more than the one before."""
    first, length = slots[0], len(slots)
    if slots[-1] != first + by * (length - 1):
        return False  # most of those that are none
    return slots == (list(range(first, first + by * length, by)) if by else [first] * length)


def affine_key(slots: list[int], each: bool) -> slice | None:
    """A slice that picks these rows, if they lie regularly."""
    first = slots[0]
    by = slots[1] - first if len(slots) > 1 else 1
    if not is_progression(slots, by):
        return None
    if by == 0:
        return None if each else slice(first, first + 1)
    stop = first + by * len(slots)
    return slice(first, stop if stop >= 0 else None, by)


def take(source: Any, index: Any, out: Any) -> None:
    source.take(index, axis=0, out=out, mode="clip")


def scatter(target: Any, index: Any, made: Any) -> None:
    target[index] = made


def spread(out: Any, value: Any) -> None:
    out[...] = value


def row_sums(x: Any, out: Any) -> None:
    np.add.reduce(x, axis=1, out=out, keepdims=True)


def column_sums(x: Any, out: Any) -> None:
    np.add.reduce(x, axis=0, out=out, keepdims=True)


def row_products(x: Any, y: Any, out: Any) -> None:
    np.einsum("in,in->i", x, y, out=out[:, 0])


def dot(x: Any, y: Any, out: Any) -> None:
    out[0] = x.dot(y)


def copied(f: Callable[..., Any]) -> Callable[..., None]:
    """A kernel that makes its own result, with one to put it into."""

    def run(out: Any, *args: Any) -> None:
        out[...] = f(*args)

    return run


def paired_stack(kernel: Callable[..., None]) -> Callable[..., None]:
    """The same for a kernel of one stacked array that has two results."""

    def run(out: Any, second: Any, shape: tuple[int, int] | None, *arrays: Any) -> None:
        kernel(stacked_array(out, shape, arrays), out, second)

    return run


def stacked_array(out: Any, shape: tuple[int, int] | None, arrays: tuple[Any, ...]) -> Any:
    if shape is None:
        return np.stack(np.broadcast_arrays(*arrays, out)[:-1])
    return arrays[0].reshape(*shape, -1)


def stack(f: Callable[[Any], Any]) -> Callable[..., None]:
    """A kernel of one stacked array, called with its shape and rows, or with what is to be
    stacked.
    """

    def run(out: Any, shape: tuple[int, int] | None, *arrays: Any) -> None:
        out[...] = f(stacked_array(out, shape, arrays))

    return run
