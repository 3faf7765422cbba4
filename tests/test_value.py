"""A Value as a number: what it is made of, what it refuses, and how it compares."""

import decimal
import fractions
import math
import operator
import re
import warnings

import numpy as np
import pytest

import autodiff as ad
from autodiff import Value

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
UNARY_NUMBER = {
    "float": float,
    "int": int,
    "index": operator.index,
    "math.exp": math.exp,
    "math.sqrt": math.sqrt,
    "complex": complex,
    "range": range,
    "list index": lambda v: [1, 2, 3][v],
}

REAL = {
    "int": 3,
    "float": 0.75,
    "bool": True,
    "Fraction": fractions.Fraction(3, 4),
    "np.float64": np.float64(1.5),
    "np.float32": np.float32(0.5),
    "np.float16": np.float16(0.5),
    "np.int64": np.int64(2),
    "np.uint8": np.uint8(3),
    "np.bool_": np.bool_(True),
    "np 0-d": np.array(2.5),
    "np 0-d int": np.array(2),
}

# What is refused, how, and words of the remedy that the message must name.
REFUSED = {
    "complex": (1 + 2j, TypeError, "x.real"),
    "np.complex128": (np.complex128(1j), TypeError, "x.real"),
    "Decimal": (decimal.Decimal("0.5"), TypeError, "float(x)"),
    "Decimal zero": (decimal.Decimal(0), TypeError, "float(x)"),
    "str": ("3", TypeError, "ad.parse"),
    "bytes": (b"3", TypeError, "use a real number"),
    "None": (None, TypeError, "missing"),
    "list": ([4.0, 5.0], TypeError, "[Value(e) for e in xs]"),
    "empty list": ([], TypeError, "[Value(e) for e in xs]"),
    "tuple": ((1.0,), TypeError, "[Value(e) for e in xs]"),
    "array": (np.array([1.0, 2.0]), TypeError, "[Value(e) for e in xs]"),
    "array of one": (np.array([1.0]), TypeError, "[Value(e) for e in xs]"),
    "array of zeros": (np.zeros(2), TypeError, "[Value(e) for e in xs]"),
    "empty array": (np.zeros(0), TypeError, "[Value(e) for e in xs]"),
    "int array": (np.array([0, 1]), TypeError, "[Value(e) for e in xs]"),
    "matrix": (np.eye(2), TypeError, "[Value(e) for e in xs]"),
    "dict": ({}, TypeError, "use a real number"),
    "set": ({1}, TypeError, "use a real number"),
    "function": (math.exp, TypeError, "use a real number"),
    "huge int": (10**400, OverflowError, "float64"),
    "huge negative int": (-(10**400), OverflowError, "float64"),
    "huge Fraction": (fractions.Fraction(10**400), OverflowError, "float64"),
}

each_binary = pytest.mark.parametrize("apply", BINARY.values(), ids=BINARY)
each_comparison = pytest.mark.parametrize("compare", COMPARISONS.values(), ids=COMPARISONS)
each_real = pytest.mark.parametrize("number", REAL.values(), ids=REAL)
each_refused = pytest.mark.parametrize(("given", "error", "remedy"), REFUSED.values(), ids=REFUSED)


def refuses(error, remedy):
    """A context that expects this error, and the words of the remedy somewhere in its message."""
    return pytest.raises(error, match=re.escape(remedy))


# ---------------------------------------------------------------- making one


@each_real
def test_real_numbers_become_float64(number):
    v = Value(number)
    assert type(v.data) is float
    assert v.data == float(number)
    assert (v.grad, v.name, v.op, v.args) == (0.0, "", "", ())


@each_refused
def test_other_things_are_refused_with_a_remedy(given, error, remedy):
    with refuses(error, remedy):
        Value(given)


def test_what_cannot_be_shown_is_refused_all_the_same():
    with refuses(TypeError, "[Value(e) for e in xs]"):
        Value([10**5000])  # Python refuses to print an int of more than 4300 digits


def test_a_long_operand_is_shown_shortened():
    with pytest.raises(TypeError) as error:
        Value([0.5] * 100_000)
    assert len(str(error.value)) < 300


def test_data_given_as_an_integer_are_a_float_in_the_next_node():
    for op in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        x = Value(1.0)
        x.data = 3
        y = op(x, 2.0)
        assert (y.point, type(y.point[0]), type(x.data)) == ((3.0, 2.0), float, float)


def test_a_value_of_a_value_is_refused():
    with refuses(TypeError, "v.data"):
        Value(Value(1.0))


def test_nan_infinity_and_minus_zero_are_numbers():
    assert math.isnan(Value(math.nan).data)
    assert Value(-math.inf).data == -math.inf
    assert math.copysign(1.0, Value(-0.0).data) == -1.0


def test_repr_shows_name_number_and_gradient():
    x = Value(0.734921, "out_o1")
    assert repr(x) == "Value(out_o1=0.73492)"
    assert repr(Value(2)) == "Value(2)"
    x.square().backward()
    assert repr(x) == "Value(out_o1=0.73492, grad=1.4698)"
    assert repr(Value(math.nan)) == "Value(nan)"


def test_a_format_is_that_of_the_number():
    x = Value(0.734921, "out_o1")
    assert (f"{x:.2f}", f"{x:8.1e}", f"{x}") == ("0.73", " 7.3e-01", str(x))


# ---------------------------------------------------------------- operands


@each_binary
@each_real
def test_operators_take_real_numbers_on_either_side(apply, number):
    v = Value(1.25)
    plain = float(number)
    for y, expected, args in (
        (apply(v, number), apply(1.25, plain), (v, plain)),
        (apply(number, v), apply(plain, 1.25), (plain, v)),
    ):
        assert type(y) is Value
        assert type(y.data) is float
        assert y.data == expected
        assert y.args == args
        assert all(type(arg) in (Value, float) for arg in y.args)


@each_binary
@each_real
def test_numbers_beside_a_value_are_constants_of_the_gradient(apply, number):
    h, plain = 1e-6, float(number)
    for f in (lambda v: apply(v, number), lambda v: apply(number, v)):
        v = Value(1.25)
        f(v).backward()
        difference = (f(Value(1.25 + h)).data - f(Value(1.25 - h)).data) / (2 * h)
        assert v.grad == pytest.approx(difference, rel=1e-7, abs=1e-9), plain


@each_binary
@each_refused
def test_operators_refuse_bad_operands_on_either_side(apply, given, error, remedy):
    v = Value(1.25)
    with refuses(error, remedy):
        apply(v, given)
    if isinstance(given, fractions.Fraction) and apply is operator.pow:
        remedy = "too large"  # Fraction makes itself a float before it asks us
    with refuses(error, remedy):
        apply(given, v)


@each_comparison
@each_refused
def test_comparisons_refuse_bad_operands_on_either_side(compare, given, error, remedy):
    v = Value(1.25)
    with refuses(error, remedy):
        compare(v, given)
    with refuses(error, remedy):
        compare(given, v)


@each_refused
def test_functions_refuse_bad_operands(given, error, remedy):
    for call in (
        lambda: ad.exp(given),
        lambda: ad.hypot(Value(1.0), given),
        lambda: ad.hypot(given, 1.0),
        lambda: Value(1.0).maximum(given),
        lambda: ad.clamp(Value(1.0), low=given, high=2.0),
        lambda: ad.logsumexp([Value(1.0), given]),
        lambda: ad.sum([1.0, given]),
        lambda: ad.dot([Value(1.0)], [given]),
    ):
        with refuses(error, remedy):
            call()


@pytest.mark.parametrize("convert", UNARY_NUMBER.values(), ids=UNARY_NUMBER)
def test_a_value_does_not_turn_into_a_plain_number_by_itself(convert):
    with pytest.raises(TypeError) as error:
        convert(Value(1.0))
    for remedy in ("v.exp()", "ad.exp(v)", "v.data"):
        assert remedy in str(error.value)


@pytest.mark.parametrize("function", [np.exp, np.sqrt, np.abs, np.sin, np.isfinite])
def test_numpy_functions_refuse_a_value(function):
    with pytest.raises(TypeError):
        function(Value(1.0))


def test_numpy_scalars_leave_the_operator_to_the_value():
    v = Value(3.0)
    y = np.float64(2) * v
    assert type(y) is Value
    assert y.args == (2.0, v)
    y.backward()
    assert v.grad == 2.0
    assert type(v.grad) is float


@pytest.mark.parametrize("array", [np.array([1, 2]), np.array([0.0, 0.0]), np.ones((2, 2))])
@each_binary
def test_numpy_arrays_are_refused_and_not_filled_with_values(apply, array):
    with refuses(TypeError, "ad.dot"):
        apply(array, Value(2.0))
    with refuses(TypeError, "ad.dot"):
        apply(Value(2.0), array)


@pytest.mark.parametrize(
    "apply",
    [
        operator.floordiv,
        operator.mod,
        operator.matmul,
        operator.lshift,
        operator.and_,
        operator.or_,
        operator.xor,
    ],
)
def test_operators_without_a_derivative_do_not_exist(apply):
    with pytest.raises(TypeError):
        apply(Value(2.0), Value(1.0))


def test_arithmetic_never_raises():
    zero, one, big = Value(0.0), Value(1.0), Value(1e308)
    assert (one / zero).data == math.inf
    assert (-one / zero).data == -math.inf
    assert math.isnan((zero / zero).data)
    assert (1 / zero).data == math.inf
    assert (zero**-1).data == math.inf
    assert (zero**0).data == 1.0
    assert (0**zero).data == 1.0
    assert math.isnan(((-one) ** 0.5).data)  # never complex
    assert (big * big).data == math.inf
    assert (big + big).data == math.inf
    assert (10**big).data == math.inf
    assert math.isnan((-one).log().data)
    assert Value(710.0).exp().data == math.inf
    assert Value(-1000.0).sigmoid().data == 0.0


def test_the_builtin_sum_adds_values():
    x, y = Value(2.0), Value(3.0)
    total = sum([x, y])
    assert (total.data, total.op, total.args) == (5.0, "add", (x, y))  # no 0 in the formula
    assert sum([x]) is x
    assert sum([]) == 0
    assert (0.0 + x).args == (0.0, x)  # written by the user, and kept
    assert (False + x).args == (0.0, x)


def test_plus_is_the_same_node_and_minus_a_new_one():
    x = Value(2.0)
    assert +x is x
    assert ((-x).data, (-x).op, abs(-x).data) == (-2.0, "neg", 2.0)


def test_power_takes_values_on_both_sides():
    x, y = Value(2.0), Value(3.0)
    z = x**y
    z.backward()
    assert z.data == 8.0
    assert x.grad == 12.0
    assert y.grad == pytest.approx(8.0 * math.log(2.0), rel=1e-15)
    assert (2**y).data == 8.0
    with pytest.raises(TypeError):
        pow(x, 2, 5)


# ---------------------------------------------------------------- comparing


@each_comparison
@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (math.nan, 2.0)])
def test_comparisons_compare_the_numbers(compare, a, b):
    assert compare(Value(a), Value(b)) is compare(a, b)
    assert compare(Value(a), b) is compare(a, b)
    assert compare(a, Value(b)) is compare(a, b)
    assert compare(np.float64(a), Value(b)) is compare(a, b)
    assert compare(Value(a), np.float64(b)) is compare(a, b)


def test_equality_and_hash_are_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert a != 1.0
    assert a != np.float64(1.0)
    assert np.float64(1.0) != a
    assert len({a, b}) == 2
    table = {a: "a", b: "b"}
    assert (table[a], table[b]) == ("a", "b")
    a.data = 5.0
    assert table[a] == "a"
    assert [a, b].index(b) == 1


def test_truth_is_that_of_the_number():
    assert not Value(0.0)
    assert not Value(-0.0)
    assert Value(0.1)
    assert Value(math.nan)


def test_values_can_be_sorted_and_compared_by_builtins():
    a, b, c = Value(2.0), Value(3.0), Value(1.0)
    assert sorted([a, b, c]) == [c, a, b]
    assert max([a, b, c]) is b
    assert min(a, 2.5) is a


# ---------------------------------------------------------------- attributes and names


def test_a_mistyped_attribute_is_an_error():
    v = Value(1.0)
    with pytest.raises(AttributeError):
        v.dta = 2.0
    with pytest.raises(AttributeError):
        v.gard  # noqa: B018


def test_the_arguments_of_a_node_cannot_be_changed():
    x = Value(1.0)
    y = x * 2.0
    with pytest.raises(AttributeError):
        y.args = (x, x)
    with pytest.raises(AttributeError):
        del y.args
    assert type(y.args) is tuple


def test_names_are_given_once():
    v = Value(1.0)
    assert v.named("out") is v
    assert v.named("out") is v
    with pytest.raises(ValueError, match=r"out.*\.alias\('i_r'\)"):
        v.named("i_r")
    assert v.name == "out"
    second = v.alias("i_r")
    assert (second.name, second.data, second.op, second.args) == ("i_r", 1.0, "alias", (v,))
    second.backward()
    assert v.grad == 1.0


@pytest.mark.parametrize("name", ["", " ", None, 5, b"w"])
def test_a_name_is_a_text(name):
    with pytest.raises(TypeError, match="a name is a text"):
        Value(1.0).named(name)


def test_a_refused_name_changes_nothing():
    v = Value(1.0, "a")
    for name in ("", "b"):
        with pytest.raises((TypeError, ValueError)):
            v.named(name)
    assert v.name == "a"


# ---------------------------------------------------------------- data given to leaves later


@pytest.mark.parametrize("data", [3, True, fractions.Fraction(3), np.float64(3.0), np.int64(3)])
def test_a_leaf_may_be_given_other_numbers_and_float64_goes_on(data):
    x = Value(1.0)
    x.data = data
    y = x * x + x.sqrt() - 1 / x + 2**x
    y.backward()
    plain = float(data)
    assert y.data == plain * plain + math.sqrt(plain) - 1 / plain + 2**plain
    assert type(y.data) is float
    slope = 2 * plain + 0.5 / math.sqrt(plain) + 1 / plain**2 + 2**plain * math.log(2)
    assert x.grad == pytest.approx(slope, rel=1e-15)
    assert type(x.grad) is float
    assert ad.grad(y, x).data == pytest.approx(slope, rel=1e-15)
    y.forward()
    assert type(x.data) is float


def test_an_int_given_as_data_does_not_compute_in_ints():
    x = Value(1.0)
    x.data = 2**60 + 1
    assert (x * x).data == float(2**60 + 1) ** 2
    x.data = 10**200
    assert (x * x).data == math.inf


def test_numpy_data_at_a_pole_gives_inf_and_no_warning():
    x = Value(1.0)
    x.data = np.float64(0.0)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        y = 1 / x
        x.data = np.float64(1e308)
        z = x * x
    assert not shown
    assert (y.data, z.data) == (math.inf, math.inf)


@each_refused
def test_bad_data_given_to_a_leaf_is_refused_when_it_is_used(given, error, remedy):
    for use in (lambda x: x + 1, lambda x: 2.0 * x, lambda x: x.exp(), lambda x: x.hypot(1.0)):
        x = Value(1.0)
        x.data = given
        with refuses(error, remedy):
            use(x)


@each_refused
def test_bad_data_given_to_a_leaf_is_refused_by_forward(given, error, remedy):
    w, x = Value(2.0), Value(1.0)
    y = (w * w) * x.exp()
    before = y.data
    w.data, x.data = 3.0, given
    with refuses(error, remedy):
        y.forward()
    assert y.data == before


def test_zero_grad_clears_what_it_is_given_and_nothing_else():
    x, y = Value(2.0), Value(3.0)
    (x * y).backward()
    ad.zero_grad([x])
    assert (x.grad, y.grad) == (0.0, 2.0)
    ad.zero_grad(v for v in (x, y))
    assert (x.grad, y.grad) == (0.0, 0.0)
    assert type(x.grad) is float
    (x * y).backward()
    ad.zero_grad(x)
    assert (x.grad, y.grad) == (0.0, 2.0)
    with refuses(TypeError, "zero_grad takes Values, not 3 (int)"):
        ad.zero_grad(3)


def test_calls_with_too_many_operands_are_named():
    v = Value(2.0, "v")
    with refuses(TypeError, "power(x, y) was called with 3 operands"):
        pow(v, 2, 3)
    with pytest.raises(TypeError, match=r"Value\.log\(\) takes (1 positional|no) argument"):
        v.log(2)
    with refuses(TypeError, "less(x, y) was called with 1 operand and z"):
        ad.less(v, z=1)


def test_a_gradient_may_be_reset_by_hand():
    x = Value(2.0)
    x.grad = 0
    x.square().backward()
    assert x.grad == 4.0
