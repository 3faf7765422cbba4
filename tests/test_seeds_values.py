"""The four seed documents, built from bare Values: their numbers and their formulas.

The printed numbers of 003 are
truncated to five decimals, so they are compared with a tolerance of 1e-5.
"""

import math
from types import SimpleNamespace

import pytest

import autodiff as ad
from autodiff import Value


def printed(number):
    return pytest.approx(number, abs=1e-5)


def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


# ---------------------------------------------------------------- seed 003, with numbers


def seed_003():
    """The 2-2-2 network of seed 003, in its own words."""
    n = SimpleNamespace()
    n.i1, n.i2 = ad.values("i1 i2", [0.1, 0.5])
    n.w = ad.values("w1:9", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    n.b1, n.b2 = ad.values("b1 b2", [0.25, 0.35])
    n.target_1, n.target_2 = ad.values("target_1 target_2", [0.05, 0.95])
    w1, w2, w3, w4, w5, w6, w7, w8 = n.w
    n.sum_h1 = (n.i1 * w1 + n.i2 * w3 + n.b1).named("sum_h1")
    n.sum_h2 = (n.i1 * w2 + n.i2 * w4 + n.b1).named("sum_h2")
    n.output_h1 = n.sum_h1.sigmoid().named("output_h1")
    n.output_h2 = n.sum_h2.sigmoid().named("output_h2")
    n.sum_o1 = (n.output_h1 * w5 + n.output_h2 * w6 + n.b2).named("sum_o1")
    n.sum_o2 = (n.output_h1 * w7 + n.output_h2 * w8 + n.b2).named("sum_o2")
    n.output_o1 = n.sum_o1.sigmoid().named("output_o1")
    n.output_o2 = n.sum_o2.sigmoid().named("output_o2")
    n.E_1 = (0.5 * (n.target_1 - n.output_o1) ** 2).named("E_1")
    n.E_2 = (0.5 * (n.target_2 - n.output_o2) ** 2).named("E_2")
    n.E_total = (n.E_1 + n.E_2).named("E_total")
    return n


FORWARD = {
    "sum_h1": 0.41,
    "output_h1": 0.60108,
    "sum_h2": 0.47,
    "output_h2": 0.61538,
    "sum_o1": 1.01977,
    "output_o1": 0.73492,
    "sum_o2": 1.26306,
    "output_o2": 0.77955,
    "E_1": 0.23456,
    "E_2": 0.01452,
    "E_total": 0.24908,
}
GRADIENTS = {"w1": 0.00110, "w5": 0.08020, "w6": 0.08211, "w7": -0.01760, "w8": -0.01802}
NEW = [0.09933, 0.19919, 0.29667, 0.39597, 0.45187, 0.55073, 0.71056, 0.81081]


@pytest.mark.parametrize("name", FORWARD)
def test_003_forward(name):
    assert getattr(seed_003(), name).data == printed(FORWARD[name])


@pytest.mark.parametrize("name", GRADIENTS)
def test_003_gradients(name):
    n = seed_003()
    assert ad.grad(n.E_total, name).data == printed(GRADIENTS[name])
    n.E_total.backward()
    assert n.w[int(name[1]) - 1].grad == printed(GRADIENTS[name])


def test_003_components_of_w5():
    n = seed_003()
    components = [
        ad.grad(n.E_total, n.output_o1),
        ad.grad(n.output_o1, n.sum_o1),
        ad.grad(n.sum_o1, n.w[4]),
    ]
    assert [c.data for c in components] == [printed(c) for c in (0.68492, 0.19480, 0.60108)]
    assert math.prod(c.data for c in components) == pytest.approx(
        ad.grad(n.E_total, "w5").data, rel=1e-14
    )


def test_003_w1_is_the_sum_of_two_paths():
    n = seed_003()
    to_h1 = ad.grad(n.output_h1, "w1").data
    first = ad.grad(n.E_1, n.output_h1).data * to_h1
    second = ad.grad(n.E_2, n.output_h1).data * to_h1
    assert (first, second) == (printed(0.00159), printed(-0.00049))
    assert first + second == pytest.approx(ad.grad(n.E_total, "w1").data, rel=1e-13)


def test_003_one_step():
    n = seed_003()
    before = n.E_total.data
    n.E_total.backward()
    for weight in n.w:  # the biases stay fixed; every gradient uses the old weights
        weight.data -= 0.6 * weight.grad
    assert [weight.data for weight in n.w] == [printed(number) for number in NEW]
    assert n.E_total.forward() < before
    again = seed_003()
    for mine, weight in zip(again.w, n.w, strict=True):
        mine.data = weight.data
    assert again.E_total.forward() == n.E_total.data


def test_003_training_goes_on():
    n = seed_003()
    for _ in range(500):
        ad.zero_grad(n.w)
        n.E_total.backward()
        for weight in n.w:
            weight.data -= 0.6 * weight.grad
        n.E_total.forward()
    assert n.E_total.data < 0.01


def test_003_all_derivatives_against_finite_differences():
    n = seed_003()
    assert ad.check_gradient(n.E_total, n.w).ok


# ---------------------------------------------------------------- seed 000: formulas a) and b)


def seed_000():
    """The 2-2-2 network of seed 000: h1 gets w1, w2; h2 gets w3, w4; no numbers are given there."""
    n = SimpleNamespace()
    n.i = ad.values("i1 i2", [0.05, 0.10])
    n.w = ad.values("w1:9", [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55])
    n.b1, n.b2 = ad.values("b1 b2", [0.35, 0.60])
    n.target = ad.values("target_o1 target_o2", [0.01, 0.99])
    n.out_h = []
    for j in (0, 1):
        net = ad.dot(n.w[2 * j : 2 * j + 2], n.i) + n.b1
        n.out_h.append(net.named(f"in_h{j + 1}").sigmoid().named(f"out_h{j + 1}"))
    n.out_o = []
    for j in (0, 1):
        net = ad.dot(n.w[4 + 2 * j : 6 + 2 * j], n.out_h) + n.b2
        n.out_o.append(net.named(f"in_o{j + 1}").sigmoid().named(f"out_o{j + 1}"))
    n.E = sum(0.5 * (t - o) ** 2 for t, o in zip(n.target, n.out_o, strict=True)).named("E_total")
    return n


def output_factor(n, i):
    """-(target_oi - out_oi) out_oi (1 - out_oi)."""
    target, out = n.target[i].data, n.out_o[i].data
    return -(target - out) * out * (1 - out)


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("j", [0, 1])
def test_000_formula_a(i, j):
    """dE/dw_j = -(target_oi - out_oi) out_oi (1 - out_oi) out_hj."""
    n = seed_000()
    weight = n.w[4 + 2 * i + j]
    expected = output_factor(n, i) * n.out_h[j].data
    assert ad.grad(n.E, weight).data == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("k", [0, 1])
@pytest.mark.parametrize("hidden", [0, 1])
def test_000_formula_b(hidden, k):
    """dE/dw = [sum_i -(target_oi - out_oi) out_oi (1 - out_oi) w_(h->oi)] out_h (1 - out_h) i_k."""
    n = seed_000()
    weight, out = n.w[2 * hidden + k], n.out_h[hidden].data
    back = sum(output_factor(n, i) * n.w[4 + 2 * i + hidden].data for i in (0, 1))
    expected = back * out * (1 - out) * n.i[k].data
    assert ad.grad(n.E, weight).data == pytest.approx(expected, rel=1e-13)


def test_000_the_slips_of_the_document_are_slips():
    """With the numbers of 003 in the wiring of 000: what is right, and what the document prints."""
    n = seed_000()
    for leaf, number in zip(
        [*n.i, *n.w, n.b1, n.b2, *n.target],
        [0.1, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.25, 0.35, 0.05, 0.95],
        strict=True,
    ):
        leaf.data = number
    n.E.forward()
    assert ad.grad(n.E, "w6").data == printed(0.08250)
    assert ad.grad(n.E, "w7").data == printed(-0.01743)
    assert ad.grad(n.E, "w2").data == printed(0.00557)
    # out_hi in place of out_hj, as result a) prints it
    assert output_factor(n, 0) * n.out_h[0].data == printed(0.07866)
    assert output_factor(n, 1) * n.out_h[1].data == printed(-0.01828)


def test_000_the_derivative_of_the_sigmoid():
    for z in (-3.0, -0.5, 0.0, 1.0, 4.0):
        x = Value(z)
        y = x.sigmoid()
        assert ad.grad(y, x).data == pytest.approx(y.data * (1 - y.data), rel=1e-14)
        textbook = 1 / (1 + (-x).exp())  # the proof goes through x = 1 + e**-z
        assert ad.grad(textbook, x).data == pytest.approx(y.data * (1 - y.data), rel=1e-14)


def test_000_the_linear_neuron():
    """dE/dw_i = -(target - out) x_i."""
    w, x = ad.values("w1:4", [0.2, -0.4, 0.7]), ad.values("x1:4", [1.5, 2.0, -0.3])
    target = Value(1.0, "target")
    out = ad.dot(w, x).named("out")
    E = 0.5 * (target - out) ** 2
    for slope, xi in zip(ad.grad(E, w), x, strict=True):
        assert slope.data == pytest.approx(-(target.data - out.data) * xi.data, rel=1e-15)


# ---------------------------------------------------------------- seed 001: local gradients


def seed_001(f, cost):
    """4-2-2-1, first index the next layer: z(l+1) = W(l) a(l) + b(l), s = W(3) a(3)."""
    sizes, n = [4, 2, 2, 1], SimpleNamespace(W=[], b=[], z=[], a=[], s=None)
    numbers = (math.sin(1.7 * k) for k in range(1, 100))
    n.a.append([Value(next(numbers), f"x{j + 1}") for j in range(4)])
    for layer in range(3):
        rows, columns = sizes[layer + 1], sizes[layer]
        n.W.append(
            [
                [Value(next(numbers), f"w{j + 1}{k + 1}_{layer + 1}") for k in range(columns)]
                for j in range(rows)
            ]
        )
        z = [ad.dot(row, n.a[layer]) for row in n.W[layer]]
        if layer == 2:
            n.s = z[0].named("s")
            break
        n.b.append([Value(next(numbers), f"b{j + 1}_{layer + 1}") for j in range(rows)])
        n.z.append([zj + bj for zj, bj in zip(z, n.b[layer], strict=True)])
        n.a.append([f(zj) for zj in n.z[layer]])
    n.C = cost(n.s)
    return n


ACTIVATIONS = {
    "sigmoid": (ad.sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (ad.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (ad.relu, lambda z: float(z > 0)),
}
COSTS = {
    "squared error": lambda s: (s - 0.5) ** 2,
    "cross-entropy": lambda s: -(0.3 * s.sigmoid().log() + 0.7 * (1 - s.sigmoid()).log()),
}


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
@pytest.mark.parametrize(("f", "slope"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_001_local_gradients(f, slope, cost):
    """delta(l) = W(l)^T delta(l+1) * f'(z(l)); dC/dw_jk(l) = delta_j(l+1) a_k(l); dC/db = delta."""
    n = seed_001(f, cost)
    delta = [ad.grad(n.C, n.s).data]
    for layer in (2, 1, 0):
        for j, row in enumerate(n.W[layer]):
            for k, weight in enumerate(row):
                expected = delta[j] * n.a[layer][k].data
                assert ad.grad(n.C, weight).data == pytest.approx(expected, rel=1e-12, abs=1e-15)
            if layer < 2:
                assert ad.grad(n.C, n.b[layer][j]).data == pytest.approx(delta[j], rel=1e-12)
                local = ad.grad(n.C, n.z[layer][j]).data  # the local gradient is dC/dz
                assert local == pytest.approx(delta[j], rel=1e-12, abs=1e-15)
        if layer:
            delta = [
                sum(n.W[layer][j][k].data * delta[j] for j in range(len(delta)))
                * slope(n.z[layer - 1][k].data)
                for k in range(len(n.z[layer - 1]))
            ]


def test_001_the_worked_symbol():
    """dC/dw22(2) = dC/dz2(3) a2(2) = dC/da2(3) f'(z2(3)) a2(2)."""
    n = seed_001(ad.sigmoid, COSTS["squared error"])
    a = n.a[2][1].data
    expected = ad.grad(n.C, n.a[2][1]).data * a * (1 - a) * n.a[1][1].data
    assert ad.grad(n.C, "w22_2").data == pytest.approx(expected, rel=1e-13)
    assert ad.grad(n.C, n.z[1][1]).data * n.a[1][1].data == pytest.approx(expected, rel=1e-13)


def test_001_gradient_descent_ends():
    n = seed_001(ad.tanh, COSTS["squared error"])
    parameters = [w for W in n.W for row in W for w in row] + [b for row in n.b for b in row]
    for _ in range(200):
        for p, slope in zip(parameters, [g.data for g in ad.grad(n.C, parameters)], strict=True):
            p.data -= 0.1 * slope
        n.C.forward()
    assert n.C.data < 1e-6


# ---------------------------------------------------------------- seed 002: ascent, delta rule


def seed_002(sign):
    """One input, a left and a right neuron; sign -1: the document's performance, +1: an error."""
    n = SimpleNamespace()
    n.w_l, n.w_r, n.i_l, n.d = ad.values("w_l w_r i_l d", [0.4, -0.7, 0.9, 0.8])
    n.o_l = (n.w_l * n.i_l).named("p_l").sigmoid().named("o_l")
    n.i_r = n.o_l.alias("i_r")  # o_l = i_r
    n.o_r = (n.w_r * n.i_r).named("p_r").sigmoid().named("o_r")
    n.P = sign * 0.5 * (n.d - n.o_r) ** 2
    return n


def test_002_the_derivatives_as_printed():
    n = seed_002(-1)
    d, o_r, o_l, w_r, i_l = (v.data for v in (n.d, n.o_r, n.o_l, n.w_r, n.i_l))
    assert ad.grad(n.P, n.o_r).data == pytest.approx(d - o_r, rel=1e-15)
    right = (d - o_r) * o_r * (1 - o_r) * n.i_r.data
    left = (d - o_r) * o_r * (1 - o_r) * w_r * o_l * (1 - o_l) * i_l
    assert ad.grad(n.P, "w_r").data == pytest.approx(right, rel=1e-13)
    assert ad.grad(n.P, "w_l").data == pytest.approx(left, rel=1e-13)
    assert ad.grad(n.P, n.i_r).data == ad.grad(n.P, n.o_l).data


def test_002_the_delta_rule():
    n = seed_002(-1)
    delta_r = n.o_r.data * (1 - n.o_r.data) * (n.d.data - n.o_r.data)
    delta_l = n.o_l.data * (1 - n.o_l.data) * n.w_r.data * delta_r
    assert ad.grad(n.P, "w_r").data == pytest.approx(n.i_r.data * delta_r, rel=1e-13)
    assert ad.grad(n.P, "w_l").data == pytest.approx(n.i_l.data * delta_l, rel=1e-13)
    assert ad.grad(n.P, "p_r").data == pytest.approx(delta_r, rel=1e-13)
    assert ad.grad(n.P, "p_l").data == pytest.approx(delta_l, rel=1e-13)


def test_002_ascent_of_the_performance_is_descent_of_the_error():
    up, down, rate = seed_002(-1), seed_002(+1), 0.5
    for _ in range(20):
        ad.zero_grad([up.w_l, up.w_r, down.w_l, down.w_r])
        up.P.backward()
        down.P.backward()
        for name in ("w_l", "w_r"):
            getattr(up, name).data += rate * getattr(up, name).grad
            getattr(down, name).data -= rate * getattr(down, name).grad
            assert getattr(up, name).data == getattr(down, name).data
        assert up.P.forward() == -down.P.forward()
    assert down.P.data < seed_002(+1).P.data


def test_002_many_neurons():
    """delta_li = o_li (1 - o_li) sum_j w_(li->rj) delta_rj, and the change of w is i delta."""
    inputs = ad.values("i1:4", [0.3, -0.6, 1.2])
    numbers = (math.cos(2.3 * k) for k in range(100))
    left = [[Value(next(numbers)) for _ in inputs] for _ in range(4)]
    o_l = [ad.dot(row, inputs).sigmoid() for row in left]
    right = [[Value(next(numbers)) for _ in o_l] for _ in range(3)]
    o_r = [ad.dot(row, o_l).sigmoid() for row in right]
    desired = [0.1, 0.9, 0.4]
    P = -0.5 * sum((d - o) ** 2 for d, o in zip(desired, o_r, strict=True))
    delta_r = [o.data * (1 - o.data) * (d - o.data) for d, o in zip(desired, o_r, strict=True)]
    P.backward()
    for j, row in enumerate(right):
        for k, weight in enumerate(row):
            assert weight.grad == pytest.approx(o_l[k].data * delta_r[j], rel=1e-12)
    for i, row in enumerate(left):
        back = sum(right[j][i].data * delta_r[j] for j in range(3))
        delta = o_l[i].data * (1 - o_l[i].data) * back
        for k, weight in enumerate(row):
            assert weight.grad == pytest.approx(inputs[k].data * delta, rel=1e-12)
