"""Diagnosis: vanishing and exploding gradients, dead and saturated neurons, in words."""

from typing import Any

import pytest

import autodiff as ad
from nn import MLP
from nn.datasets import moons
from nn.diagnosis import diagnose
from nn.paths import number, slopes_in_words, strongest_path

X, Y = moons(20, seed=1)


def chain(depth: int, weight: float, activation: str = "sigmoid") -> tuple[ad.Value, ad.Value]:
    w = ad.Value(0.5, "w1")
    signal = w * ad.Value(1.0, "x")
    for k in range(depth):
        if k:
            signal = ad.Value(weight, f"w{k + 1}") * signal
        signal = getattr(ad, activation)(signal.named(f"sum_{k + 1}"))
    return (0.5 * (1.0 - signal) ** 2).named("E"), w


def test_six_sigmoids() -> None:
    E, w = chain(6, 1.0)
    found = diagnose(E, w)
    assert found.kinds == {"vanishing"}
    assert "six slopes, each at most 1/4: at most 2.4e-4, and here 1." in str(found)
    assert "sigmoid" in found.lines[1]
    assert not found.ok


def test_weights_that_explode() -> None:
    E, w = chain(5, 30.0, "softplus")
    found = diagnose(E, w)
    assert found.kinds == {"exploding"}
    assert "weights on the way multiply by 8.1e5 (w5 = 30, w4 = 30, w3 = 30, w2 = 30)" in str(found)


def test_all_is_well() -> None:
    E, w = chain(2, 1.0, "tanh")
    assert diagnose(E, w).ok
    assert str(diagnose(E, w)).startswith("The gradient is in good health.")


def test_a_path_that_is_cut() -> None:
    w = ad.Value(-1.0, "w")
    E = ((3 * w).named("s").relu() * 2).named("E")
    found = diagnose(E, w)
    assert str(found).startswith("dE/dw is 0: the slope of relu at s = -3 is 0.")
    assert (
        diagnose(E, ad.Value(1.0, "v")).findings[0].words == "dE/dv is 0: E does not depend on v."
    )


def test_the_strongest_path() -> None:
    w = ad.Value(1.0, "w")
    E = (0.1 * w).tanh() + (7.0 * w).named("wide") * ad.logsumexp([w, 2 * w])
    path = strongest_path(E, w)
    assert path is not None
    assert [f.op for f in path] == ["add", "mul", "mul"]
    assert path[2].slope == 7.0


def test_nothing_is_changed() -> None:
    E, w = chain(3, 1.0)
    w.grad = 7.0
    diagnose(E, w)
    assert (w.grad, E.grad) == (7.0, 0.0)
    model = MLP(2, [2, 1])
    for p in model.parameters():
        p.grad = 3.0
    diagnose(model, X, Y)
    assert all(p.grad == 3.0 for p in model.parameters())


def test_a_deep_sigmoid_network_vanishes() -> None:
    found = diagnose(MLP(2, [4] * 6 + [1], seed=1), X, Y)
    assert "vanishing" in found.kinds
    words = str(found)
    assert "six slopes, each at most 1/4: at most 2.4e-4" in words.lower()
    assert "from output to hidden1" in words
    assert [line.split()[0] for line in found.lines] == [
        "layer", "output", "hidden6", "hidden5", "hidden4", "hidden3", "hidden2", "hidden1"
    ]  # fmt: skip


def test_a_network_that_explodes() -> None:
    large = [[[9.0] * 2] * 2] + [[[9.0, 8.0]] * 2] * 4 + [[[9.0, 8.0]]]
    found = diagnose(MLP(2, [2, 2, 2, 2, 2, 1], "linear", weights=large), X, Y)
    assert "exploding" in found.kinds
    assert "it grows" in str(found)


def test_dead_and_saturated() -> None:
    relu = MLP(2, [2, 1], "relu", "linear", biases=[[-100.0, 1.0], [0.0]], seed=1)
    found = diagnose(relu, X, Y)
    assert "Dead in hidden: out_h1 of 2" in str(found)
    sigmoid = MLP(2, [2, 1], biases=[[0.0, 50.0], [0.0]], seed=1)
    found = diagnose(sigmoid, X, Y)
    assert found.kinds == {"saturated"}
    assert "Saturated in hidden: out_h2 of 2" in str(found)


def test_a_healthy_network() -> None:
    assert diagnose(MLP(2, [8, 1], "tanh", "linear", seed=1), X, Y, "mse").ok


@pytest.mark.parametrize(
    ("slopes", "words"),
    [
        ([], ""),
        ([("sigmoid", 0.2)], "one slope, at most 1/4: here 0.2"),
        (
            [("tanh", 0.5), ("sigmoid", 0.1)],
            "two slopes, at most 1/4 or 1: at most 0.25, and here 0.05",
        ),
        ([("sigmoid", 0.25)] * 13, "13 slopes, each at most 1/4: at most 1.5e-8, and here 1.5e-8"),
    ],
)
def test_words(slopes: Any, words: str) -> None:
    assert slopes_in_words(slopes) == words


def test_numbers() -> None:
    assert [number(x) for x in (2.4414e-4, 0.0, 1.0, 123456.0)] == ["2.4e-4", "0", "1", "1.2e5"]


def test_wrong_calls() -> None:
    w = ad.Value(1.0)
    with pytest.raises(TypeError, match="takes two Values, and w is 'w5'"):
        diagnose(w, "w5")
    with pytest.raises(TypeError, match="takes an MLP with X and y, or two Values"):
        diagnose(3, X, Y)
    with pytest.raises(ValueError, match="loss='x' is unknown"):
        diagnose(MLP(2, [1]), X, Y, "x")
