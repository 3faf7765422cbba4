"""Learning: the toy problems are learnt from stated seeds to a stated accuracy, fast enough."""

import time
from typing import Any

import pytest

import autodiff as ad
from nn import MLP, fit, mse
from nn.datasets import blobs, circles, linear, moons, sine, spiral, xor
from nn.metrics import accuracy

LOGITS = "binary_cross_entropy_with_logits"
CLASS = "cross_entropy"

# data, layers, activation, loss, rate, epochs, seed of the weights, accuracy
PROBLEMS: dict[str, tuple[Any, list[int], str, str, float, int, int, float]] = {
    "moons": (moons(100, seed=1), [16, 16, 1], "relu", LOGITS, 0.02, 100, 1, 0.99),
    "circles": (circles(100, seed=1), [8, 1], "tanh", LOGITS, 0.05, 100, 1, 0.99),
    "spiral": (spiral(150, seed=1), [16, 16, 1], "tanh", LOGITS, 0.02, 300, 1, 0.99),
    "three blobs": (blobs(90, seed=1), [8, 3], "tanh", CLASS, 0.05, 50, 1, 0.98),
    "three arms": (spiral(150, classes=3, seed=1), [16, 16, 3], "tanh", CLASS, 0.02, 200, 1, 0.98),
}

fast = pytest.mark.skipif(not hasattr(ad, "compile"), reason="takes minutes without ad.compile")


@pytest.mark.parametrize("seed", range(4))
def test_xor(seed: int) -> None:
    X, y = xor()
    model = MLP(2, [2, 1], seed=seed)
    history = fit(model, X, y, rate=5.0, epochs=2000, target_loss=0.005, progress=False)
    assert history.stopped == "the loss has reached 0.005"
    assert accuracy(model, X, y) == 1.0


@fast
@pytest.mark.parametrize("problem", PROBLEMS)
def test_classes(problem: str) -> None:
    pytest.importorskip("numpy")
    (X, y), sizes, activation, loss, rate, epochs, seed, wanted = PROBLEMS[problem]

    def trained() -> tuple[MLP, Any]:
        model = MLP(2, sizes, activation, "linear", seed=seed)
        history = fit(model, X, y, loss=loss, optimizer="adam", rate=rate, epochs=epochs,
                      progress=False)  # fmt: skip
        return model, history

    model, history = trained()
    assert accuracy(model, X, y) >= wanted
    again, history_again = trained()
    assert [p.data for p in again.parameters()] == [p.data for p in model.parameters()]
    assert history_again.rows == history.rows


@fast
def test_moons_that_were_never_seen() -> None:
    pytest.importorskip("numpy")
    X, y = moons(200, seed=1)
    model = MLP(2, [16, 16, 1], "relu", "linear", seed=1)
    history = fit(model, X, y, loss=LOGITS, optimizer="adam", rate=0.02, epochs=200, patience=20,
                  validation=0.25, seed=3, batch_size=25, progress=False)  # fmt: skip
    assert history.best is not None
    assert min(history.validation) == history.validation[history.best - 1]
    assert accuracy(model, *moons(200, seed=2)) >= 0.97


@pytest.mark.parametrize(("data", "wanted"), [(linear, 0.02), (sine, 0.03)])
def test_regression(data: Any, wanted: float) -> None:
    X, y = data(40, seed=1)
    model = MLP(1, [6, 1], "tanh", "linear", seed=1)
    fit(model, X, y, loss="mse", optimizer="adam", rate=0.03, epochs=300, progress=False)
    assert mse(model.predict(X), y) < wanted


ONE_SECOND = """
import time
from nn import MLP, fit
from nn.datasets import moons

X, y = moons(100, seed=1)
model = MLP(2, [16, 16, 1], "relu", "linear", seed=1)
fit(model, X, y, loss="mse", rate=0.1, epochs=100, progress=False)
print(time.process_time())
"""


@fast
@pytest.mark.slow
def test_100_epochs_of_moons_in_a_second(run_python: Any) -> None:
    """Of CPU: import, compiling and 100 full batches, on the NumPy backend."""
    pytest.importorskip("numpy")
    taken = min(float(run_python("-c", ONE_SECOND).stdout) for _ in range(3))
    assert taken < 1.0


@pytest.mark.slow
def test_a_decision_boundary_in_50_ms() -> None:
    np = pytest.importorskip("numpy")
    model = MLP(2, [16, 16, 1], "relu", "linear", seed=1)
    across = np.linspace(-2, 2, 40)
    points = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    taken = []
    for _ in range(5):
        start = time.process_time()
        model.predict(points)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.05
