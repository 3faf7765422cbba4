"""Neurons, layers and networks: wiring, parameters, and what they say about bad input."""

import copy
import pickle
from typing import Any

import pytest

import autodiff as ad
from nn import MLP, Layer, Neuron

# ---------------------------------------------------------------- a forward pass


@pytest.mark.parametrize(
    "activation",
    "sigmoid tanh relu leaky_relu elu gelu gelu_tanh silu softplus softsign sin abs".split(),
)
def test_any_one_argument_op_is_an_activation(activation: str) -> None:
    neuron = Neuron(2, activation, weights=[0.5, -2.0], bias=0.25)
    total = 3.0 * 0.5 + 1.0 * -2.0 + 0.25
    assert neuron([3.0, 1.0]).data == getattr(ad, activation)(total)


USERS_OP = """
import autodiff as ad
from nn import MLP
slope = lambda out, x: out + ad.sigmoid(x) * (1 - out)
swish = ad.Op("swish", lambda x: x * ad.sigmoid(x), [slope])
model = MLP(1, [2, 1], swish, "linear")
assert model(0.5).data == model.predict([0.5])
print(model)
"""


def test_an_op_of_the_users_own_is_an_activation(run_python: Any) -> None:
    done = run_python("-c", USERS_OP)  # in another process: a row stays in the table
    assert done.stdout == "MLP(1, [2, 1], [swish, linear]: 7 parameters)\n", done.stderr


def test_a_linear_neuron_has_no_separate_sum() -> None:
    out = Neuron(2, "linear", bias=None)([1.0, 2.0])
    assert (out.name, out.op) == ("output.o1.out_o1", "add")


def test_activation_per_layer_and_output() -> None:
    acts = [layer.activation for layer in MLP(2, [3, 3, 1], ["relu", "tanh", "sigmoid"]).layers]
    assert acts == [ad.relu, ad.tanh, ad.sigmoid]
    acts = [layer.activation for layer in MLP(2, [3, 1], "relu", output="linear").layers]
    assert acts == [ad.relu, None]
    assert [layer.activation for layer in MLP(2, [3, 1]).layers] == [ad.sigmoid] * 2


def test_a_call_returns_a_list_or_the_value_itself() -> None:
    assert isinstance(MLP(2, [2, 2])([0.0, 1.0]), list)
    assert isinstance(MLP(2, [2, 1])([0.0, 1.0]), ad.Value)
    assert isinstance(Layer(2, 3)([0.0, 1.0]), list)
    assert isinstance(Layer(2, 1)([0.0, 1.0]), ad.Value)
    assert isinstance(MLP(1, [1])(0.5), ad.Value)


def test_numbers_become_leaves_and_values_pass_through() -> None:
    x = ad.Value(0.5, "mine")
    out = Neuron(3, "linear", weights=[1.0, 2.0, 3.0], bias=None)([x, 7, True])
    products = [out.args[0].args[0], out.args[0].args[1], out.args[1]]
    assert products[0].args[0] is x
    assert [(p.args[0].name, p.args[0].data) for p in products[1:]] == [("i2", 7.0), ("i3", 1.0)]


def test_gradients_are_right() -> None:
    model = MLP(2, [3, 2], "tanh", seed=4)
    parameters = model.parameters()

    def by_hand(*numbers: Any) -> Any:
        """The network written out once more, without nn."""
        w, b = numbers[:6], numbers[6:9]
        h = [ad.tanh(0.3 * w[2 * j] + -0.8 * w[2 * j + 1] + b[j]) for j in range(3)]
        v, c = numbers[9:15], numbers[15:]
        o = [ad.tanh(sum(h[k] * v[3 * j + k] for k in range(3)) + c[j]) for j in range(2)]
        return o[0] * 2 + o[1]

    o1, o2 = model([0.3, -0.8])
    (o1 * 2 + o2).backward()
    copies = [ad.Value(p.data) for p in parameters]
    by_hand(*copies).backward()
    assert [p.grad for p in parameters] == pytest.approx([c.grad for c in copies], rel=1e-14)


def test_parts_can_be_called_alone() -> None:
    model = MLP(2, [2, 1])
    hidden, output = model.layers
    step = output(hidden([0.1, 0.2]))
    assert step.data == model([0.1, 0.2]).data
    out = hidden.neurons[1]([0.1, 0.2])
    assert out.name == "hidden.h2.out_h2"
    assert out.data == hidden([0.1, 0.2])[1].data
    alone = output([0.5, 0.6])  # what comes in is named as if it came from the layer before
    assert alone.args[0].args[0].args[0].args[0].name == "hidden.h1.out_h1"


# ---------------------------------------------------------------- parameters


def test_the_users_values_are_the_parameters() -> None:
    w, v, b = ad.Value(0.5, "w"), ad.Value(0.25), ad.Value(0.0, "b")
    model = MLP(2, [1, 2], weights=[[[w, v]], [[1.0], [w]]], biases=[b, [0.5, None]])
    ours = model.named_parameters()
    assert ours["w"] is w
    assert ours["b"] is b
    assert len(ours) == len(model.parameters()) == 5  # w is there once
    assert model.layers[1].neurons[1].bias is None


def test_unnamed_values_are_called_after_the_callers_variables() -> None:
    w1, w2, w3, w4 = (ad.Value(k / 10) for k in range(1, 5))
    bias = ad.Value(0.0)
    MLP(2, [2], weights=[[[w1, w3], [w2, w4]]], biases=[bias])
    assert [v.name for v in (w1, w2, w3, w4, bias)] == ["w1", "w2", "w3", "w4", "bias"]
    a, c = ad.Value(1.0), ad.Value(2.0)
    Neuron(1, weights=[a], bias=c)
    assert (a.name, c.name) == ("a", "c")
    d = ad.Value(1.0)
    Layer(1, 1, weights=[[d]])
    assert d.name == "d"


def test_unnamed_values_in_no_variable_are_called_by_the_vocabulary() -> None:
    model = MLP(1, [1], weights=[[[ad.Value(0.5)]]])
    assert list(model.named_parameters()) == ["w1", "b_o1"]


def test_biases_one_each_shared_or_none() -> None:
    def labels(**biases: Any) -> list[str]:
        found = MLP(1, [2, 2], **biases).named_parameters()
        return [name for name in found if name.startswith("b")]

    assert labels() == ["b_h1", "b_h2", "b_o1", "b_o2"]
    assert labels(biases=[0.1, 0.2]) == ["b1", "b2"]
    assert labels(biases=None) == []
    assert labels(biases=[0.1, None]) == ["b1"]
    assert labels(biases=[[1, 2], "zeros"]) == ["b_h1", "b_h2", "b_o1", "b_o2"]
    assert labels(biases=[[1, None], None]) == ["b_h1"]
    shared = MLP(1, [2], biases=[0.5]).layers[0]
    assert shared.neurons[0].bias is shared.neurons[1].bias


def test_weights_may_be_an_array_or_left_out_for_a_layer() -> None:
    np = pytest.importorskip("numpy")
    model = MLP(3, [2, 1], weights=[np.arange(6).reshape(2, 3), None], seed=1)
    assert [w.data for w in model.layers[0].neurons[1].weights] == [3.0, 4.0, 5.0]
    assert model.predict([1.0, 1.0, 1.0]) == model([1, 1, 1]).data


def test_zero_grad() -> None:
    model = MLP(2, [2, 1])
    model([1.0, 2.0]).backward()
    assert all(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_a_copy_is_whole_and_separate() -> None:
    model = MLP(2, [3, 1], "tanh", "linear", biases=[0.1, 0.2], seed=2)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.predict([0.3, 0.4]) == model.predict([0.3, 0.4])
        assert list(other.named_parameters()) == list(model.named_parameters())
        assert not set(other.parameters()) & set(model.parameters())
        assert other.layers[0].neurons[0].bias is other.layers[0].neurons[2].bias


def test_the_micrograd_network() -> None:
    model = MLP(2, [16, 16, 1], activation="relu", output="linear")
    assert len(model.parameters()) == 337
    assert repr(model) == "MLP(2, [16, 16, 1], [relu, relu, linear]: 337 parameters)"


def test_calls_under_no_record_keep_nothing() -> None:
    with ad.no_record():
        out = MLP(2, [2, 1])([1.0, 2.0])
    assert out.args == ()


# ---------------------------------------------------------------- what is refused, and how


# Calls that must fail, with words that must be in the message.
SHAPES: list[tuple[Any, str]] = [
    (lambda: MLP(2, 3), "sizes is a list"),  # type: ignore[arg-type]
    (lambda: MLP(2, []), "sizes is a list"),
    (lambda: MLP([2, 2, 1]), r"MLP\(2, \[3, 1\]\), not MLP\(\[2, 2, 1\]\)"),  # type: ignore[arg-type]
    (lambda: MLP(0, [1]), "n_inputs is a whole number from 1 on, not 0"),
    (lambda: MLP(2, [1.5]), "size of a layer.*1.5"),  # type: ignore[list-item]
    (lambda: MLP(2, [1], "sigmod"), "no activation 'sigmod' .did you mean sigmoid"),
    (lambda: MLP(2, [1], "hypot"), "no activation 'hypot'"),
    (lambda: MLP(2, [1], "softmax"), "no activation 'softmax'"),
    (lambda: MLP(2, [1], ["relu"] * 2), "activation: 1 wanted, one for each layer; 2 given"),
    (lambda: MLP(2, [1], names="words"), "names='words'.*'out', 'layer', 'delta'"),
    (lambda: MLP(2, [1], biases=0.5), "biases: a list of 1 is wanted, one for each layer"),
    (lambda: MLP(2, [1], biases=[[1, 2]]), "biases of the output layer: 1 wanted"),
    (lambda: MLP(2, [1, 1], weights=[[[1, 2]]]), "weights: 2 wanted, one for each layer"),
    (lambda: MLP(2, [2], weights=[[[1, 2]]]), "output layer: 2 wanted, one for each neuron"),
    (lambda: MLP(2, [1], weights=[[[1, 2, 3]]]), "weights of output.o1: 2 wanted.*3 given"),
    (lambda: MLP(2, [1], weights=[[[1, ad.Value(2.0) * 2]]]), "w2 is computed .mul."),
    (lambda: MLP(2, [1])([1, 2, 3]), r"inputs wanted: 2 \(i1, i2\); given: 3"),
    (lambda: MLP(9, [1])([1]), r"inputs wanted: 9 \(i1, i2, ..., i9\); given: 1"),
    (lambda: MLP(2, [1])(1), "inputs wanted: 2.*given: 1"),
    (lambda: MLP(2, [1]).targets([1, 2]), r"targets wanted: 1 \(target1\); given: 2"),
]
KINDS: list[tuple[Any, str]] = [
    (lambda: MLP(2, [1])(1, 2), r"the inputs are one list: model\(\[1, 2\]\)"),
    (lambda: MLP(2, [1])([[1, 2], [3, 4]]), r"model.predict\(X\)"),
    (lambda: MLP(1, [1])(["a"]), "'a' .str. is not a real number"),
    (lambda: MLP(1, [1], biases=["one"]), "'one' .str. is not a real number"),
    (lambda: MLP(1, [1], seed="one"), "seed is an int or a random.Random"),  # type: ignore[arg-type]
    (lambda: MLP(1, [1], names=lambda *what: None), "returned None"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "message"), SHAPES)
def test_wrong_shapes_and_names(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), KINDS)
def test_wrong_kinds(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()
