"""Rows as objects: how one is called, what a user may add, and what is refused."""

import copy
import math
import pickle

import numpy as np
import pytest
from rows import user_rows

import autodiff as ad
from autodiff import Op, Value
from autodiff.op import TABLE, follow, lookup


@pytest.fixture(autouse=True)
def _table_as_before():
    with user_rows():
        yield


def swish():
    return Op(
        "swish",
        lambda x: x * ad.sigmoid(x),
        [lambda out, x: out + ad.sigmoid(x) * (1.0 - out)],
        summary="x sigmoid(x).",
    )


# ---------------------------------------------------------------- rows of users


def test_a_row_of_a_user_is_a_function_and_a_method():
    x = Value(0.5)  # made before the row
    op = swish()
    assert TABLE["swish"] is op
    assert type(op(0.5)) is float
    assert op(0.5) == 0.5 * ad.sigmoid(0.5)
    assert op(x).data == x.swish().data == op(0.5)
    assert (x.swish().op, x.swish().args) == ("swish", (x,))
    assert "swish(x)" in Value.swish.__doc__


def test_a_row_of_a_user_has_derivatives_of_every_order():
    swish()
    x, z = Value(0.7), Value(0.7)
    y, known = x.swish() * x, ad.silu(z) * z
    y.backward()
    assert x.grad == pytest.approx(ad.grad(known, z).data, rel=1e-14)
    for order in (1, 2, 3):
        mine, theirs = ad.derivative(y, x, order), ad.derivative(known, z, order)
        assert mine.data == pytest.approx(theirs.data, rel=1e-12)
    x.data = z.data = -1.2
    assert y.forward() == pytest.approx(known.forward(), rel=1e-14)


def test_a_row_without_derivatives_of_its_own_partials():
    """A partial written for floats only serves `backward`; it cannot be differentiated further."""
    Op("third", lambda x: x / 3.0, [1.0 / 3.0])
    x = Value(6.0)
    y = x.third()
    y.backward()
    assert (y.data, x.grad) == (2.0, 1.0 / 3.0)
    assert ad.derivative(y, x, order=2).data == 0.0


def test_constant_partials_may_be_ints_and_zero_sends_nothing():
    Op("two_x_ignoring_y", lambda x, y: 2.0 * x, (2, 0))
    x, y = Value(3.0), Value(math.inf)
    z = x.two_x_ignoring_y(y)
    z.backward()
    assert (x.grad, y.grad) == (2.0, 0.0)
    assert [g.data for g in ad.grad(z, [x, y])] == [2.0, 0.0]
    assert ad.grad(z * math.inf, y).data == 0.0  # nothing, not 0 * inf


def test_a_row_that_selects_sends_nothing_to_the_other_side():
    Op(
        "first_if_positive",
        lambda x, y: x if x > 0.0 else y,
        (lambda out, x, y: ad.less(0.0, x), lambda out, x, y: ad.less_equal(x, 0.0)),
        selects=True,
    )
    x = Value(0.0)
    z = ad.maximum(x, 1.0).first_if_positive(x.sqrt())
    z.backward()
    assert x.grad == 0.0  # sqrt'(0) is inf
    assert ad.grad(z, x).data == 0.0


def test_a_row_of_many_operands():
    op = Op(
        "sum_of_squares",
        lambda *xs: math.fsum(x * x for x in xs),
        lambda out, *xs: [2.0 * x for x in xs],
        arguments="*xs",
    )
    assert (op.arity, op.signature) == (None, "sum_of_squares(xs)")
    assert op([3.0, 4.0]) == 25.0
    assert op([]) == 0.0
    xs = [Value(float(i)) for i in range(5)]
    y = op([*xs, 2.0])
    y.backward()
    assert (y.data, [x.grad for x in xs]) == (34.0, [0.0, 2.0, 4.0, 6.0, 8.0])
    assert [g.data for g in ad.grad(y, xs)] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert ad.hessian(y, xs)[3][3].data == 2.0
    assert not hasattr(Value, "sum_of_squares")  # it takes a list
    for bad in ((1.0, 2.0), (1.0,), (xs[0],), ()):
        with pytest.raises(TypeError, match=r"takes (one|a) list"):
            op(*bad)
    with pytest.raises(TypeError, match=r"takes (one|a) list"):
        op([1.0], slope=2.0)


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_row_of_many_operands_with_a_wrong_count_of_partials_is_noticed(count):
    op = Op("total", lambda *xs: sum(xs), lambda out, *xs: [1.0] * count, arguments="*xs")
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    y = op(xs)
    with pytest.raises(ValueError):  # noqa: PT011
        ad.grad(y, xs)
    with pytest.raises(ValueError):  # noqa: PT011
        y.backward()
    assert [x.grad for x in xs] == [0.0, 0.0, 0.0]


def test_aliases_are_names_too():
    Op("twice", lambda x: 2.0 * x, (2,), aliases=["double", "dbl"])
    x = Value(3.0)
    assert x.double().data == x.dbl().data == 6.0
    assert x.double().op == "twice"
    assert lookup("dbl") is lookup("twice")


def test_a_row_with_a_forward_that_gives_other_numbers():
    """The engine computes in float64, whatever a row of a user returns."""
    for name, forward in {
        "gives_int": lambda x: int(x),
        "gives_bool": lambda x: x > 1.0,
        "gives_numpy": lambda x: np.float64(x),
        "gives_float32": lambda x: np.float32(x),
    }.items():
        op = Op(name, forward, (1,))
        assert type(op(Value(2.5)).data) is float
        assert op(Value(2.5)).data == op(2.5) == float(forward(2.5))


# ---------------------------------------------------------------- rows that are refused

REFUSED = {
    "a row of the table": (("exp", abs, (1,)), {}, "exp"),
    "an alias of the table": (("abs", abs, (1,)), {}, "abs"),
    "an alias that is taken": (("fresh", abs, (1,)), {"aliases": ["tanh"]}, "tanh"),
    "an attribute of Value": (("data", abs, (1,)), {}, "data"),
    "a method of Value": (("backward", abs, (1,)), {}, "backward"),
    "an alias that is an attribute": (("fresh", abs, (1,)), {"aliases": ["grad"]}, "grad"),
    "no identifier": (("my op", abs, (1,)), {}, "my op"),
    "starts with a digit": (("2x", abs, (1,)), {}, "2x"),
    "empty": (("", abs, (1,)), {}, "identifier"),
    "too few partials": (("fresh", abs, (1,)), {"arguments": "x, y"}, "one partial for each"),
    "too many partials": (("fresh", abs, (1, 1)), {"arguments": "x"}, "one partial for each"),
    "one function for two": (("fresh", abs, abs), {"arguments": "x, y"}, "one partial for each"),
    "no partials": (("fresh", abs, ()), {}, ""),
    "four without names": (("fresh", abs, (1, 1, 1, 1)), {}, ""),
    "partials of a list one by one": (("fresh", abs, (1, 1)), {"arguments": "*xs"}, ""),
    "a default before the last": (("fresh", abs, (1, 1)), {"arguments": "x=1, y"}, ""),
    "two arguments of one name": (("fresh", abs, (1, 1)), {"arguments": "x, x"}, ""),
}


@pytest.mark.parametrize(("positional", "keywords", "word"), REFUSED.values(), ids=REFUSED)
def test_a_refused_row_leaves_no_trace(positional, keywords, word):
    rows, methods = dict(TABLE), set(vars(Value))
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Op(*positional, **keywords)
    assert word in str(error.value)
    assert rows == TABLE
    assert set(vars(Value)) == methods
    with pytest.raises(KeyError):
        lookup("fresh")


def test_a_name_is_taken_once():
    swish()
    with pytest.raises(ValueError, match=r"swish.*choose another name"):
        swish()


def test_unknown_rows_are_answered_with_near_ones():
    with pytest.raises(KeyError, match=r"did you mean.*sigmoid"):
        lookup("sigmiod")
    with pytest.raises(KeyError, match="no op called 'qqqqq'"):
        lookup("qqqqq")
    with pytest.raises(AttributeError):
        Value(1.0).sigmiod()


# ---------------------------------------------------------------- calling a row

CALLS = {
    "default": lambda x: ad.leaky_relu(x),
    "keyword": lambda x: ad.leaky_relu(x, slope=0.01),
    "position": lambda x: ad.leaky_relu(x, 0.01),
    "all keywords": lambda x: ad.leaky_relu(slope=0.01, x=x),
}
METHOD_CALLS = {
    "method": lambda x: x.leaky_relu(),
    "method keyword": lambda x: x.leaky_relu(slope=0.01),
    "method position": lambda x: x.leaky_relu(0.01),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("number", [-2.0, 3.0, -2, np.float64(-2.0)])
def test_keywords_and_defaults_of_functions(call, number):
    expected = float(number) if number > 0 else 0.01 * float(number)
    assert call(number) == expected
    assert type(call(number)) is float
    y = call(Value(number))
    assert y.data == expected
    assert y.args[1] == 0.01


@pytest.mark.parametrize("call", METHOD_CALLS.values(), ids=METHOD_CALLS)
def test_keywords_and_defaults_of_methods(call):
    x = Value(-2.0)
    y = call(x)
    y.backward()
    assert (y.data, y.args, x.grad) == (-0.02, (x, 0.01), 0.01)


def test_keywords_take_values_too():
    x, slope = Value(-2.0), Value(0.1)
    y = x.leaky_relu(slope=slope)
    y.backward()
    assert (y.data, x.grad, slope.grad) == (-0.2, 0.1, -2.0)
    low, high = Value(-1.0), Value(1.0)
    y = ad.clamp(x, high=high, low=low)
    y.backward()
    assert (y.data, low.grad, high.grad) == (-1.0, 1.0, 0.0)
    assert x.clamp(0, high=1).data == 0.0
    assert ad.clamp(5.0, low=0, high=1) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: ad.exp(),
        lambda: ad.exp(1.0, 2.0),
        lambda: ad.exp(Value(1.0), 2.0),
        lambda: ad.hypot(1.0),
        lambda: ad.hypot(Value(1.0)),
        lambda: ad.leaky_relu(),
        lambda: ad.leaky_relu(1.0, 0.1, 0.2),
        lambda: ad.leaky_relu(1.0, 0.1, slope=0.2),
        lambda: ad.leaky_relu(1.0, alpha=0.2),
        lambda: ad.exp(1.0, base=2.0),
        lambda: ad.exp(Value(1.0), base=2.0),
        lambda: ad.clamp(Value(1.0), high=2.0),
        lambda: ad.clamp(Value(1.0), 0.0),
        lambda: Value(1.0).exp(2.0),
        lambda: Value(1.0).hypot(),
        lambda: Value(1.0).leaky_relu(0.1, slope=0.2),
        lambda: Value(1.0).leaky_relu(x=2.0),
        lambda: Value(1.0).clamp(low=1.0),
    ],
)
def test_wrong_calls_are_type_errors(call):
    with pytest.raises(TypeError):
        call()


def test_a_wrong_call_shows_how_the_row_is_called():
    with pytest.raises(TypeError, match=r"leaky_relu\(x, slope=0\.01\).*alpha"):
        ad.leaky_relu(Value(1.0), alpha=0.2)


def test_any_default_may_be_given_by_keyword():
    op = Op("line", lambda x, a, b: a * x + b, (1, 1, 1), arguments="x, a=1.0, b=2.0")
    assert op.signature == "line(x, a=1, b=2)"
    assert op(3.0) == 5.0
    assert op(3.0, 2.0) == 8.0
    assert op(3.0, a=2.0) == 8.0
    assert op(3.0, b=0.0, a=2.0) == 6.0
    assert op(3.0, b=0.0) == 3.0  # a keeps its default
    assert Value(3.0).line(b=0.0).data == 3.0


def test_plain_numbers_give_a_float_and_values_a_value():
    from fractions import Fraction

    for number in (1, True, Fraction(1, 2), np.float32(0.5), np.int64(2), np.array(0.5), 0.5):
        assert type(ad.exp(number)) is float
        assert ad.exp(number) == math.exp(float(number))
        assert type(ad.maximum(number, 0)) is float
        assert type(ad.exp(Value(number))) is Value


# ---------------------------------------------------------------- what a row says, copies


def test_a_row_describes_itself():
    op = lookup("leaky_relu")
    assert repr(op) == "<op leaky_relu(x, slope=0.01)>"
    assert (op.arguments, op.defaults, op.arity, op.tier) == (
        ("x", "slope"),
        (0.01,),
        2,
        "composed",
    )
    assert lookup("exp").tier == "elementary"
    assert lookup("abs").name == "absolute"
    assert Op("plain", lambda x, y: x, (1, 0)).signature == "plain(x, y)"
    assert Op("plainer", lambda x: x, lambda out, x: 1.0).signature == "plainer(x)"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_row_is_the_row(protocol):
    op = swish()
    for row in (op, lookup("tanh"), lookup("pow"), lookup("logsumexp")):
        assert pickle.loads(pickle.dumps(row, protocol)) is row
        assert copy.deepcopy(row) is row
        assert copy.copy(row) is row


def test_graphs_of_user_rows_are_copied():
    swish()
    x = Value(0.5)
    y, z = pickle.loads(pickle.dumps([x.swish(), x]))
    y.backward()
    assert z.grad == pytest.approx(ad.grad(x.swish(), x).data)


def test_followers_hear_of_rows_past_and_future():
    from autodiff import op as module

    before, heard = list(module._followers), []
    try:
        follow(heard.append)
        assert heard == list(TABLE.values())
        assert swish() is heard[-1]
    finally:
        module._followers[:] = before
