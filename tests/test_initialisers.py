"""Initial weights: from an explicit seed, the same everywhere, within the published limits."""

import math
import random

import pytest

from nn import MLP, Layer, Neuron
from nn.initialisers import generator, glorot, he, initial_weights, uniform


def test_the_same_seed_gives_the_same_weights() -> None:
    def numbers(**seed: object) -> list[float]:
        return [p.data for p in MLP(3, [4, 2], **seed).parameters()]  # type: ignore[arg-type]

    assert numbers() == numbers(seed=0) == numbers(seed=random.Random(0))
    assert numbers(seed=1) != numbers(seed=2)


def test_a_generator_is_used_and_advanced() -> None:
    rng = random.Random(5)
    first, second = ([p.data for p in MLP(2, [2], seed=rng).parameters()] for _ in range(2))
    assert first != second
    assert generator(rng) is rng


def test_global_random_numbers_are_left_alone() -> None:
    random.seed(1)
    before = random.getstate()
    MLP(2, [2])
    assert random.getstate() == before


@pytest.mark.parametrize(
    ("activation", "limit"),
    [("sigmoid", 6 / 50), ("tanh", 6 / 50), ("linear", 6 / 50), ("relu", 6 / 30), ("silu", 6 / 30)],
)
def test_limits(activation: str, limit: float) -> None:
    flat = [w for row in initial_weights(activation, 30, 20, 1) for w in row]
    assert len(flat) == 600
    assert 0.98 * math.sqrt(limit) < max(map(abs, flat)) <= math.sqrt(limit)
    assert abs(sum(flat) / 600) < 0.1 * math.sqrt(limit)


def test_parts_draw_their_own() -> None:
    layer = Layer(2, 3, seed=9)
    assert [[w.data for w in n.weights] for n in layer.neurons] == initial_weights(
        "sigmoid", 2, 3, 9
    )
    neuron = Neuron(2, "relu", seed=9)
    assert [[w.data for w in neuron.weights]] == initial_weights("relu", 2, 1, 9)
    assert neuron.bias is not None
    assert neuron.bias.data == 0.0


# ---------------------------------------------------------------- whole networks


@pytest.mark.parametrize("normal", [False, True])
def test_variances_as_published(normal: bool) -> None:
    def variance(layer: list[list[float]]) -> float:
        every = [w for row in layer for w in row]
        return sum(w * w for w in every) / len(every)

    first, second = glorot(100, [60, 40], normal=normal, seed=1)
    assert variance(first) == pytest.approx(2 / 160, rel=0.05)
    assert variance(second) == pytest.approx(2 / 100, rel=0.1)
    [layer] = he(100, [60], normal=normal, seed=1)
    assert variance(layer) == pytest.approx(2 / 100, rel=0.05)


def test_weights_for_a_network() -> None:
    weights = uniform(2, [3, 1], 0.25, seed=random.Random(4))
    model = MLP(2, [3, 1], weights=weights)
    drawn = [w for layer in weights for row in layer for w in row]
    assert [p.data for p in model.parameters()][:6] == drawn[:6]
    assert max(map(abs, drawn)) <= 0.25
    assert uniform(2, [3, 1], 0.25, seed=4) == weights
    assert he(2, [3], seed=1) != glorot(2, [3], seed=1)
