"""Steps: a compiled one gives the numbers of the eager one, and is taken when it should be."""

import gc
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

import autodiff as ad
from nn import LOSSES, MLP, SGD, fit, half_squared_error
from nn.samples import Samples
from nn.steps import CompiledStep, EagerStep, chosen_step

X = [[random.Random(i).uniform(-1, 1), random.Random(i + 50).gauss(0, 1)] for i in range(9)]
LABELS: dict[str, Any] = {
    "hinge": [1.0, -1.0, 1.0] * 3,
    "cross_entropy": [0.0, 1.0, 2.0] * 3,
    "binary_cross_entropy": [0.0, 1.0, 0.25] * 3,
    "binary_cross_entropy_with_logits": [1.0, 0.0, 0.5] * 3,
}

needs_compile = pytest.mark.skipif(not hasattr(ad, "compile"), reason="ad.compile is not there yet")


def network(loss: str) -> tuple[MLP, Samples]:
    if loss == "cross_entropy":
        return MLP(2, [4, 3], "tanh", "linear", seed=2), Samples(X, LABELS[loss])
    output = "sigmoid" if loss == "binary_cross_entropy" else "linear"
    return MLP(2, [4, 1], "tanh", output, seed=2), Samples(X, LABELS.get(loss, [0.3, -2, 1] * 3))


def gradients(step: EagerStep, batch: list[int]) -> list[float]:
    return [step(batch), *(p.grad for p in step.parameters)]


@needs_compile
@pytest.mark.parametrize("loss", LOSSES)
def test_compiled_is_eager_to_rounding(loss: str) -> None:
    pytest.importorskip("numpy")
    model, samples = network(loss)
    eager = EagerStep(model, LOSSES[loss], samples)
    compiled = CompiledStep(model, LOSSES[loss], samples)
    for batch in (list(range(9)), [3, 1], [8]):
        assert gradients(compiled, batch) == pytest.approx(
            gradients(eager, batch), rel=1e-12, abs=1e-15
        )


@needs_compile
def test_cross_entropy_keeps_its_digits_when_compiled() -> None:
    pytest.importorskip("numpy")
    model = MLP(1, [3], "linear", weights=[[[60.0], [0.0], [1.0]]], biases=None)
    samples = Samples([[1.0], [1.0]], [0.0, 2.0])
    eager = EagerStep(model, LOSSES["cross_entropy"], samples)
    compiled = CompiledStep(model, LOSSES["cross_entropy"], samples)
    for batch in ([0], [1]):
        assert gradients(compiled, batch) == pytest.approx(
            gradients(eager, batch), rel=1e-14, abs=0
        )


@needs_compile
def test_a_sure_probability_costs_nothing_compiled_either() -> None:
    pytest.importorskip("numpy")
    model = MLP(1, [1], "sigmoid", weights=[[[800.0]]], biases=None)
    step = CompiledStep(model, LOSSES["binary_cross_entropy"], Samples([[1.0], [-1.0]], [1.0, 0.0]))
    assert step([0, 1]) == 0.0


@needs_compile
def test_several_targets() -> None:
    pytest.importorskip("numpy")
    model = MLP(2, [3, 2], seed=1)
    samples = Samples(X, [[0.1 * i, 1 - 0.1 * i] for i in range(9)])
    batch = list(range(9))
    eager = gradients(EagerStep(model, half_squared_error, samples), batch)
    assert gradients(CompiledStep(model, half_squared_error, samples), batch) == pytest.approx(
        eager, rel=1e-12
    )


@needs_compile
@pytest.mark.parametrize("options", [{}, {"batch_size": 4, "optimizer": "adam", "l2": 0.01}])
def test_training_compiled_is_training_eagerly(options: Any) -> None:
    pytest.importorskip("numpy")

    def run(backend: str) -> Any:
        model, samples = network("half_squared_error")
        history = fit(model, samples.X, samples.y, rate=0.1, epochs=10, progress=False,
                      backend=backend, **options)  # fmt: skip
        return [*history.loss, *(p.data for p in model.parameters())]

    assert run("numpy") == pytest.approx(run("eager"), rel=1e-9)
    assert run("numpy") == run("numpy")


@needs_compile
@pytest.mark.parametrize("size", [1, 4, 8])
def test_batches_ahead_are_the_steps_of_an_epoch(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain descent makes all batches but the last in one go; an l2 of nothing to speak of is
    looked at step by step."""
    pytest.importorskip("numpy")
    calls: list[int] = []
    ordinary = CompiledStep.__call__
    monkeypatch.setattr(
        CompiledStep, "__call__", lambda self, b: calls.append(len(b)) or ordinary(self, b)
    )

    def trained(**options: Any) -> tuple[Any, list[float], int]:
        model, samples = network("mse")
        optimizer = SGD(model.parameters(), rate=0.05)
        history = fit(
            model, samples.X, samples.y, loss="mse", optimizer=optimizer, batch_size=size,
            epochs=5, seed=3, progress=False, **options,
        )  # fmt: skip
        return history, [p.data for p in model.parameters()], optimizer.steps

    ahead, numbers, steps = trained(backend="numpy")
    assert calls == [9 % size or size] * 5  # the last batch of each epoch
    for options in ({"backend": "numpy", "l2": 1e-300}, {"backend": "eager"}):
        history, others, count = trained(**options)
        assert numbers == pytest.approx(others, rel=1e-9)
        assert ahead.loss == pytest.approx(history.loss, rel=1e-9)
        assert [row.gradient_norm for row in ahead.rows] == pytest.approx(
            [row.gradient_norm for row in history.rows], rel=1e-9
        )
        assert steps == count == 5 * -(-9 // size)


@needs_compile
def test_batches_ahead_that_are_not_finite_are_told_apart() -> None:
    pytest.importorskip("numpy")
    found = []
    for backend in ("numpy", "eager"):
        model, samples = network("mse")
        start = [p.data for p in model.parameters()]
        with pytest.raises(FloatingPointError) as refused:
            fit(
                model, samples.X, samples.y, loss="mse", rate=1e200, batch_size=2, epochs=1,
                backend=backend, progress=False,
            )  # fmt: skip
        found.append(str(refused.value))
        assert [p.data for p in model.parameters()] == start
    assert found[0] == found[1]
    assert "in epoch 1, sample" in found[0]


def test_which_step_is_taken() -> None:
    small, large = MLP(2, [2, 1]), MLP(2, [16, 1])
    samples = Samples(X, [0.0] * 9)

    def taken(model: Any, loss: Any = half_squared_error, backend: str = "auto") -> str:
        return chosen_step(model, loss, samples, True, backend)[1]

    assert taken(small) == "eager"
    assert taken(large, backend="eager") == "eager"
    assert taken(large, loss=lambda o, t: (o - t) ** 2) == "eager"  # may look at its numbers
    if hasattr(ad, "compile"):
        pytest.importorskip("numpy")
        assert taken(large) != "eager"
        assert taken(small, lambda o, t: (o - t) ** 2, "numpy") == "numpy"
    with pytest.raises(ValueError, match="backend='fast' is unknown; use one of auto, eager"):
        taken(small, backend="fast")


OWN_OP = """
import math
import autodiff as ad
from nn import MLP, fit
wave = ad.Op("wave", lambda x: math.sin(x) + x, [lambda out, x: 1.0 + ad.cos(x)])
def losses(backend):
    X = [[0.1 * k, 0.2] for k in range(40)]
    model = MLP(2, [8, 1], wave)
    return fit(model, X, [0.5] * 40, rate=0.01, epochs=3, progress=False, backend=backend).loss
print(all(abs(a - b) < 1e-12 for a, b in zip(losses("eager"), losses("auto"), strict=True)))
"""


def test_ops_of_the_users_own(run_python: Any) -> None:
    done = run_python("-c", OWN_OP)
    assert done.stdout == "True\n", done.stderr


def test_what_cannot_be_compiled_is_trained_eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise NotImplementedError("no such op for arrays")

    monkeypatch.setattr(ad, "compile", refuse, raising=False)
    samples = Samples(X, [0.0] * 9)
    model = MLP(2, [16, 1])
    assert chosen_step(model, half_squared_error, samples, True, "auto")[1] == "eager"
    with pytest.raises(NotImplementedError):
        chosen_step(model, half_squared_error, samples, True, "numpy")


# ---------------------------------------------------------------- memory


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth(steps: int) -> int:
    """How much memory so many eager steps on XOR take for good, with the collector off."""
    model = MLP(2, [2, 1], seed=1)
    samples = Samples([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0])
    step = EagerStep(model, half_squared_error, samples)
    optimizer = SGD(model.parameters(), rate=0.5, momentum=0.5)

    def train(count: int) -> None:
        for _ in range(count):
            step([0, 1, 2, 3])
            optimizer.step()

    gc.collect()
    gc.disable()
    try:
        train(200)
        before = resident()
        train(steps)
        assert gc.collect() == 0  # no cycles were left
        return resident() - before
    finally:
        gc.enable()


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@linux
def test_memory_does_not_grow() -> None:
    assert growth(5_000) < 2**20


@linux
@pytest.mark.slow
def test_memory_does_not_grow_in_1e5_steps() -> None:
    assert min(growth(100_000) for _ in range(2)) < 2**20  # what grows once is other tests' memory
