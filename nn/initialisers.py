"""Initialisers: the weights that training starts from, always drawn from an explicit seed."""

import math
from collections.abc import Callable, Sequence
from random import Random

RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus"}

Seed = int | Random


def generator(seed: Seed) -> Random:
    """The random numbers of a seed; a `random.Random` is used, and advanced, as it is."""
    if isinstance(seed, Random):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed is an int or a random.Random, not {seed!r}")
    return Random(seed)


def initial_weights(activation: str, n_inputs: int, size: int, seed: Seed) -> list[list[float]]:
    """Weights for each neuron of a layer, uniform within a limit that keeps signals alive.

    The limit is sqrt(6 / (n_inputs + size)) (Glorot and Bengio 2010, also called Xavier), and
    sqrt(6 / n_inputs) for relu and its kin (He et al. 2015).
    """
    rng = generator(seed)
    limit = math.sqrt(6.0 / (n_inputs if activation in RECTIFIERS else n_inputs + size))
    return [[rng.uniform(-limit, limit) for _ in range(n_inputs)] for _ in range(size)]


# ---------------------------------------------------------------- whole networks, for `weights=`

Weights = list[list[list[float]]]


def uniform(n_inputs: int, sizes: Sequence[int], limit: float = 0.5, *, seed: Seed = 0) -> Weights:
    """Weights of a whole network, all from -limit to limit: `MLP(2, [3, 1], weights=...)`.

    >>> weights = uniform(2, [3, 1], 0.1, seed=1)
    >>> [len(layer) for layer in weights], len(weights[0][0])
    ([3, 1], 2)
    """
    return _network(n_inputs, sizes, seed, lambda rng, n, m: rng.uniform(-limit, limit))


def glorot(n_inputs: int, sizes: Sequence[int], *, normal: bool = False, seed: Seed = 0) -> Weights:
    """Variance 2 / (inputs + neurons of the layer) (Glorot and Bengio 2010, also called Xavier)."""
    return _network(n_inputs, sizes, seed, _of_variance(normal, lambda n, m: 2.0 / (n + m)))


def he(n_inputs: int, sizes: Sequence[int], *, normal: bool = False, seed: Seed = 0) -> Weights:
    """Variance 2 / inputs of the layer, for relu and its kin (He et al. 2015)."""
    return _network(n_inputs, sizes, seed, _of_variance(normal, lambda n, m: 2.0 / n))


Draw = Callable[[Random, int, int], float]


def _of_variance(normal: bool, variance: Callable[[int, int], float]) -> Draw:
    def draw(rng: Random, n: int, m: int) -> float:
        deviation = math.sqrt(variance(n, m))
        if normal:
            return rng.gauss(0.0, deviation)
        limit = math.sqrt(3.0) * deviation
        return rng.uniform(-limit, limit)

    return draw


def _network(n_inputs: int, sizes: Sequence[int], seed: Seed, draw: Draw) -> Weights:
    rng = generator(seed)
    return [
        [[draw(rng, n, m) for _ in range(n)] for _ in range(m)]
        for n, m in zip([n_inputs, *sizes], sizes, strict=False)
    ]
