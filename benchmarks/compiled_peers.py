"""The peers of `compiled.py` that make a step at a time: each trains a `Work` by gradient descent.

A peer takes a work and returns two functions: `step(...)`, which makes a step on rows and returns
the loss before it, and `given(X, T)`, which makes rows into what `step` wants, outside the clock.
A peer returns None if the work is not for it, and raises ImportError where its library is missing.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from works import PENALTY, Work, arrays

Step = Callable[..., float]
Given = Callable[[Any, Any], tuple[Any, ...]]
Peer = tuple[Step, Given]


def by_hand(work: Work) -> Peer:
    """What one writes in NumPy, backward pass and all."""
    W, B = arrays(work.model)
    rate = work.rate

    def descend(slopes: list[Any], biases: list[Any]) -> None:
        for p, g in zip(W + B, slopes + biases, strict=True):
            p -= rate * g

    def xor(X: Any, T: Any) -> float:
        a = 1 / (1 + np.exp(-(X @ W[0] + B[0])))
        o = 1 / (1 + np.exp(-(a @ W[1] + B[1])))
        d2 = (o - T) * o * (1 - o) / len(X)
        d1 = (d2 @ W[1].T) * a * (1 - a)
        loss = float((0.5 * (T - o) ** 2).sum() / len(X))
        descend([X.T @ d1, a.T @ d2], [d1.sum(0), d2.sum(0)])
        return loss

    def moons(X: Any, T: Any) -> float:
        h1 = X @ W[0] + B[0]
        a1 = np.maximum(h1, 0)
        h2 = a1 @ W[1] + B[1]
        a2 = np.maximum(h2, 0)
        margin = 1 - T * (a2 @ W[2] + B[2])
        loss = np.maximum(margin, 0).mean() + PENALTY * sum((p * p).sum() for p in W + B)
        d3 = np.where(margin > 0, -T, 0) / len(X)
        d2 = (d3 @ W[2].T) * (h2 > 0)
        d1 = (d2 @ W[1].T) * (h1 > 0)
        slopes = [X.T @ d1, a1.T @ d2, a2.T @ d3], [d1.sum(0), d2.sum(0), d3.sum(0)]
        descend(
            [g + 2 * PENALTY * w for g, w in zip(slopes[0], W, strict=True)],
            [g + 2 * PENALTY * b for g, b in zip(slopes[1], B, strict=True)],
        )
        return float(loss)

    def digits(X: Any, labels: Any, rows: Any) -> float:
        a = 1 / (1 + np.exp(-(X @ W[0] + B[0])))
        z = a @ W[1] + B[1]
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[rows, labels]).mean()
        d2 = e / total
        d2[rows, labels] -= 1
        d2 /= len(X)
        d1 = (d2 @ W[1].T) * a * (1 - a)
        descend([X.T @ d1, a.T @ d2], [d1.sum(0), d2.sum(0)])
        return float(loss)

    def given(X: Any, T: Any) -> tuple[Any, ...]:
        return (X, T) if work.name != "digits" else (X, T.argmax(axis=1), np.arange(len(X)))

    steps: dict[str, Step] = {"xor": xor, "moons": moons, "digits": digits}
    return steps[work.name], given


# ---------------------------------------------------------------- torch


def torch_parts(work: Work) -> tuple[Any, list[Any], list[Any], Callable[..., Any], Given]:
    """torch, weights and biases that want gradients, the loss of outputs, and rows as tensors."""
    import torch

    torch.set_num_threads(1)
    W, B = arrays(work.model)
    weights = [torch.tensor(w.T.copy(), requires_grad=True) for w in W]
    biases = [torch.tensor(b, requires_grad=True) for b in B]

    def loss(out: Any, T: Any) -> Any:
        if work.name == "xor":
            return 0.5 * ((T - out) ** 2).mean()
        if work.name == "moons":
            return torch.relu(1 - T * out).mean()
        return torch.nn.functional.cross_entropy(out, T)

    def given(X: Any, T: Any) -> tuple[Any, ...]:
        return torch.tensor(X), torch.tensor(T.argmax(axis=1) if work.name == "digits" else T)

    return torch, weights, biases, loss, given


def torch_nn(work: Work) -> Peer:
    """torch.nn modules and torch.optim.SGD, as in its tutorial."""
    torch, weights, biases, loss_of, given = torch_parts(work)
    act = torch.nn.ReLU if work.name == "moons" else torch.nn.Sigmoid
    layers = []
    for w, b in zip(weights, biases, strict=True):
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
        linear.weight.data, linear.bias.data = w.data.clone(), b.data.clone()
        layers += [linear, act()]
    net = torch.nn.Sequential(*(layers if work.name == "xor" else layers[:-1]))
    optimizer = torch.optim.SGD(net.parameters(), lr=work.rate)

    def step(X: Any, T: Any) -> float:
        optimizer.zero_grad()
        loss = loss_of(net(X), T)
        if work.name == "moons":
            loss = loss + PENALTY * sum((p * p).sum() for p in net.parameters())
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step, given


def torch_lean(work: Work) -> Peer:
    """torch with tensors and torch.autograd.grad only."""
    torch, weights, biases, loss_of, given = torch_parts(work)
    act = torch.relu if work.name == "moons" else torch.sigmoid
    parameters = weights + biases

    def step(X: Any, T: Any) -> float:
        out = X
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            out = torch.addmm(b, out, w.T)
            if i < len(weights) - 1 or work.name == "xor":
                out = act(out)
        loss = loss_of(out, T)
        if work.name == "moons":
            loss = loss + PENALTY * sum((p * p).sum() for p in parameters)
        slopes = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, slopes, alpha=-work.rate)
        return float(loss.item())

    return step, given


# ---------------------------------------------------------------- jax and micrograd


def jax_parts(work: Work) -> tuple[Any, Callable[..., Any], Any, Given]:
    """jax, a step (parameters, rows) -> (parameters, loss) to trace, parameters, rows as arrays."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    act = jax.nn.relu if work.name == "moons" else jax.nn.sigmoid

    def loss_of(parameters: Any, X: Any, T: Any) -> Any:
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

    def step(parameters: Any, rows: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(parameters, *rows)
        return jax.tree.map(lambda p, g: p - work.rate * g, parameters, slopes), loss

    state = [[jnp.asarray(p) for p in group] for group in arrays(work.model)]
    return jax, step, state, lambda X, T: (jnp.asarray(X), jnp.asarray(T))


def jax_jit(work: Work) -> Peer:
    """One step of jax.value_and_grad under jit, called from Python."""
    jax, traced, state, given = jax_parts(work)
    compiled = jax.jit(traced)

    def step(*rows: Any) -> float:
        nonlocal state
        state, loss = compiled(state, rows)
        return float(loss)

    return step, given


def jax_scan(work: Work, steps: int) -> Callable[[], Any]:
    """So many steps over all rows inside one call, by lax.scan."""
    jax, traced, state, given = jax_parts(work)
    rows = given(work.X, work.T)
    run = jax.jit(
        lambda start: jax.lax.scan(lambda p, _: traced(p, rows), start, None, length=steps)
    )

    def call() -> Any:
        nonlocal state
        state, losses = run(state)
        return np.asarray(losses)

    return call


def jax_scan_epoch(work: Work, batch: int) -> Callable[[], Any]:
    """An epoch of batches inside one call: a scan over the full ones, then what is left."""
    jax, traced, state, given = jax_parts(work)
    full = len(work.X) // batch
    X, T = given(work.X, work.T)
    stacked = [a[: full * batch].reshape(full, batch, -1) for a in (X, T)]
    rest = X[full * batch :], T[full * batch :]

    def epoch(start: Any) -> Any:
        state, losses = jax.lax.scan(traced, start, stacked)
        if len(rest[0]):
            state, last = traced(state, rest)
            losses = jax.numpy.append(losses, last)
        return state, losses

    run = jax.jit(epoch)

    def call() -> Any:
        nonlocal state
        state, losses = run(state)
        return np.asarray(losses)

    return call


def micrograd(work: Work) -> Peer | None:
    """micrograd's own engine; it has no sigmoid, and digits would take minutes a step."""
    from micrograd.engine import Value

    if work.name != "moons":
        return None
    W, B = arrays(work.model)
    weights = [[list(map(Value, column)) for column in w.T.tolist()] for w in W]
    biases = [list(map(Value, b.tolist())) for b in B]
    parameters = [p for layer in weights for row in layer for p in row]
    parameters += [b for row in biases for b in row]

    def step(X: list[list[float]], T: list[float]) -> float:
        losses = []
        for x, t in zip(X, T, strict=True):
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

    return step, lambda X, T: (X.tolist(), T[:, 0].tolist())


PEERS: dict[str, Callable[[Work], Peer | None]] = {
    "numpy by hand": by_hand,
    "torch nn + SGD": torch_nn,
    "torch lean": torch_lean,
    "jax jit": jax_jit,
    "micrograd": micrograd,
}
