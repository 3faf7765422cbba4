"""Initial weights: from an explicit seed, the same everywhere, within the published limits."""

import math
import random

import pytest

from nn import MLP, Layer, Neuron
from nn.initialisers import generator, initial_weights


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
