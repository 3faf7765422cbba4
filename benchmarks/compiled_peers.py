"""The peers of `compiled.py`: each trains a `Work` by full-batch gradient descent.

A peer takes a work and returns a function that makes one step and returns the loss before it; None
if the work is not for it. It raises ImportError where its library is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

PENALTY = 1e-4


@dataclass
class Work:
    """A network, its loss for one row as a graph over `inputs` (columns of X, then T), and rows."""

    name: str
    loss: Any
    inputs: list[Any]
    model: Any
    X: Any
    T: Any
    rate: float


Step = Callable[[], float]


def arrays(model: Any) -> tuple[list[Any], list[Any]]:
    """Weights, inputs by outputs, and biases of each layer."""
    weights = [
        np.array([[w.data for w in n.weights] for n in layer.neurons]).T for layer in model.layers
    ]
    biases = [np.array([n.bias.data for n in layer.neurons]) for layer in model.layers]
    return [w.copy() for w in weights], biases


def by_hand(work: Work) -> Step:
    """What one writes in NumPy, backward pass and all."""
    W, B = arrays(work.model)
    X, T, rate, n = work.X, work.T, work.rate, len(work.X)

    def descend(slopes: list[Any], biases: list[Any]) -> None:
        for p, g in zip(W + B, slopes + biases, strict=True):
            p -= rate * g

    def xor() -> float:
        a = 1 / (1 + np.exp(-(X @ W[0] + B[0])))
        o = 1 / (1 + np.exp(-(a @ W[1] + B[1])))
        d2 = (o - T) * o * (1 - o) / n
        d1 = (d2 @ W[1].T) * a * (1 - a)
        loss = float((0.5 * (T - o) ** 2).sum() / n)
        descend([X.T @ d1, a.T @ d2], [d1.sum(0), d2.sum(0)])
        return loss

    def moons() -> float:
        h1 = X @ W[0] + B[0]
        a1 = np.maximum(h1, 0)
        h2 = a1 @ W[1] + B[1]
        a2 = np.maximum(h2, 0)
        margin = 1 - T * (a2 @ W[2] + B[2])
        loss = np.maximum(margin, 0).mean() + PENALTY * sum((p * p).sum() for p in W + B)
        d3 = np.where(margin > 0, -T, 0) / n
        d2 = (d3 @ W[2].T) * (h2 > 0)
        d1 = (d2 @ W[1].T) * (h1 > 0)
        slopes = [X.T @ d1, a1.T @ d2, a2.T @ d3], [d1.sum(0), d2.sum(0), d3.sum(0)]
        descend(
            [g + 2 * PENALTY * w for g, w in zip(slopes[0], W, strict=True)],
            [g + 2 * PENALTY * b for g, b in zip(slopes[1], B, strict=True)],
        )
        return float(loss)

    labels, rows = T.argmax(axis=1), np.arange(n)

    def digits() -> float:
        a = 1 / (1 + np.exp(-(X @ W[0] + B[0])))
        z = a @ W[1] + B[1]
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[rows, labels]).mean()
        d2 = e / total
        d2[rows, labels] -= 1
        d2 /= n
        d1 = (d2 @ W[1].T) * a * (1 - a)
        descend([X.T @ d1, a.T @ d2], [d1.sum(0), d2.sum(0)])
        return float(loss)

    return {"xor": xor, "moons": moons, "digits": digits}[work.name]


def torch_start(work: Work) -> tuple[Any, list[Any], list[Any], Any, Any, Any]:
    import torch

    torch.set_num_threads(1)
    W, B = arrays(work.model)
    weights = [torch.tensor(w.T.copy(), requires_grad=True) for w in W]
    biases = [torch.tensor(b, requires_grad=True) for b in B]
    X, T = torch.tensor(work.X), torch.tensor(work.T)

    def loss(out: Any) -> Any:
        if work.name == "xor":
            return 0.5 * ((T - out) ** 2).mean()
        if work.name == "moons":
            return torch.relu(1 - T * out).mean()
        return torch.nn.functional.cross_entropy(out, T.argmax(dim=1))

    return torch, weights, biases, X, loss, work.name == "moons"


def torch_nn(work: Work) -> Step:
    """torch.nn modules and torch.optim.SGD, as in its tutorial."""
    torch, weights, biases, X, loss_of, penalised = torch_start(work)
    act = torch.nn.ReLU if work.name == "moons" else torch.nn.Sigmoid
    layers = []
    for w, b in zip(weights, biases, strict=True):
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
        linear.weight.data, linear.bias.data = w.data.clone(), b.data.clone()
        layers += [linear, act()]
    net = torch.nn.Sequential(*(layers if work.name == "xor" else layers[:-1]))
    optimizer = torch.optim.SGD(net.parameters(), lr=work.rate)

    def step() -> float:
        optimizer.zero_grad()
        loss = loss_of(net(X))
        if penalised:
            loss = loss + PENALTY * sum((p * p).sum() for p in net.parameters())
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def torch_lean(work: Work) -> Step:
    """torch with tensors and torch.autograd.grad only."""
    torch, weights, biases, X, loss_of, penalised = torch_start(work)
    act = torch.relu if work.name == "moons" else torch.sigmoid
    parameters = weights + biases

    def step() -> float:
        out = X
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            out = torch.addmm(b, out, w.T)
            if i < len(weights) - 1 or work.name == "xor":
                out = act(out)
        loss = loss_of(out)
        if penalised:
            loss = loss + PENALTY * sum((p * p).sum() for p in parameters)
        slopes = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, slopes, alpha=-work.rate)
        return float(loss.item())

    return step


def jax_jit(work: Work) -> Step:
    """One step of jax.value_and_grad under jit, called from Python."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    X, T = jnp.asarray(work.X), jnp.asarray(work.T)
    act = jax.nn.relu if work.name == "moons" else jax.nn.sigmoid

    def loss_of(parameters: Any) -> Any:
        W, B = parameters
        out = X
        for i, (w, b) in enumerate(zip(W, B, strict=True)):
            out = out @ w + b
            if i < len(W) - 1 or work.name == "xor":
                out = act(out)
        if work.name == "xor":
            return 0.5 * ((T - out) ** 2).mean()
        if work.name == "moons":
            return jax.nn.relu(1 - T * out).mean() + PENALTY * sum((p * p).sum() for p in W + B)
        return (jax.nn.logsumexp(out, axis=1) - (T * out).sum(axis=1)).mean()

    @jax.jit
    def step(parameters: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(parameters)
        return loss, jax.tree.map(lambda p, g: p - work.rate * g, parameters, slopes)

    state = [[jnp.asarray(p) for p in group] for group in arrays(work.model)]

    def run() -> float:
        nonlocal state
        loss, state = step(state)
        return float(loss)

    return run


def micrograd(work: Work) -> Step | None:
    """micrograd's own engine; digits would take minutes a step."""
    from micrograd.engine import Value

    if work.name != "moons":  # it has no sigmoid
        return None
    W, B = arrays(work.model)
    weights = [[list(map(Value, column)) for column in w.T.tolist()] for w in W]
    biases = [list(map(Value, b.tolist())) for b in B]
    parameters = [p for layer in weights for row in layer for p in row]
    parameters += [b for row in biases for b in row]

    def step() -> float:
        losses = []
        for x, [t] in zip(work.X.tolist(), work.T.tolist(), strict=True):
            signals: list[Any] = list(map(Value, x))
            for i, (layer, bias) in enumerate(zip(weights, biases, strict=True)):
                sums = [
                    sum((w * s for w, s in zip(row, signals, strict=True)), b)
                    for row, b in zip(layer, bias, strict=True)
                ]
                signals = [s.relu() for s in sums] if i < len(weights) - 1 else sums
            losses.append((1 - t * signals[0]).relu())
        loss = sum(losses) * (1.0 / len(losses)) + PENALTY * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = 0
        loss.backward()
        for p in parameters:
            p.data -= work.rate * p.grad
        return float(loss.data)

    return step


PEERS: dict[str, Callable[[Work], Step | None]] = {
    "numpy by hand": by_hand,
    "torch nn + SGD": torch_nn,
    "torch lean": torch_lean,
    "jax jit": jax_jit,
    "micrograd": micrograd,
}
