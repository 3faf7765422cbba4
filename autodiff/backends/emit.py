"""From the steps of a layout to calls: which NumPy function on which views.

Sums of products are the part that matters: matrix products wherever operands are common.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from autodiff.backends import kernels
from autodiff.backends.calls import (
    column_sums,
    copied,
    dot,
    paired_stack,
    row_products,
    row_sums,
    spread,
    stack,
)
from autodiff.op import TABLE
from autodiff.program.grid import grid
from autodiff.program.group import INPUT, SHARES
from autodiff.program.node import SHARED, TOTAL, TOTAL_PRODUCT
from autodiff.program.steps import ADDED, Column, Step

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    from autodiff.backends.binding import Bound

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone


def emit(bound: Bound, step: Step) -> None:
    """Add the calls of a step."""
    f = SINGLE.get(step.op) if len(step.out.slots) == 1 else None
    if f is None or not single(bound, step, f):
        EMIT.get(step.op, elementwise)(bound, step)


def single(bound: Bound, step: Step, f: Callable[..., object]) -> bool:
    """A step with one result as one call, if it reads no X: irregular graphs have many of them."""
    views = [bound.single(column) for column in step.columns if column.space != INPUT]
    if len(views) < len(step.columns):
        return False
    bound.call(f, *views, bound.single(step.out))
    return True


def elementwise(bound: Bound, step: Step) -> None:
    out, finish = bound.target(step, len(step.out.slots), 1)
    ufunc = kernels.UFUNCS.get(step.op)
    if step.op in kernels.STACKED:
        bound.call(stack(kernels.STACKED[step.op]), out, *stacked(bound, step.columns))
    elif ufunc is not None:
        bound.call(ufunc, *operands(bound, step.columns), out)
    else:
        f = kernels.FUNCTIONS.get(step.op)
        if f is None:
            f = np.frompyfunc(TABLE[step.op].forward, len(step.columns), 1)
        bound.call(copied(f), out, *operands(bound, step.columns))
    finish()


def operands(bound: Bound, columns: Sequence[Column]) -> list[Any]:
    return [bound.rows(column, each=False) for column in columns]


def stacked(bound: Bound, columns: Sequence[Column]) -> list[Any]:
    """Many operands as one array, along its first axis: (operands, members, entries)."""
    if len({column.space for column in columns}) > 1:
        return [None, *operands(bound, columns)]
    slots = [slot for column in columns for slot in column.slots]
    return [(len(columns), len(columns[0].slots)), bound.rows(Column(columns[0].space, slots))]


def emit_pair(bound: Bound, first: Step, second: Step) -> bool:
    """Both steps in one call, if there is a kernel for that and they have the same operands."""
    kernel = kernels.PAIRS.get((first.op, second.op))
    if kernel is None or first.axis != second.axis or first.axis == SHARED:
        return False
    columns = [(c.space, c.slots) for c in second.columns]
    if second.op in SHARES:
        everything = columns[:-1]
        if columns.pop()[1] != list(range(len(everything))) or len(first.out.slots) > 1:
            return False
        columns.sort()
    if sorted((c.space, c.slots) for c in first.columns) != columns:
        return False
    outs = [bound.target(step, len(step.out.slots), 1)[0] for step in (first, second)]
    if second.op in SHARES:
        bound.call(paired_stack(kernel), *outs, *stacked(bound, second.columns[:-1]))
    else:
        bound.call(kernel, *operands(bound, first.columns), *outs)
    return True


def share(bound: Bound, step: Step) -> None:
    out, finish = bound.target(step, len(step.out.slots), 1)
    *columns, chosen = step.columns
    which: Any = np.array(chosen.slots)
    if chosen.slots == list(range(len(columns))):
        which = slice(None)
    f = kernels.STACKED[step.op]
    bound.call(stack(lambda xs: f(xs)[which, 0]), out, *stacked(bound, columns))
    finish()


def inner(bound: Bound, step: Step) -> None:
    """Sums of products: matrix products where operands are common, else term by term."""
    added = step.op == ADDED
    members = len(step.out.slots)
    left, right = step.columns
    terms = len(left.slots) // members
    result, finish = bound.target(step, members, 1)
    out = np.empty(result.shape) if added else result
    common = right.slots[:terms] * members == right.slots
    if left.space == SHARED and step.axis == SHARED:
        shared_sums(bound, left, right, members, terms, common, out)
    elif right.space == SHARED and added and terms == 1 and set(right.slots) <= bound.ones:
        out = bound.matrix(left.slots, members, 1)  # plain terms, the same for every entry
    elif right.space == SHARED:
        value = np.empty((members, 1))
        shared_sums(bound, left, right, members, terms, common, value)
        bound.call(spread, out, value)
    elif left.space == SHARED and common:
        matrix = bound.matrix(left.slots, members, terms)
        rows = bound.rows(Column(right.space, right.slots[:terms]))
        bound.call(np.multiply if terms == 1 else np.matmul, matrix, rows, out)
    else:
        term_by_term(bound, left, right, members, terms, out)
    if added:
        bound.call(np.add, result, out, result)
    finish()


def shared_sums(
    bound: Bound, left: Column, right: Column, members: int, terms: int, common: bool, out: Any
) -> None:
    if members > terms and not common:
        term_by_term(bound, left, right, members, terms, out)
        return
    lefts = bound.matrix(left.slots, members, terms)
    if common:
        rights = bound.matrix(right.slots[:terms], terms, 1)
        bound.call(np.matmul, lefts, rights, out)
    else:
        products = np.empty((members, terms))
        bound.call(np.multiply, lefts, bound.matrix(right.slots, members, terms), products)
        bound.call(row_sums, products, out)


def term_by_term(
    bound: Bound, left: Column, right: Column, members: int, terms: int, out: Any
) -> None:
    length = out.shape[1]
    if members == 1:
        products = np.empty((terms, length))
        args = [bound.rows(left), bound.rows(right)]
        bound.call(np.multiply, *args, products)
        bound.call(column_sums, products, out)
        return
    product = np.empty_like(out)
    for t in range(terms):
        args = [bound.rows(Column(c.space, c.slots[t::terms]), each=False) for c in (left, right)]
        bound.call(np.multiply, *args, product if t else out)
        if t:
            bound.call(np.add, out, product, out)


def total(bound: Bound, step: Step) -> None:
    out, finish = bound.target(step, len(step.out.slots), 1)
    bound.call(row_sums, bound.rows(step.columns[0]), out)
    finish()


def total_product(bound: Bound, step: Step) -> None:
    left, right = step.columns
    found = grid(step)
    if found is not None:
        lefts, rights, slots = found
        whole = Step(step.op, step.axis, Column(SHARED, slots), [], ())
        out, finish = bound.target(whole, len(lefts), len(rights))
        args = (
            bound.rows(Column(left.space, lefts)),
            bound.rows(Column(right.space, rights), transposed=True),
        )
        bound.call(np.matmul, *args, out)
    else:
        out, finish = bound.target(step, len(step.out.slots), 1)
        args = bound.rows(left), bound.rows(right)
        bound.call(row_products, *args, out)
    finish()


# One result: the factors of a total of products are two rows, so it is their scalar product.
SINGLE: dict[str, Callable[..., object]] = {**kernels.UFUNCS, TOTAL_PRODUCT: dot}
EMIT: dict[str, Callable[[Bound, Step], None]] = {
    "inner": inner,
    ADDED: inner,
    TOTAL: total,
    TOTAL_PRODUCT: total_product,
    **dict.fromkeys(SHARES, share),
}
