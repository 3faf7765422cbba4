"""Penalties: their slopes, and which Values they fall on."""

import pytest

import autodiff as ad
from nn import MLP, Neuron, l1_penalty, l2_penalty
from nn.penalties import weights


def test_slopes() -> None:
    w, v = ad.values("w v", [0.5, -2.0])
    l1_penalty([w, v], 0.25).backward()
    assert (w.grad, v.grad) == (0.25, -0.25)
    ad.zero_grad([w, v])
    E = l2_penalty([w, v], 0.5)
    E.backward()
    assert (E.data, w.grad, v.grad) == (0.25 * 4.25, 0.25, -1.0)


def test_l1_pulls_nothing_at_zero() -> None:
    w = ad.Value(0.0, "w")
    l1_penalty([w], 1.0).backward()
    assert w.grad == 0.0


def test_weights_without_biases() -> None:
    model = MLP(2, [2, 1])
    assert [w.name.rpartition(".")[2] for w in weights(model)] == [f"w{i}" for i in range(1, 7)]
    assert weights(model.layers[1]) == model.layers[1].neurons[0].weights
    assert len(weights(Neuron(3))) == 3
    with pytest.raises(TypeError, match="list has no layers of neurons"):
        weights([])


def test_wrong_strengths() -> None:
    w = ad.Value(1.0)
    for strength in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite and not negative"):
            l1_penalty([w], strength)
    with pytest.raises(ValueError, match="no parameters"):
        l2_penalty([], 1.0)
