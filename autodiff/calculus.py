"""Gradients that are Values: the chain rule with Values flowing through it.

`grad` walks the graph with `autodiff.graph.sweep` like `backward()`, but the local derivatives are
recorded instead of computed, so the result is a graph over the same leaves: it can be printed,
re-evaluated with `forward()` at another point, compiled, and differentiated again.

One care is needed. In numbers, a branch not taken simply gets nothing. A gradient graph must keep
that when it is re-evaluated where the other branch is taken. So what flows is a pair, the adjoint
and its *reach*: the condition under which anything arrives here at all (`Flow`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from autodiff.graph import check_recorded, sweep, topological
from autodiff.modes import recording
from autodiff.names import describe, find, find_all
from autodiff.op import TABLE, listed, number, quoted, several
from autodiff.ops import alias, gate, where
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

Variable = Value | str
Number = Value | float


class Choice:
    """The slope of a row that selects: where it is zero, nothing flows."""

    __slots__ = ("slope",)

    def __init__(self, slope: Value) -> None:
        self.slope = slope


class Flow:
    """An adjoint under construction, and the condition under which it arrives (None: always)."""

    __slots__ = ("adjoint", "reach")

    def __init__(self, adjoint: Number, reach: Value | None = None) -> None:
        self.adjoint = adjoint
        self.reach = reach

    def __mul__(self, slope: Number | Choice) -> Flow:
        adjoint, reach = self.adjoint, self.reach
        if isinstance(slope, Choice):
            slope = slope.slope
            reach = slope if reach is None else gate(reach, slope)
        elif type(slope) is float and slope in (1.0, -1.0):
            return Flow(adjoint if slope == 1.0 else -adjoint, reach)
        product = slope if type(adjoint) is float and adjoint == 1.0 else adjoint * slope
        return Flow(product if reach is None else gate(reach, product), reach)

    def __add__(self, other: Flow) -> Flow:
        either = None
        if self.reach is not None and other.reach is not None:
            either = (
                self.reach if self.reach is other.reach else where(self.reach, 1.0, other.reach)
            )
        return Flow(self.adjoint + other.adjoint, either)


def recorded_slopes(wanted: Collection[Value]) -> Callable[[Value], list[tuple[Value, Any]]]:
    """`local` for `sweep`: (argument, d node / d argument) as Values, for the arguments in
    `wanted`."""

    def local(node: Value) -> list[tuple[Value, Any]]:
        op = TABLE[node.op]
        slopes: list[tuple[Value, Any]] = []
        partials = op.partials or op.all_partials(node, *node.args)
        for arg, partial in zip(node.args, partials, strict=True):
            if isinstance(arg, Value) and arg in wanted and partial is not None:
                slope = partial(node, *node.args) if callable(partial) else partial
                if not op.selects:
                    slopes.append((arg, slope))
                elif isinstance(slope, Value):
                    slopes.append((arg, Choice(slope)))
                elif slope != 0.0:  # the choice does not depend on anything: it stands
                    slopes.append((arg, slope))
        return slopes

    return local


def gradients(y: Value, xs: Sequence[Value], stop: Collection[Value] = ()) -> list[Number]:
    """dy/dx for each x; a plain float where it does not depend on anything. Nothing behind `stop`
    is seen."""
    order = topological(y, stop=stop, right_first=True)
    wanted = set(xs)
    for node in order:  # from the leaves up: whatever an x flows into is wanted
        if not wanted.isdisjoint(node.args):
            wanted.add(node)
    if y not in wanted:
        return [0.0 for _ in xs]
    path = [node for node in order if node in wanted and (node not in stop or node is y)]
    flows = sweep(y, Flow(1.0), path, recorded_slopes(wanted))
    return [flows[x].adjoint if x in flows else 0.0 for x in xs]


def _recorded(*roots: Value) -> None:
    """Raise TypeError for what is no Value, ValueError for what changed since it was computed."""
    for y in roots:
        if not isinstance(y, Value):
            several = isinstance(y, Iterable)
            remedy = (
                "for a list of them use jacobian or jvp" if several else "give the result itself"
            )
            raise TypeError(
                f"a Value is differentiated, not {quoted(y)} ({type(y).__name__}); {remedy}"
            )
    check_recorded(*roots)


def grad(y: Value, x: Any) -> Any:
    """dy/dx as a Value; a list of Values for a list of x. Touches no `.grad`.

    `x` is a Value or the name of one in the graph. `Value(0.0)` where y does not depend on x.
    Raises ValueError when a leaf was given new data since y was computed, or a name is unknown or
    ambiguous.

    >>> from autodiff.value import Value
    >>> x = Value(3.0, "x")
    >>> grad(x**3, x), grad(grad(x**3, x), x)
    (Value(27), Value(18))
    """
    _recorded(y)
    xs = find_all([y], x)
    taken = set(topological(y))  # d(w*x)/dw is x itself: hand out a node of its own, and only once
    found = []
    for flow in gradients(y, xs):
        slope = (
            Value(flow) if not isinstance(flow, Value) else alias(flow) if flow in taken else flow
        )
        taken.add(slope)
        found.append(slope)
    return found[0] if isinstance(x, (Value, str)) else found


def derivative(y: Value, x: Variable, order: int = 1) -> Value:
    """The derivative of `order` of y with respect to x, as a Value; order 0 is y itself."""
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"order counts derivatives, 0, 1, 2, ..., not {order!r}")
    _recorded(y)
    x = find([y], x)
    with recording():
        for _ in range(order):
            constant = not y.args and y is not x
            y = grad(y, x)
            if constant:  # so are all that follow
                break
    return y


def jacobian(ys: Sequence[Value], xs: Sequence[Variable]) -> list[list[Value]]:
    """dy/dx for each y (rows) and each x (columns), as Values."""
    if isinstance(ys, Value):
        raise TypeError(
            f"jacobian takes a list of Values to differentiate, not the one Value {describe(ys)}; "
            "its gradient is grad(y, xs), as a matrix of one row jacobian([y], xs)"
        )
    ys = listed("jacobian", ys)
    _recorded(*ys)
    found = find_all(ys, xs)
    return [grad(y, found) for y in ys]


def hessian(y: Value, xs: Sequence[Variable]) -> list[list[Value]]:
    """The matrix of second derivatives of y, as Values; symmetric entries are the same Value."""
    _recorded(y)
    found = find_all([y], xs)
    rows: list[list[Value]] = []
    with recording():
        for i, slope in enumerate(grad(y, found)):
            rows.append([rows[j][i] for j in range(i)] + grad(slope, found[i:]))
    return rows


def jvp(ys: Any, xs: Sequence[Variable], tangents: Sequence[Any]) -> Any:
    """The derivative of y (or of each y) along a direction: sum of dy/dx times its tangent, as
    Values.

    One forward walk: a node's tangent is the sum of its local derivatives times its arguments'
    tangents.
    """
    many = several(ys)
    roots = list(ys) if many else [ys]
    _recorded(*roots)
    found = find_all(roots, xs)
    _same_length("tangents", tangents, found)
    order = topological(*roots)
    moving: dict[Value, Any] = {}
    for x, t in zip(found, tangents, strict=True):
        moving[x] = moving.get(x, 0) + (t if isinstance(t, Value) else number(t))
    slopes = recorded_slopes(moving.keys())
    for node in order:
        if not moving.keys().isdisjoint(node.args):
            flows = [Flow(moving[arg]) * slope for arg, slope in slopes(node)]
            if flows:
                moving[node] = sum((flow.adjoint for flow in flows), moving.get(node, 0))
    results = [moving.get(root, 0.0) for root in roots]
    results = [r if isinstance(r, Value) else Value(r) for r in results]
    return results if many else results[0]


def hvp(y: Value, xs: Sequence[Variable], vector: Sequence[Any]) -> list[Value]:
    """The Hessian of y times a vector, as Values, at the cost of a few gradients."""
    _recorded(y)
    found = find_all([y], xs)
    _same_length("the vector", vector, found)
    with recording():
        return list(jvp(grad(y, found), found, vector))


def _same_length(what: str, given: Sequence[Any], xs: Sequence[Any]) -> None:
    if not isinstance(given, Iterable):
        raise TypeError(f"{what} needs a list, one number for each variable, not {quoted(given)}")
    if len(given) != len(xs):
        raise ValueError(f"{what} needs one number for each variable: {len(xs)}, not {len(given)}")
