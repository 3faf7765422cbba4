"""Lanes: a sum over equal sub-graphs that differ only in their numbers becomes one sub-graph over
an axis.

    losses = [loss_of(model, x, y) for x, y in samples]
    total = sum(losses) / len(losses) + penalty

Every term of such a sum has the same shape: the same ops over the same parameters, with other
constants. Two walks find that. One goes up from the leaves and numbers the shapes. The other goes
down from the terms of a sum that have one shape, all of them side by side: what is the same object
in all lanes is shared, constants become leaves with a number for each lane, and the rest is one
node for all. The sum becomes a total over the axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from autodiff import native
from autodiff.graph import check_order, topological
from autodiff.op import number
from autodiff.program.node import SHARED, Builder
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

FEWEST = 4  # lanes; fewer equal terms stay as they are
CONSTANT = 0  # the shape of a number


class Family:
    """Terms of one shape: `steps` compute one of them, from shared Values and numbers of each lane.

    A step is (op, operands); an operand is a float, a shared Value, the place of an earlier step,
    or a `Numbers`.
    """

    __slots__ = ("sign", "size", "steps")

    def __init__(self, sign: float, terms: list[Value]) -> None:
        self.sign = sign
        self.size = len(terms)
        self.steps = _side_by_side(terms)

    def total(self, builder: Builder, made: dict[Value, Any], axis: int, leaves: list[Any]) -> Any:
        """The node for the sum of the terms; their numbers are put at the end of `leaves`."""
        results: list[Any] = []
        for op, operands in self.steps:
            args: list[Any] = []
            for x in operands:
                if type(x) is Numbers:
                    args.append(builder.leaf("lane", len(leaves), axis))
                    leaves.append(x.data)
                else:
                    args.append(
                        results[x] if type(x) is int else x if type(x) is float else made[x]
                    )
            results.append(builder.record(op, tuple(args)))
        last = results[-1]
        if type(last) is float or last.axis == SHARED:  # equal terms: the axis has no numbers
            total = last * float(self.size)
        else:
            total = builder.total(last, axis)
        return total if self.sign == 1.0 else -total

    def shared(self) -> list[Value]:
        return [x for _, operands in self.steps for x in operands if isinstance(x, Value)]


class Numbers:
    """One operand, a number for each lane."""

    __slots__ = ("data",)

    def __init__(self, data: list[float]) -> None:
        self.data = data


class Lanes:
    """The families of a graph: `sums` has, for the last node of a sum, its families and its other
    terms.
    """

    def __init__(self, sums: Mapping[Value, list[tuple[float, Any, int]]]) -> None:
        self.sums: dict[Value, tuple[list[Family], list[tuple[float, Any]]]] = {}
        self.leaves: list[list[float]] = []
        self._axis = 2
        for head, terms in sums.items():
            alike: dict[tuple[float, int], list[Any]] = {}
            for sign, term, shape in terms:
                alike.setdefault((sign, shape), []).append(term)
            families, rest = [], []
            for (sign, shape), same in alike.items():
                if _may_be_lanes(shape, len(same)) and len(set(same)) > 1:
                    families.append(Family(sign, same))
                else:
                    rest += [(sign, term) for term in same]
            if families:
                self.sums[head] = families, rest

    def needed(self, roots: Sequence[Value], order: list[Value]) -> list[Value]:
        """The nodes of `order` that are still wanted one by one."""
        wanted = set(roots)
        for node in reversed(order):
            if node in wanted:
                wanted.update(x for x in self.operands(node) if type(x) is not float)
        return [node for node in order if node in wanted]

    def operands(self, node: Value) -> Sequence[Any]:
        if node not in self.sums:
            return node.operands
        families, rest = self.sums[node]
        return [x for family in families for x in family.shared()] + [x for _, x in rest]

    def record(self, node: Value, builder: Builder, made: dict[Value, Any]) -> Any:
        """The node for a sum of families and other terms."""
        families, rest = self.sums[node]
        result: Any = 0  # the int, which sums leave out
        for family in families:
            result = result + family.total(builder, made, self._axis, self.leaves)
            self._axis += 1
        for sign, x in rest:
            x = x if type(x) is float else made[x]
            result = result + x if sign == 1.0 else result - x
        return result


@native.fast_pass
def long_sums(
    roots: Sequence[Value], fixed: Mapping[Value, Any]
) -> tuple[list[Value], dict[Value, list[tuple[float, Any, int]]]]:
    """The sums of many terms that may be lanes, by their last node: each term with its sign and its
    shape. And where there are some, every node behind the roots, arguments before their users.

    `fixed` are the leaves that stand for something. Raises ValueError, with the name, if there are
    such sums and a Value was given new data since the roots were computed.
    """
    order = topological(*roots)
    operands = [node.operands for node in order]  # Values make them anew each time
    shapes = _shapes(order, operands, fixed)
    sums = {}
    for head, terms in _chains(order, shapes, _lengths(roots, order, operands)).items():
        shaped = [(sign, x, CONSTANT if type(x) is float else shapes[x]) for sign, x in terms]
        counts = Counter((sign, shape) for sign, _, shape in shaped)
        if any(_may_be_lanes(shape, n) for (_, shape), n in counts.items()):
            sums[head] = shaped
    if not sums:
        return [], {}
    check_order(roots[0], order)
    return order, sums


def _may_be_lanes(shape: int, terms: int) -> bool:
    """Whether so many terms may be: not those that are numbers, or given."""
    return shape > CONSTANT and terms >= FEWEST


def _chains(
    order: list[Value], shapes: dict[Value, int], length: dict[Value, int]
) -> dict[Value, list[tuple[float, Any]]]:
    """Sums of many terms, by their last node: each term with its sign.

    A sum that was added up in a loop is a long line of + and -; what hangs on the line are the
    terms, and the line ends where what is left has the shape of a term. `length` is that of such
    lines behind a node.
    """
    inside: set[Value] = set()
    chains: dict[Value, list[tuple[float, Any]]] = {}
    for head in reversed(order):
        if head in inside:
            continue
        if head.op == "sum":
            chains[head] = [(1.0, x) for x in head.operands]
        elif head.op in LINKS:
            terms: list[tuple[float, Any]] = []
            met: set[int] = set()
            sign, x = 1.0, head
            while x is head or (x in length and shapes[x] not in met):
                inside.add(x)
                left, right = x.args
                right_sign = -sign if x.op == "sub" else sign
                if length.get(right, 0) > length.get(left, 0):  # type: ignore[arg-type]
                    (left, right), (sign, right_sign) = (right, left), (right_sign, sign)
                terms.append((right_sign, right))
                met.add(CONSTANT if type(right) is float else shapes[right])  # type: ignore[index]
                x = left  # type: ignore[assignment]
            terms.append((sign, x))
            chains[head] = terms[::-1]
    return {head: terms for head, terms in chains.items() if len(terms) >= FEWEST}


LINKS = {"add", "sub"}


def _lengths(
    roots: Sequence[Value], order: list[Value], operands: list[tuple[Any, ...]]
) -> dict[Value, int]:
    """How many + and - follow each other behind a node, for those that one other node uses."""
    count = Counter(chain(chain.from_iterable(operands), roots))
    length: dict[Any, int] = {}
    for node, args in zip(order, operands, strict=True):
        if node.op in LINKS and count[node] == 1:
            length[node] = 1 + max(length.get(x, 0) for x in args)
    return length


def _shapes(
    order: list[Value], operands: list[tuple[Any, ...]], fixed: Collection[Value]
) -> dict[Value, int]:
    """A number for each shape: equal for nodes of equal ops over equal shapes."""
    known: dict[Any, int] = {}
    shapes: dict[Any, int] = {}
    for node, args in zip(order, operands, strict=True):
        if node in fixed:
            shapes[node] = -1 - len(known)
            known[node] = CONSTANT
        elif not args:
            shapes[node] = CONSTANT
        else:
            inner = [shapes.get(x, CONSTANT) for x in args]  # a float has no shape
            shapes[node] = known.setdefault((node.op, *inner), len(known) + 1)
    return shapes


def _side_by_side(terms: list[Value]) -> list[tuple[str, list[Any]]]:
    """One term of many, step by step, from walking down all of them at once."""
    steps: list[tuple[str, list[Any]]] = []
    done: dict[tuple[int, ...], int] = {}
    stack: list[Any] = [(terms, None)]
    while stack:
        column, operands = stack.pop()
        key = tuple(map(id, column))
        if operands is not None:  # its operands have been walked
            found = []
            for x in operands:
                there = done.get(tuple(map(id, x))) if type(x) is list else None
                found.append(x if there is None else there)
            done[key] = len(steps)
            steps.append((column[0].op, found))
        elif key not in done:
            operands = [
                _operand(xs) for xs in zip(*(node.operands for node in column), strict=True)
            ]
            stack.append((column, operands))
            stack += [(x, None) for x in reversed(operands) if type(x) is list]
    return steps


def _operand(xs: tuple[Any, ...]) -> Any:
    """What stands in one place in all lanes: the same Value, numbers, or nodes to walk on."""
    first = xs[0]
    if type(first) is not float:
        if all(x is first for x in xs):
            return first
        if first.operands:
            return list(xs)
    data = [x if type(x) is float else number(x.data) for x in xs]
    if len({x.hex() for x in data}) == 1:
        return data[0]
    return Numbers(data)
