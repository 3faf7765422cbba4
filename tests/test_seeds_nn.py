"""The four seed documents, built with nn: every printed number and every formula.

The same documents built from bare Values are in test_seeds.py.
"""

from typing import Any

import pytest

import autodiff as ad
from nn import MLP, SGD, Neuron, half_squared_error, mse

PRINTED = 1e-5  # the documents truncate to five decimals

# ---------------------------------------------------------------- 003: step by step, with numbers


class Seed003:
    def __init__(self) -> None:
        self.w = ad.values("w1:9", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
        self.b = ad.values("b1 b2", [0.25, 0.35])
        w1, w2, w3, w4, w5, w6, w7, w8 = self.w
        weights = [[[w1, w3], [w2, w4]], [[w5, w6], [w7, w8]]]
        self.model = MLP(2, [2, 2], weights=weights, biases=self.b)
        self.E = self.error()
        self.nodes = named_nodes(self.E)

    def error(self) -> ad.Value:
        return half_squared_error(self.model([0.1, 0.5]), [0.05, 0.95])


def named_nodes(*roots: ad.Value) -> dict[str, ad.Value]:
    """Every named Value behind the roots, by the last part of its name."""
    found, rest = {}, list(roots)
    while rest:
        node = rest.pop()
        if node.name:
            found[node.name.rpartition(".")[2]] = node
        rest += [arg for arg in node.args if isinstance(arg, ad.Value)]
    return found


@pytest.fixture
def seed003() -> Seed003:
    return Seed003()


FORWARD_003 = {
    "sum_h1": 0.41,
    "out_h1": 0.60108,
    "sum_h2": 0.47,
    "out_h2": 0.61538,
    "sum_o1": 1.01977,
    "out_o1": 0.73492,
    "sum_o2": 1.26306,
    "out_o2": 0.77955,
    "E1": 0.23456,
    "E2": 0.01452,
    "E_total": 0.24908,
}
NEW_WEIGHTS_003 = [0.09933, 0.19919, 0.29667, 0.39597, 0.45187, 0.55073, 0.71056, 0.81081]


@pytest.mark.parametrize(("name", "printed"), FORWARD_003.items())
def test_003_forward(seed003: Seed003, name: str, printed: float) -> None:
    assert seed003.nodes[name].data == pytest.approx(printed, abs=PRINTED)


def test_003_its_words_and_no_others(seed003: Seed003) -> None:
    leaves = {"i1", "i2", "target1", "target2", "b1", "b2", *(f"w{i}" for i in range(1, 9))}
    assert seed003.nodes.keys() == leaves | FORWARD_003.keys()


def test_003_wiring_is_the_documents(seed003: Seed003) -> None:
    """sum_h1 = i1*w1 + i2*w3 + b1, in that order."""

    def spelled(total: ad.Value) -> str:
        signs = {"add": " + ", "mul": "*"}
        parts = [arg.name.rpartition(".")[2] or spelled(arg) for arg in total.args]
        return signs[total.op].join(parts)

    sums = {name: spelled(seed003.nodes[name]) for name in ("sum_h1", "sum_h2", "sum_o1", "sum_o2")}
    assert sums == {
        "sum_h1": "i1*w1 + i2*w3 + b1",
        "sum_h2": "i1*w2 + i2*w4 + b1",
        "sum_o1": "out_h1*w5 + out_h2*w6 + b2",
        "sum_o2": "out_h1*w7 + out_h2*w8 + b2",
    }


def test_003_gradients_and_their_components(seed003: Seed003) -> None:
    n, w, E = seed003.nodes, seed003.w, seed003.E
    E.backward()
    printed = {5: 0.08020, 6: 0.08211, 7: -0.01760, 8: -0.01802, 1: 0.00110}
    for i, number in printed.items():
        assert w[i - 1].grad == pytest.approx(number, abs=PRINTED)
    components = [ad.grad(E, "out_o1"), ad.grad(n["out_o1"], "sum_o1"), ad.grad(n["sum_o1"], "w5")]
    assert [c.data for c in components] == pytest.approx([0.68492, 0.19480, 0.60108], abs=PRINTED)
    paths = [ad.grad(n["E1"], "w1").data, ad.grad(n["E2"], "w1").data]
    assert paths == pytest.approx([0.00159, -0.00049], abs=PRINTED)
    chain = [
        *(ad.grad(E, "out_o2"), ad.grad(n["out_o2"], "sum_o2"), ad.grad(n["sum_o2"], "out_h1")),
        *(ad.grad(n["out_h1"], "sum_h1"), ad.grad(n["sum_h1"], "w1")),
    ]
    assert [c.data for c in chain] == pytest.approx(
        [-0.17044, 0.17184, 0.7, 0.23978, 0.1], abs=PRINTED
    )


def test_003_one_step_with_the_biases_fixed(seed003: Seed003) -> None:
    optimizer = SGD(seed003.model.parameters(), rate=0.6, freeze=["b1", "b2"])
    seed003.E.backward()
    optimizer.step()
    assert [w.data for w in seed003.w] == pytest.approx(NEW_WEIGHTS_003, abs=PRINTED)
    assert [b.data for b in seed003.b] == [0.25, 0.35]
    assert seed003.error().data == pytest.approx(0.24072, abs=PRINTED)
    assert seed003.E.data == pytest.approx(0.24909, abs=PRINTED)  # the recorded point
    assert seed003.E.forward() == seed003.error().data


def test_003_one_step_with_the_biases_too(seed003: Seed003) -> None:
    seed003.E.backward()
    SGD(seed003.model.parameters(), rate=0.6).step()
    assert seed003.error().data == pytest.approx(0.23385, abs=PRINTED)


def test_003_given_as_numbers() -> None:
    weights = [[[0.1, 0.3], [0.2, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]
    model = MLP(2, [2, 2], weights=weights, biases=[0.25, 0.35])
    E = half_squared_error(model([0.1, 0.5]), [0.05, 0.95])
    assert E.data == Seed003().E.data
    assert list(model.named_parameters()) == "w1 w2 w3 w4 b1 w5 w6 w7 w8 b2".split()


# ---------------------------------------------------------------- 000: the mechanics


def mechanics(kind: str, layer: int, neuron: int, source: int) -> str:
    """Seed 000's words: in_h1, out_h1, target_o1; w1, w2 go into h1."""
    unit = f"{'iho'[layer]}{neuron}"
    return {
        "input": unit,
        "target": f"target_{unit}",
        "weight": f"w{4 * layer + 2 * neuron + source - 6}",
        "bias": f"b{layer}",
        "sum": f"in_{unit}",
        "output": f"out_{unit}",
    }[kind]


@pytest.fixture(params=["003's numbers", 1, 2, 3])
def seed000(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The network of seed 000, at several points, as a dict of everything that has a name in it."""
    given: dict[str, Any] = {"seed": request.param}
    if isinstance(request.param, str):
        given = {"weights": [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]}
    model = MLP(2, [2, 2], biases=[0.25, 0.35], names=mechanics, **given)
    E = half_squared_error(model([0.1, 0.5]), model.targets([0.05, 0.95]))
    nodes = named_nodes(E)
    return nodes | {"E": E, "w": [nodes[f"w{i}"] for i in range(1, 9)], "point": request.param}


def test_000_forward(seed000: dict[str, Any]) -> None:
    n = {k: v.data for k, v in seed000.items() if isinstance(v, ad.Value)}
    assert n["in_h1"] == n["w1"] * n["i1"] + n["w2"] * n["i2"] + n["b1"]
    assert n["in_h2"] == n["w3"] * n["i1"] + n["w4"] * n["i2"] + n["b1"]
    assert n["in_o1"] == n["w5"] * n["out_h1"] + n["w6"] * n["out_h2"] + n["b2"]
    assert n["in_o2"] == n["w7"] * n["out_h1"] + n["w8"] * n["out_h2"] + n["b2"]
    for unit in ("h1", "h2", "o1", "o2"):
        assert n[f"out_{unit}"] == ad.sigmoid(n[f"in_{unit}"])
    errors = [0.5 * (n[f"target_{o}"] - n[f"out_{o}"]) ** 2 for o in ("o1", "o2")]
    assert n["E_total"] == pytest.approx(sum(errors), rel=1e-15)


def test_000_results_a_and_b(seed000: dict[str, Any]) -> None:
    n = {k: v.data for k, v in seed000.items() if isinstance(v, ad.Value)}
    seed000["E"].backward()
    grads = [w.grad for w in seed000["w"]]

    def delta(o: str) -> float:
        return (n[f"target_{o}"] - n[f"out_{o}"]) * n[f"out_{o}"] * (1 - n[f"out_{o}"])

    into = {"h1": (n["w5"], n["w7"]), "h2": (n["w6"], n["w8"])}  # w_(hj -> o1), w_(hj -> o2)
    b = [
        -(delta("o1") * to_o1 + delta("o2") * to_o2) * n[f"out_{h}"] * (1 - n[f"out_{h}"]) * n[i]
        for h, (to_o1, to_o2) in into.items()
        for i in ("i1", "i2")
    ]
    a = [-delta(o) * n[f"out_{h}"] for o in ("o1", "o2") for h in ("h1", "h2")]
    assert grads == pytest.approx(b + a, rel=1e-12)


def test_000_the_right_numbers_where_the_document_slips() -> None:
    weights = [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]
    model = MLP(2, [2, 2], weights=weights, biases=[0.25, 0.35], names=mechanics)
    half_squared_error(model([0.1, 0.5]), [0.05, 0.95]).backward()
    found = model.named_parameters()
    for name, right in {"w6": 0.08250, "w7": -0.01743, "w2": 0.00557}.items():
        assert found[name].grad == pytest.approx(right, abs=PRINTED)


def test_000_the_linear_neuron() -> None:
    neuron = Neuron(3, "linear", bias=None, seed=5)
    x, target = [0.3, -1.2, 2.0], 0.7
    E = half_squared_error(neuron(x), target)
    E.backward()
    out = sum(w.data * x_i for w, x_i in zip(neuron.weights, x, strict=True))
    assert [w.grad for w in neuron.weights] == pytest.approx(
        [-(target - out) * x_i for x_i in x], rel=1e-12
    )
    assert named_nodes(E).keys() == {"E", "target1", "out_o1", *"w1 w2 w3 i1 i2 i3".split()}


# ---------------------------------------------------------------- 001: matrix form, 4-2-2-1

SLOPES = {
    "sigmoid": lambda z: ad.sigmoid(z) * (1 - ad.sigmoid(z)),
    "tanh": lambda z: 1 - ad.tanh(z) ** 2,
    "relu": lambda z: float(z > 0),
}


@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("cost", [half_squared_error, mse])
def test_001_local_gradients(activation: str, cost: Any) -> None:
    """delta(L) = W(L)^T delta(L+1) * f'(z(L)), where W and b start from layer L (source layer).

    So dC/dw_jk(L) = delta_j(L+1) a_k(L) and dC/db_j(L) = delta_j(L+1).
    """
    model = MLP(
        4,
        [2, 2, 1],
        activation,
        output="linear",
        biases=["zeros", "zeros", None],
        names="layer",
        seed=11,
    )
    s = model([0.5, -0.3, 0.8, 0.1])
    C = cost(s, model.targets(0.25), name="C")
    C.backward()
    n = named_nodes(C)
    assert (n["s"], n["C"]) == (s, C)
    assert "z_1^(4)" not in n  # s = W(3) a(3), no bias

    W = {
        L: [[n[f"w_{j}{k}^({L})"] for k in range(1, sources + 1)] for j in range(1, size + 1)]
        for L, (size, sources) in {1: (2, 4), 2: (2, 2), 3: (1, 2)}.items()
    }
    a = {1: [n[f"x_{k}"] for k in range(1, 5)]}
    a |= {L: [n[f"a_{j}^({L})"] for j in (1, 2)] for L in (2, 3)}
    z = {L: [n[f"z_{j}^({L})"] for j in (1, 2)] for L in (2, 3)}
    factor = {"half_squared_error": 1.0, "mse": 2.0}[cost.__name__]
    delta = {4: [factor * (s.data - 0.25)]}
    for L in (3, 2):
        delta[L] = [
            sum(W[L][j][k].data * d for j, d in enumerate(delta[L + 1]))
            * SLOPES[activation](z[L][k].data)
            for k in range(2)
        ]
        assert [node.grad for node in z[L]] == pytest.approx(delta[L], rel=1e-12, abs=1e-300)
    for L in (1, 2, 3):
        for j, row in enumerate(W[L]):
            expected = [delta[L + 1][j] * a_k.data for a_k in a[L]]
            assert [w.grad for w in row] == pytest.approx(expected, rel=1e-12, abs=1e-300)
    for L in (1, 2):
        grads = [n[f"b_{j}^({L})"].grad for j in (1, 2)]
        assert grads == pytest.approx(delta[L + 1], rel=1e-12, abs=1e-300)
    worked = ad.grad(C, "a_2^(3)").data * SLOPES[activation](n["z_2^(3)"].data)
    assert n["w_22^(2)"].grad == pytest.approx(worked * n["a_2^(2)"].data, rel=1e-12)


def test_001_gradient_descent_ends_at_the_minimum() -> None:
    """while not terminated: w -= eps dC/dw; b -= eps dC/db."""
    model = MLP(4, [2, 2, 1], "tanh", "linear", names="layer", seed=1)
    optimizer = SGD(model.parameters(), rate=0.1)
    costs = []
    while not costs or costs[-1] > 1e-6:
        C = mse(model([0.5, -0.3, 0.8, 0.1]), 0.25)
        optimizer.zero_grad()
        C.backward()
        optimizer.step()
        costs.append(C.data)
        assert len(costs) < 200
    assert costs[0] > 100 * costs[-1]


# ---------------------------------------------------------------- 002: ascent and the delta rule


def simplest_net() -> MLP:
    return MLP(1, [1, 1], weights=[[[0.4]], [[-0.7]]], biases=None, names="delta")


def test_002_the_chain_in_its_own_words() -> None:
    model = simplest_net()
    o_r = model(0.9)
    n = named_nodes(o_r)
    assert n.keys() == set("i_l w_l p_l o_l i_r w_r p_r o_r".split())
    assert n["i_r"].args == (n["o_l"],)  # o_l = i_r
    assert n["p_r"].args == (n["w_r"], n["i_r"])  # p = w i, in that order
    assert n["o_r"] is o_r
    assert [t.name for t in model.targets(1.0)] == ["d"]


def test_002_delta_rule_of_the_chain() -> None:
    model = simplest_net()
    o_r = model(0.9)
    [d] = model.targets(1.0)
    P = (-0.5 * (d - o_r) ** 2).named("P")
    P.backward()
    n = {k: v.data for k, v in named_nodes(P).items()}
    delta_r = n["o_r"] * (1 - n["o_r"]) * (n["d"] - n["o_r"])
    delta_l = n["o_l"] * (1 - n["o_l"]) * n["w_r"] * delta_r
    grads = {name: w.grad for name, w in model.named_parameters().items()}
    assert grads == pytest.approx({"w_l": n["i_l"] * delta_l, "w_r": n["i_r"] * delta_r}, rel=1e-12)


@pytest.mark.parametrize("sizes", [[1, 1], [3, 2], [2, 3, 2]])
def test_002_ascent_on_p_equals_descent_on_e(sizes: list[int]) -> None:
    models = [MLP(2, sizes, names="delta", seed=7) for _ in range(2)]
    inputs, wanted = [0.3, -0.8], [0.9, 0.2][: sizes[-1]]
    for _ in range(3):
        for model, maximize in zip(models, (False, True), strict=True):
            E = half_squared_error(model(inputs), wanted)
            optimizer = SGD(model.parameters(), rate=0.5, maximize=maximize)
            optimizer.zero_grad()
            (-E if maximize else E).backward()
            optimizer.step()
        descent, ascent = ([p.data for p in model.parameters()] for model in models)
        assert descent == ascent


def test_002_delta_rule_of_many_neurons() -> None:
    """delta_f = o_f(1 - o_f)(d - o_f); delta_l = o_l(1 - o_l) sum_j w_(l->rj) delta_rj."""
    model = MLP(3, [2, 3], names="delta", seed=3)
    outputs = model([0.2, -0.5, 1.0])
    P = -half_squared_error(outputs, model.targets([0.1, 0.9, 0.4]))
    P.backward()
    nodes = named_nodes(P)
    n = {k: v.data for k, v in nodes.items()}
    r = {j: n[f"o_r{j}"] * (1 - n[f"o_r{j}"]) * (n[f"d_{j}"] - n[f"o_r{j}"]) for j in (1, 2, 3)}
    left = {
        i: n[f"o_l{i}"] * (1 - n[f"o_l{i}"]) * sum(n[f"w_l{i}->r{j}"] * r[j] for j in r)
        for i in (1, 2)
    }
    for i in left:
        for j in r:
            assert nodes[f"w_l{i}->r{j}"].grad == pytest.approx(n[f"o_l{i}"] * r[j], rel=1e-12)
        for k in (1, 2, 3):
            assert nodes[f"w_i{k}->l{i}"].grad == pytest.approx(n[f"i_{k}"] * left[i], rel=1e-12)
        assert nodes[f"b_l{i}"].grad == pytest.approx(left[i], rel=1e-12)
