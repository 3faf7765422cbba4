"""Is the engine right? Gradients against finite differences, and where the first nan or inf arose.

A finite difference asks the function only for its values, so it shares nothing with the chain
rule. Here it is a central difference at shrinking steps, extrapolated to step zero (Richardson),
which keeps the estimate whose own error looks smallest (Ridders): ten to twelve digits for a
smooth function, and an honest error where the function is rough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf, isfinite, isinf, isnan, nan
from types import FunctionType
from typing import Any, NamedTuple

from autodiff.graph import check_recorded, local_slopes, sweep, topological
from autodiff.op import TABLE, Op, each_of, quoted
from autodiff.value import Value, record

EPSILON = 2.0**-52
FIRST_STEP, SHRINK, STEPS = 0.047, 3.3, 16  # no round numbers: a step must not fit a period
SAFETY = 10.0  # how much larger than its estimate the error of a finite difference may be


class Derivative(NamedTuple):
    """What the engine says beside the finite difference, which is known to +- `error`."""

    label: str  # "dy/dx1", "d2y/dx1 dx2"
    arguments: tuple[str, ...]
    engine: float
    difference: float
    error: float
    ok: bool
    note: str  # why a row that cannot be compared counts as right

    @property
    def off(self) -> float:
        """How much the engine's number is too large."""
        return self.engine - self.difference

    def __str__(self) -> str:
        text = f"{self.label}: engine {self.engine:.10g}, finite difference {self.difference:.10g}"
        if self.ok:
            return text + (f" ({self.note})" if self.note else "")
        share = f" ({self.off / self.difference:+.3g} of it)" if self.difference else ""
        return f"{text}, off by {self.off:.6g}{share}"


class GradientCheck:
    """What `check_gradient` found, a `Derivative` for each of `.rows`; true when all agree."""

    __slots__ = ("place", "rows")

    def __init__(self, place: str, rows: Sequence[Derivative]) -> None:
        self.place = place
        self.rows = tuple(rows)

    @property
    def wrong(self) -> tuple[Derivative, ...]:
        """The rows that disagree, the worst first."""
        rows = [row for row in self.rows if not row.ok]
        return tuple(sorted(rows, key=lambda row: -abs(row.off) if isfinite(row.off) else -inf))

    @property
    def ok(self) -> bool:
        """Whether every derivative agrees with its finite difference."""
        return not self.wrong

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        total = f"{len(self.rows)} derivative{'s' if len(self.rows) != 1 else ''} {self.place}"
        noted = [row for row in self.rows if row.ok and row.note]
        if self.ok:
            return "\n  ".join([f"right: {total}", *map(str, noted)])
        count = f"wrong: {len(self.wrong)} of {total}"
        return "\n  ".join([count, *map(str, (*self.wrong, *noted))])

    __repr__ = __str__


# ---------------------------------------------------------------- the two verbs


def check_gradient(
    function: Callable[..., Any] | Value,
    *arguments: Any,
    order: int = 2,
    rtol: float = 1e-6,
    names: Sequence[str] | None = None,
) -> GradientCheck:
    """Compare the engine's first (and, for order 2, second) derivatives with finite differences.

    Either `check_gradient(f, 0.5, 2.0)`: a function of Values and the point; or `check_gradient(y,
    [w, x])`: a recorded graph and some of its Values, or their names. Neither changes anything in
    the graph. A derivative is right when it is off by less than `rtol` of its size plus what the
    difference itself does not know; at a kink it is right between the slopes of the two sides. n
    arguments cost about 10*n evaluations for order 1 and 10*n gradients for order 2.

    >>> check_gradient(lambda x, y: x * y.exp(), 0.5, 2.0)
    right: 6 derivatives of f at x = 0.5, y = 2
    >>> check_gradient(lambda x: x * x.data, 2.0, order=1)  # .data is not recorded
    wrong: 1 of 1 derivative of f at x = 2
      df/dx: engine 2, finite difference 4, off by -2 (-0.5 of it)

    Raises ValueError when the order is neither 1 nor 2, or the graph's leaves changed since.
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {order!r}")
    if isinstance(function, Value):
        function, arguments = _as_function(function, arguments)
    elif not callable(function):
        raise TypeError(f"check_gradient takes a function or a Value, not {quoted(function)}")
    point = [Value(a.data if isinstance(a, Value) else a).data for a in arguments]
    if names is None:
        names = _argument_names(function, arguments)
    elif len(each_of(str, names, "names of arguments are texts")) != len(point):
        raise ValueError(f"{len(names)} names are given for {len(point)} arguments")
    return _check(_Function(function, point), list(names), order, rtol)


def first_nonfinite(y: Value) -> Value | None:
    """Return the Value where the first nan or inf behind y arose, or None when all is finite.

    Its operands are finite; a leaf is returned when it was given as nan or inf.

    >>> x = Value(0.0, "x")
    >>> first_nonfinite((x.log() * 2.0 + 1.0).exp() - x)
    Value(-inf)
    """
    if not isinstance(y, Value):
        raise TypeError(f"first_nonfinite takes the Value to look behind, not {quoted(y)}")
    return next((node for node in topological(y) if not isfinite(node.data)), None)


# ---------------------------------------------------------------- the function under test


class _Function:
    """A function of n numbers and its gradient, evaluated along one argument at a time."""

    def __init__(self, function: Callable[..., Any], point: list[float]) -> None:
        self.function = function
        self.point = point
        self.gradients: dict[tuple[int, float], list[float]] = {}
        self.name = getattr(function, "name", "") or getattr(function, "__name__", "f")
        if not self.name.replace(".", "_").isidentifier():
            self.name = "f"  # a lambda

    def record(self, j: int = 0, x: float | None = None) -> tuple[Value, list[Value]]:
        """Record the function, with argument j moved to x; return the result and the leaves."""
        leaves = [Value(number) for number in self.point]
        if x is not None:
            leaves[j].data = x
        y = self.function(*leaves)
        return (y if isinstance(y, Value) else Value(y)), leaves

    def at(self, j: int, x: float) -> float:
        return self.record(j, x)[0].data

    def gradient(self, j: int, x: float) -> list[float]:
        if (j, x) not in self.gradients:
            self.gradients[j, x] = _numbers(*self.record(j, x))
        return self.gradients[j, x]


def _numbers(y: Value, leaves: list[Value]) -> list[float]:
    """d y / d leaf as numbers, by the sweep that `backward` makes, touching no `.grad`."""
    adjoints = sweep(y, 1.0, topological(y), local_slopes)
    return [adjoints.get(leaf, 0.0) for leaf in leaves]


def _as_function(y: Value, wanted: tuple[Any, ...]) -> tuple[Callable[..., Value], tuple[Any, ...]]:
    """Turn a recorded graph into the function of some of its Values that it records."""
    from autodiff.names import find

    check_recorded(y)
    if len(wanted) == 1 and isinstance(wanted[0], Iterable) and not isinstance(wanted[0], str):
        wanted = tuple(wanted[0])
    if not wanted:
        raise ValueError(f"with respect to what? check_gradient({y.name or 'y'}, [w, x])")
    xs = tuple(find([y], x) for x in wanted)
    order = topological(y, stop=frozenset(xs))

    def function(*leaves: Value) -> Value:
        fresh: dict[Any, Value] = dict(zip(xs, leaves, strict=True))
        for node in order:
            if node not in fresh and any(arg in fresh for arg in node.args):
                fresh[node] = record(TABLE[node.op], [fresh.get(arg, arg) for arg in node.args])
        return fresh.get(y, y)

    function.__name__ = y.name or "y"
    return function, xs


def _argument_names(function: Any, arguments: Sequence[Any]) -> list[str]:
    """Names of the Values, else those the function gives its arguments, else x1, x2, ..."""
    given: Sequence[str] = ()
    if isinstance(function, Op):
        given = function.arguments
    elif isinstance(function, FunctionType):
        given = function.__code__.co_varnames[: function.__code__.co_argcount]
    if len(given) != len(arguments):
        given = [f"x{i}" for i in range(1, len(arguments) + 1)]
    return [getattr(a, "name", "") or name for a, name in zip(arguments, given, strict=True)]


# ---------------------------------------------------------------- comparing


def _check(function: _Function, names: list[str], order: int, rtol: float) -> GradientCheck:
    from autodiff.calculus import grad

    y, leaves = function.record()
    f, point = function.name, function.point
    rows = []
    for j, engine in enumerate(_numbers(y, leaves)):
        judged = _judge(engine, lambda x, j=j: function.at(j, x), point[j], rtol)  # type: ignore[misc]
        rows.append(Derivative(f"d{f}/d{names[j]}", (names[j],), engine, *judged))
    for i, slope in enumerate(grad(y, leaves) if order == 2 else ()):
        for j, engine in enumerate(_numbers(slope, leaves)):
            judged = _judge(engine, lambda x, i=i, j=j: function.gradient(j, x)[i], point[j], rtol)  # type: ignore[misc]
            pair = f"d{names[i]} d{names[j]}" if i != j else f"d{names[i]}2"
            rows.append(Derivative(f"d2{f}/{pair}", (names[i], names[j]), engine, *judged))
    place = ", ".join(f"{name} = {x:.6g}" for name, x in zip(names, point, strict=True))
    return GradientCheck(f"of {f} at {place}", rows)


def _judge(
    engine: float, f: Callable[[float], float], x: float, rtol: float
) -> tuple[float, float, bool, str]:
    """Return the finite difference, its error, whether the engine agrees, and a remark."""
    difference, error = _difference(f, x)
    if isnan(difference):
        return difference, error, True, "not compared: no finite values on both sides"
    tolerance = rtol * max(abs(engine), abs(difference)) + SAFETY * error
    if isfinite(engine) and abs(engine - difference) <= tolerance:
        known = not engine or SAFETY * error < 0.001 * abs(engine)
        return difference, error, True, "" if known else f"known to {error:.1g} only"
    steps = [(abs(x) or 1.0) * 2.0**-k for k in (20, 24)]
    sides = [((f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h) for h in steps]
    (left, right), (nearer_left, nearer_right) = sides
    jumps = abs(nearer_right - nearer_left) > 0.5 * abs(right - left) > 1e-4 * abs(left + right)
    slack = rtol * max(abs(left), abs(right))
    if jumps and min(left, right) - slack <= engine <= max(left, right) + slack:
        kink = f"a kink: slope {left:.6g} on the left, {right:.6g} on the right"
        return difference, error, True, kink
    if isinf(engine) and abs(nearer_right) > 2.0 * abs(right) and nearer_right * engine > 0.0:
        return difference, error, True, "a vertical tangent"
    return difference, error, False, ""


def _difference(f: Callable[[float], float], x: float) -> tuple[float, float]:
    """Return df/dx and its error, the better of steps in proportion to |x| and to 1."""
    scales = [abs(x), 1.0] if x else [1.0]
    best, error = nan, inf
    for scale in scales:
        if not error <= 1e-9 * abs(best):
            best, error = min((best, error), _extrapolate(f, x, scale), key=lambda found: found[1])
    return best, error


def _extrapolate(f: Callable[[float], float], x: float, scale: float) -> tuple[float, float]:
    """Central differences at shrinking steps, extrapolated; the entry with the smallest error."""
    best, error = nan, inf
    earlier: list[float] = []
    for k in range(STEPS):
        low, high = x - scale * FIRST_STEP / SHRINK**k, x + scale * FIRST_STEP / SHRINK**k
        f_low, f_high = f(low), f(high)
        width = high - low
        if not width or not isfinite(f_high - f_low):
            earlier = []  # a step out of the domain says nothing about the smaller ones
            continue
        noise = EPSILON * (abs(f_low) + abs(f_high)) / width
        row = [(f_high - f_low) / width]
        for power, coarse in enumerate(earlier, 1):
            finer = row[-1] + (row[-1] - coarse) / (SHRINK ** (2 * power) - 1.0)
            guess = max(abs(finer - row[-1]), abs(finer - coarse)) + noise
            if guess < error:
                best, error = finer, guess
            row.append(finer)
        if error <= 1e-11 * abs(best):
            break
        earlier = row
    return best, error
