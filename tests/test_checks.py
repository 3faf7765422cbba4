"""Finite differences: right rows pass, wrong ones are named with how much they are off."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from autodiff.checks import check_gradient, first_nonfinite
from autodiff.op import TABLE, Op
from autodiff.value import Value

# ---------------------------------------------------------------- right

ORDINARY = {"acosh": (1.7,), "clamp": (0.3, -1.0, 1.0), "sign": (0.4,)}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_row_of_the_table(row: Any) -> None:
    count = row.arity or 4
    point = ORDINARY.get(row.name, (0.37, 0.62, 0.81, 0.23)[:count])
    check = check_gradient((lambda *xs: row(xs)) if row.arity is None else row, *point)
    assert check.ok, str(check)
    assert len(check.rows) == count + count * count


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (lambda x: x.exp(), [-700.0]),
        (lambda x: x.log(), [1e-8]),
        (lambda x: x.log(), [1e200]),
        (lambda x: x.atanh(), [1 - 1e-7]),
        (lambda x: x.sigmoid(), [40.0]),
        (lambda x: (1000.0 * x).sin(), [0.0]),
        (lambda x: (2.0 * math.pi * 64.0 * x).sin(), [0.0]),
        (lambda x: x * 0.0 + 5.0, [3.0]),
        (lambda x: x**3.0, [0.0]),
        (lambda x: x + 1.0, [1e-200]),
        (lambda x, y: x if x > y else y * y, [1.0, 2.0]),
        (lambda x, y: 7.0, [1.0, 2.0]),
        (lambda x, y: (x - y).relu(), [1.0, 0.999]),
        (lambda x, y: 1e-9 * x / y, [1e9, 1e-9]),
    ],
)
def test_right_at_awkward_points(function: Callable[..., Value], point: list[float]) -> None:
    check = check_gradient(function, *point)
    assert check, str(check)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=2))
def test_right_anywhere(point: list[float]) -> None:
    check = check_gradient(lambda x, y: (x * y).tanh() + (x - y).sigmoid() * x.cos(), *point)
    assert check, str(check)


@pytest.mark.parametrize(
    ("function", "x", "note"),
    [
        (lambda x: x.relu(), 0.0, "a kink: slope 0 on the left, 1 on the right"),
        (lambda x: abs(x), 0.0, ""),
        (lambda x: x.sqrt(), 0.0, "not compared: no finite values on both sides"),
        (lambda x: x.log(), -1.0, "not compared: no finite values on both sides"),
        (lambda x: x.cbrt(), 0.0, "a vertical tangent"),
    ],
    ids=["relu", "abs", "sqrt", "log", "cbrt"],
)
def test_points_without_a_derivative(function: Callable[..., Value], x: float, note: str) -> None:
    check = check_gradient(function, x, order=1)
    assert check.ok, str(check)
    assert [row.note for row in check.rows] == [note]


# ---------------------------------------------------------------- wrong


@pytest.fixture
def new_op() -> Iterator[Callable[..., Any]]:
    """`Op`, forgotten again after the test."""
    made: list[Any] = []

    def make(*row: Any, **more: Any) -> Any:
        made.append(Op(*row, **more))
        return made[-1]

    yield make
    for op in made:
        del TABLE[op.name]
        delattr(Value, op.name)


def test_a_wrong_partial_is_named(new_op: Any) -> None:
    broken = new_op("broken", lambda x, y: x * y, (lambda out, x, y: y, lambda out, x, y: 1.5 * x))
    check = check_gradient(lambda a, b: broken(a, b).exp(), 0.5, 2.0, order=1)
    assert not check
    assert [row.arguments for row in check.wrong] == [("b",)]
    assert check.wrong[0].off == pytest.approx(0.25 * math.e, rel=1e-9)
    assert str(check) == (
        "wrong: 1 of 2 derivatives of f at a = 0.5, b = 2\n"
        "  df/db: engine 2.038711371, finite difference 1.359140914, off by 0.67957 (+0.5 of it)"
    )


def test_a_wrong_second_derivative_is_named(new_op: Any) -> None:
    half = new_op("half", lambda x: 2.0 * x, [3.0])
    wry = new_op("wry", lambda x: x * x, [lambda out, x: half(x)])
    check = check_gradient(wry, Value(2.0, "w"))
    assert [(r.label, r.engine, r.ok) for r in check.rows] == [
        ("dwry/dw", 4.0, True),
        ("d2wry/dw2", 3.0, False),
    ]


@pytest.mark.parametrize("wrong", [0.0, math.nan, math.inf, -12.0, 12.0 * (1 + 1e-5)])
def test_any_wrong_number_is_seen(new_op: Any, wrong: float) -> None:
    cubic = new_op("cubic", lambda x: x * x * x, [lambda out, x: wrong])
    assert not check_gradient(cubic, 2.0, order=1)


# ---------------------------------------------------------------- recorded graphs


def test_a_recorded_graph_and_names() -> None:
    w, x = Value(0.5, "net.w"), Value(2.0, "net.x")
    y = ((w * x).named("z").sigmoid() * x).named("y")
    for check in (
        check_gradient(y, [w, x]),
        check_gradient(y, ["w", "x"]),
        check_gradient(y, w, x),
    ):
        assert str(check) == "right: 6 derivatives of y at net.w = 0.5, net.x = 2"
    inner = check_gradient(y, "z", order=1)
    assert str(inner) == "right: 1 derivative of y at z = 1"
    assert inner.rows[0].engine == pytest.approx(2.0 * 0.19661193324148185)
    assert (w.grad, x.grad, w.data, y.data) == (0.0, 0.0, 0.5, y.forward())


def test_a_graph_that_does_not_depend() -> None:
    w, x = Value(0.5), Value(2.0)
    check = check_gradient(w.exp(), [w, x])
    assert [row.engine for row in check.rows if "x2" in row.arguments] == [0.0] * 4
    assert check.ok


def test_a_changed_leaf_is_noticed() -> None:
    w = Value(0.5, "w")
    y = w.exp()
    w.data = 1.0
    with pytest.raises(ValueError, match="w changed since"):
        check_gradient(y, [w])


def test_arguments_of_the_check() -> None:
    with pytest.raises(ValueError, match="order is 1 or 2, not 3"):
        check_gradient(lambda x: x, 1.0, order=3)
    with pytest.raises(ValueError, match=r"with respect to what\? check_gradient\(y, \[w, x\]\)"):
        check_gradient(Value(2.0) ** 2)
    with pytest.raises(ValueError, match="2 names are given for 1 arguments"):
        check_gradient(lambda x: x, 1.0, names=["a", "b"])
    assert "at a = 1" in str(check_gradient(lambda x: x, 1.0, names=["a"]))


# ---------------------------------------------------------------- the first nan or inf


def test_first_nonfinite() -> None:
    x = Value(0.0, "x")
    cause = x.log()
    assert first_nonfinite((cause * 2.0).exp() + (cause - cause)) is cause
    assert first_nonfinite(x.exp()) is None
    leaf = Value(math.nan, "leaf")
    assert first_nonfinite(x * leaf) is leaf
    with pytest.raises(TypeError, match="takes the Value to look behind, not 3"):
        first_nonfinite(3)  # type: ignore[arg-type]
    product = x * math.inf
    assert first_nonfinite(product + 1.0) is product


def test_first_nonfinite_of_a_long_chain() -> None:
    cause = y = Value(0.0).log()
    for _ in range(100_000):
        y = y + 1.0
    assert first_nonfinite(y) is cause
