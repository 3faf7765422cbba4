"""The works of `compiled.py`: a network, its loss for one row as a graph, and rows of data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import autodiff as ad
from nn import MLP

PENALTY = 1e-4  # on the squares of the parameters of moons, as in micrograd's demo


@dataclass
class Work:
    """`inputs` are the columns of X, then those of T; `inside` is how many steps a loop makes that
    leaves Python alone, `by_eager` how many the eager engine makes to compare with.
    """

    name: str
    loss: ad.Value
    inputs: list[ad.Value]
    model: MLP
    X: Any
    T: Any
    rate: float
    inside: int
    by_eager: int

    @property
    def rows(self) -> Any:
        return np.hstack([self.X, self.T])


def xor() -> Work:
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    T = np.array([[0.0], [1.0], [1.0], [0.0]])
    model = MLP(2, [2, 1])
    x1, x2, t = ad.values("x1 x2 t", [0.0, 1.0, 1.0])
    loss = (0.5 * (t - model([x1, x2])) ** 2).named("E")
    return Work("xor", loss, [x1, x2, t], model, X, T, 0.5, 1000, 1000)


def moons() -> Work:
    from sklearn.datasets import make_moons

    X, y = make_moons(100, noise=0.1, random_state=0)
    model = MLP(2, [16, 16, 1], activation="relu", output="linear")
    x1, x2, t = ad.values("x1 x2 y", [0.1, 0.2, 1.0])
    hinge = ad.relu(1 - t * model([x1, x2]))
    loss = (hinge + PENALTY * sum(p * p for p in model.parameters())).named("loss")
    return Work("moons", loss, [x1, x2, t], model, X, 2.0 * y[:, None] - 1.0, 0.05, 100, 10)


def digits() -> Work:
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], output="linear")
    xs = ad.values("x1:65", [0.1] * 64)
    ts = ad.values("t1:11", [1.0] + [0.0] * 9)
    logits = model(xs)
    loss = (ad.logsumexp(logits) - ad.dot(ts, logits)).named("E")
    return Work("digits", loss, xs + ts, model, X / 16.0, np.eye(10)[labels], 0.5, 5, 1)


WORKS: dict[str, Callable[[], Work]] = {"xor": xor, "moons": moons, "digits": digits}


def arrays(model: MLP) -> tuple[list[Any], list[Any]]:
    """Weights, inputs by outputs, and biases of each layer."""
    weights = [
        np.array([[w.data for w in n.weights] for n in layer.neurons]).T for layer in model.layers
    ]
    biases = [np.array([n.bias.data for n in layer.neurons]) for layer in model.layers]
    return [w.copy() for w in weights], biases


def batches_of(work: Work, size: int) -> list[tuple[Any, Any]]:
    """X and T of batch after batch; 0 is all rows."""
    size = size or len(work.X)
    starts = range(0, len(work.X), size)
    return [(work.X[i : i + size], work.T[i : i + size]) for i in starts]


def plain_loop(work: Work) -> ad.Value:
    """The mean loss as one graph, as micrograd's demo writes it: a Python loop over the rows."""
    losses = []
    for x, [t] in zip(work.X.tolist(), work.T.tolist(), strict=True):
        score = work.model(list(map(ad.Value, x)))
        losses.append(ad.relu(1 - t * score) if work.name == "moons" else 0.5 * (t - score) ** 2)
    total = sum(losses) * (1.0 / len(losses))
    if work.name == "moons":
        total = total + PENALTY * sum(p * p for p in work.model.parameters())
    return total


def eager(work: Work) -> Callable[[Any, Any], float]:
    """A step of the eager engine on some rows, graph after graph."""
    parameters = work.model.parameters()

    def step(X: Any, T: Any) -> float:
        ad.zero_grad(parameters)
        total = 0.0
        for row in np.hstack([X, T]).tolist():
            for leaf, number in zip(work.inputs, row, strict=True):
                leaf.data = number
            total += work.loss.forward()
            work.loss.backward()
        for p in parameters:
            p.data -= work.rate / len(X) * p.grad
        return total / len(X)

    return step


def eager_plain_loop(work: Work) -> Callable[[Any, Any], float]:
    """The plain loop as one uses it eagerly: recorded, differentiated and freed in each step."""
    parameters = work.model.parameters()

    def step(X: Any, T: Any) -> float:
        total = plain_loop(work)
        ad.zero_grad(parameters)
        total.backward()
        for p in parameters:
            p.data -= work.rate * p.grad
        return total.data

    return step
