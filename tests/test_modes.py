"""`strict()` and `no_record()`: what they change, and that they leave no trace."""

import asyncio
import math
import threading

import pytest

import autodiff as ad
from autodiff import Value
from autodiff.modes import MODES, taped

FORWARD = {
    "log of zero": (lambda x: x.log(), 0.0, r"log\(x=0\.0\) is -inf"),
    "log below zero": (lambda x: x.log(), -1.0, r"log\(x=-1\.0\) is nan"),
    "division by zero": (lambda x: 1.0 / x, 0.0, r"div\(1\.0, x=0\.0\) is inf"),
    "zero by zero": (lambda x: x / x, 0.0, r"div\(x=0\.0, x=0\.0\) is nan"),
    "overflow of exp": (lambda x: x.exp(), 710.0, r"exp\(x=710\.0\) is inf"),
    "overflow of a product": (lambda x: x * 1e200, 1e200, r"mul\(x=1e\+200, 1e\+200\) is inf"),
    "overflow of a sum": (lambda x: ad.sum([x, x]), 1e308, r"sum\(x=1e\+308, x=1e\+308\) is inf"),
    "inf minus inf": (lambda x: x - math.inf, math.inf, r"sub\(x=inf, inf\) is nan"),
    "root below zero": (lambda x: x**0.5, -2.0, r"power\(x=-2\.0, 0\.5\) is nan"),
    "0 * inf": (lambda x: x * math.inf, 0.0, r"mul\(x=0\.0, inf\) is nan"),
}
each_forward = pytest.mark.parametrize(("f", "point", "message"), FORWARD.values(), ids=FORWARD)


# ---------------------------------------------------------------- strict, on the way forward


@each_forward
def test_strict_names_the_node_that_creates_the_first_non_finite_value(f, point, message):
    x = Value(point, "x")
    f(x)  # nothing is raised outside
    with ad.strict(), pytest.raises(FloatingPointError, match=message):
        f(x)
    f(x)


@each_forward
def test_strict_holds_for_forward_too(f, point, message):
    x = Value(0.5, "x")
    y = f(x) * 2.0
    x.data = point
    with ad.strict(), pytest.raises(FloatingPointError, match=message):
        y.forward()
    y.forward()


def test_strict_names_the_node_that_is_computed_again():
    x = Value(1.0, "x")
    y = (x.log().named("z")).exp()
    x.data = 0.0
    with ad.strict(), pytest.raises(FloatingPointError, match="z"):
        y.forward()


def test_strict_lets_pass_what_was_not_finite_before():
    x, y = Value(math.inf), Value(math.nan)
    with ad.strict():
        assert (x + 1.0).data == math.inf
        assert math.isnan((y * 2.0).data)
        assert (x.sigmoid()).data == 1.0
        assert ad.where(0.0, y, x).data == math.inf
        assert (1.0 / x).data == 0.0


def test_strict_lets_finite_work_be():
    x = Value(0.5)
    with ad.strict():
        y = (x.log() * x.exp() + x**2.5).sigmoid()
        y.backward()
        assert ad.grad(y, x).data == pytest.approx(x.grad)


def test_functions_of_plain_numbers_make_no_node():
    with ad.strict():
        assert ad.log(0.0) == -math.inf


# ---------------------------------------------------------------- strict, on the way back


def test_strict_names_the_node_whose_gradient_is_not_finite():
    x = Value(0.0, "x")
    y = x.sqrt() * 3.0
    with (
        ad.strict(),
        pytest.raises(FloatingPointError, match=r"gradient of sqrt\(x=0\.0\).*x.*inf.*3\.0"),
    ):
        y.backward()
    assert (x.grad, y.grad) == (0.0, 0.0)
    y.backward()
    assert x.grad == math.inf


def test_strict_notices_a_product_that_overflows():
    x = Value(1e-300, "x")
    y = (x * 1e200) * 1e200  # the slope is 1e400
    with ad.strict(), pytest.raises(FloatingPointError, match=r"mul\(x=1e-300, 1e\+200\)"):
        y.backward()
    assert x.grad == 0.0


def test_strict_notices_a_sum_of_gradients_that_overflows():
    x = Value(1.0, "x")
    y = x * 1e308 + (x - 2.0) * 1e308  # zero, with a slope of 2e308
    assert y.data == 0.0
    with ad.strict(), pytest.raises(FloatingPointError, match="x"):
        y.backward()
    assert x.grad == 0.0


def test_strict_notices_nan_from_inf_minus_inf_of_gradients():
    x = Value(0.0, "x")
    y = x.sqrt() - x.sqrt()
    with ad.strict(), pytest.raises(FloatingPointError, match="sqrt"):
        y.backward()
    assert x.grad == 0.0


def test_strict_lets_a_dead_branch_be():
    x = Value(0.0, "x")
    y = ad.where(ad.less(0.0, x), x.sqrt(), 0.0)
    with ad.strict():
        y.backward()
    assert x.grad == 0.0


def test_strict_holds_for_gradient_graphs():
    x = Value(0.0, "x")
    y = x.sqrt()
    with ad.strict(), pytest.raises(FloatingPointError, match=r"sqrt_slope\(x=0\.0\) is inf"):
        ad.grad(y, x)


# ---------------------------------------------------------------- no_record


def test_no_record_computes_without_a_graph():
    w, x = Value(2.0), Value(3.0)
    with ad.no_record():
        y = (w * x + 1.0).sigmoid() - ad.sum([w, x]) + ad.softmax([w, x])[0] - abs(-x) ** w
    z = (w * x + 1.0).sigmoid() - ad.sum([w, x]) + ad.softmax([w, x])[0] - abs(-x) ** w
    assert y.data == z.data
    assert (y.op, y.args, y.grad) == ("", (), 0.0)
    y.backward()
    assert (w.grad, x.grad) == (0.0, 0.0)
    assert (y * w).args == (y, w)  # outside, everything is recorded again


def test_no_record_does_not_touch_graphs_that_are_there():
    x = Value(3.0)
    y = x * x
    with ad.no_record():
        y.backward()
        assert x.grad == 6.0
        x.data = 4.0
        assert y.forward() == 16.0
    assert y.args == (x, x)


def test_derivatives_of_a_recorded_graph_are_right_inside_no_record():
    """The graph was recorded; that its derivatives are not must not make them wrong."""
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z = x**3 * y
    with ad.no_record():
        assert ad.grad(z, x).data == 36.0
        assert ad.jvp(z, [x, y], [1.0, 1.0]).data == 44.0
        assert ad.derivative(z, x, order=2).data == 36.0
        assert [[h.data for h in row] for row in ad.hessian(z, [x, y])] == [[36, 12], [12, 0]]
        assert [h.data for h in ad.hvp(z, [x, y], [1.0, 0.0])] == [36.0, 12.0]


def test_names_inside_no_record():
    x = Value(3.0, "x")
    with ad.no_record():
        y = (x * 2.0).named("y")
        z = y.alias("z")
    assert (y.name, z.name, z.data, z.args) == ("y", "z", 6.0, ())


# ---------------------------------------------------------------- nothing stays


@pytest.mark.parametrize("mode", [ad.strict, ad.no_record])
def test_modes_end_with_their_block(mode):
    with mode():
        assert MODES.get()
    assert not MODES.get()


@pytest.mark.parametrize("mode", [ad.strict, ad.no_record])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_an_exception_leaves_no_trace(mode, error):
    with pytest.raises(error), mode():
        raise error
    assert not MODES.get()
    assert Value(0.0).log().args != ()


def test_modes_nest():
    x = Value(0.0)
    with ad.strict():
        with ad.no_record():
            with ad.strict(), pytest.raises(FloatingPointError):
                x.log()
            assert (x + 1.0).args == ()
            with pytest.raises(FloatingPointError):
                x.log()  # the outer strict still holds
        assert (x + 1.0).args == (x, 1.0)
        with pytest.raises(FloatingPointError):
            x.log()
    assert x.log().data == -math.inf


def test_a_mode_inside_itself():
    x = Value(1.0)
    with ad.no_record():
        with ad.no_record():
            pass
        assert (x + 1.0).args == ()
    assert (x + 1.0).args == (x, 1.0)


def test_a_mode_may_decorate_a_function():
    @ad.no_record()
    def predict(x):
        return x * 2.0

    x = Value(1.0)
    assert predict(x).args == ()
    assert predict(x).args == ()
    assert (x * 2.0).args == (x, 2.0)


def test_threads_do_not_see_each_other():
    inside, checked = threading.Event(), threading.Event()
    seen = []

    def other():
        inside.wait(10.0)
        seen.append((Value(0.0).log().data, (Value(1.0) + 1.0).args != ()))
        checked.set()

    thread = threading.Thread(target=other)
    thread.start()
    with ad.strict(), ad.no_record():
        inside.set()
        assert checked.wait(10.0)
    thread.join()
    assert seen == [(-math.inf, True)]


def test_coroutines_do_not_see_each_other():
    async def careful(started, done):
        with ad.strict(), ad.no_record():
            started.set()
            await done.wait()
            assert (Value(1.0) + 1.0).args == ()

    async def careless(started, done):
        await started.wait()
        y = Value(0.0).log()
        done.set()
        return y.data, len(y.args)

    async def main():
        started, done = asyncio.Event(), asyncio.Event()
        _, result = await asyncio.gather(careful(started, done), careless(started, done))
        return result

    assert asyncio.run(main()) == (-math.inf, 1)


# ---------------------------------------------------------------- taped


def test_a_tape_has_every_node_in_the_order_they_are_made():
    x = Value(2.0)
    with ad.no_record(), taped() as outer:
        y = x * x
        with taped() as inner:
            z = y.exp()
        with ad.no_record():
            number = z + 1.0
        unused = -x
    after = z - y
    assert [*map(id, outer)] == [id(y), id(unused)]
    assert inner == [z]
    assert z.args == (y,)
    assert number.args == ()
    assert after.args == (z, y)
