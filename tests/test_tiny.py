"""The library in ten tests, to be read from top to bottom as a tour.

The network is that of seed 003: two inputs, two hidden neurons, two outputs.
"""

import math
import pickle

import pytest
from rows import user_rows

import autodiff as ad


def test_1_a_value_is_a_number_that_remembers():
    w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
    z = w * x + b
    assert z.data == 0.0
    assert z.op == "add"
    assert z.args[1] is b
    assert repr(w) == "Value(w=0.5)"


def test_2_backward_adds_the_gradient_to_every_node():
    w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
    out = (w * x + b).sigmoid()
    out.backward()
    assert (w.grad, x.grad, b.grad) == (0.5, 0.125, 0.25)  # out * (1 - out) = 1/4
    out.backward()
    assert w.grad == 1.0
    ad.zero_grad([w, x, b])
    assert w.grad == 0.0


def test_3_functions_and_methods_take_values_and_numbers():
    x = ad.Value(2.0)
    assert ad.exp(x).data == x.exp().data == ad.exp(2.0) == math.exp(2.0)
    assert ad.softmax([0.0, 0.0]) == [0.5, 0.5]
    assert ad.leaky_relu(ad.Value(-1.0), slope=0.1).data == -0.1
    assert ad.log(0.0) == -math.inf  # no exception: IEEE 754


def test_4_a_gradient_is_a_value_and_has_gradients():
    x = ad.Value(3.0, "x")
    y = x**3
    slope = ad.grad(y, x)
    assert (slope.data, ad.grad(slope, x).data) == (27.0, 18.0)
    assert ad.derivative(y, "x", order=3).data == 6.0
    assert x.grad == 0.0  # backward() writes there; grad() does not


def test_5_whole_matrices_of_derivatives():
    x, y = ad.values("x y", [2.0, 3.0])
    f = x * x * y
    assert [[h.data for h in row] for row in ad.hessian(f, [x, y])] == [[6.0, 4.0], [4.0, 0.0]]
    assert [h.data for h in ad.hvp(f, [x, y], [1.0, 1.0])] == [10.0, 4.0]
    assert ad.jvp(f, [x, y], [1.0, 0.0]).data == 12.0


def test_6_a_graph_is_computed_again_with_new_data():
    w, x = ad.values("w x", [0.5, 2.0])
    E = (w * x - 3.0).square().named("E")
    w.data = 1.5
    with pytest.raises(ValueError, match=r"w changed since E was computed.*call E\.forward\(\)"):
        ad.grad(E, w)
    assert E.forward() == 0.0
    assert ad.grad(E, w).data == 0.0


def test_7_strict_names_the_node_where_it_went_wrong():
    x = ad.Value(0.0, "x")
    with ad.strict(), pytest.raises(FloatingPointError, match=r"log\(x=0\.0\) is -inf"):
        x.log() + 1.0
    with ad.no_record():
        assert (x + 1.0).args == ()


def test_8_an_op_is_one_row_and_you_may_add_yours():
    with user_rows():
        ad.Op("cube", lambda x: x * x * x, [lambda out, x: 3.0 * ad.square(x)])
        x = ad.Value(2.0)
        y = x.cube()
        y.backward()
        assert (y.data, x.grad, ad.derivative(y, x, order=2).data) == (8.0, 12.0, 12.0)


def test_9_expressions_can_be_typed():
    lines = ad.parse_lines("z = w*x + b\nE = 0.5*(t - sigmoid(z))**2", w=0.5, x=1.0, b=0.0, t=1.0)
    E = lines["E"]
    out = 1.0 / (1.0 + math.exp(-0.5))
    assert E.data == pytest.approx(0.5 * (1.0 - out) ** 2)
    assert ad.grad(E, "w").data == pytest.approx(-(1.0 - out) * out * (1.0 - out))


def test_10_the_network_of_seed_003_takes_a_step_and_is_saved():
    w = ad.values("w1:9", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    w1, w2, w3, w4, w5, w6, w7, w8 = w
    i1, i2, b1, b2 = ad.values("i1 i2 b1 b2", [0.1, 0.5, 0.25, 0.35])
    h1 = (w1 * i1 + w3 * i2 + b1).sigmoid()
    h2 = (w2 * i1 + w4 * i2 + b1).sigmoid()
    o1 = (w5 * h1 + w6 * h2 + b2).sigmoid()
    o2 = (w7 * h1 + w8 * h2 + b2).sigmoid()
    E = (0.5 * (0.05 - o1) ** 2 + 0.5 * (0.95 - o2) ** 2).named("E")
    assert E.data == pytest.approx(0.24908, abs=1e-5)

    E.backward()
    assert w5.grad == pytest.approx(0.08020, abs=1e-5)
    for weight in w:
        weight.data -= 0.6 * weight.grad
    assert w1.data == pytest.approx(0.09933, abs=1e-5)
    assert E.forward() < 0.24908

    copy, copy_of_w5 = pickle.loads(pickle.dumps([E, w5]))
    copy_of_w5.data = 0.0
    assert copy.forward() != E.data
