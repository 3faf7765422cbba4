"""Plots: what is drawn, checked on the axes, and what to install where matplotlib is missing."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nn import MLP, fit
from nn.datasets import blobs, moons
from nn.plots import plot_activations, plot_boundary, plot_gradients, plot_loss, save_plots


@pytest.fixture
def pyplot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def trained(outputs: int = 1) -> tuple[MLP, Any, Any, Any]:
    X, y = moons(20, seed=1) if outputs == 1 else blobs(21, seed=1)
    model = MLP(2, [3, outputs], "tanh", "linear", seed=1)
    loss = "mse" if outputs == 1 else "cross_entropy"
    history = fit(model, X, y, loss=loss, rate=0.1, epochs=5, validation=0.25, patience=3,
                  progress=False)  # fmt: skip
    return model, history, X, y


def test_losses(pyplot: Any) -> None:
    _, history, _, _ = trained()
    axes = history.plot()
    loss, validation, best = axes.get_lines()
    assert loss.get_ydata().tolist() == history.loss
    assert validation.get_ydata().tolist() == history.validation
    assert best.get_label() == "best"
    assert axes.get_yscale() == "log"
    assert plot_loss(history, axes) is axes


def test_gradients(pyplot: Any) -> None:
    _, history, _, _ = trained()
    lines = plot_gradients(history).get_lines()
    assert [line.get_label() for line in lines] == ["hidden", "output"]
    assert lines[1].get_ydata().tolist() == history.layer_norms["output"]


@pytest.mark.parametrize("outputs", [1, 3])
def test_boundary(pyplot: Any, outputs: int) -> None:
    model, _, X, y = trained(outputs)
    axes = plot_boundary(model, X, y)
    drawn = [c for c in axes.collections if len(c.get_offsets()) > 1]
    assert sum(len(c.get_offsets()) for c in drawn) == len(X)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("i1", "i2")
    with pytest.raises(ValueError, match="drawn for two inputs"):
        plot_boundary(MLP(3, [1]), [[1, 2, 3]], [1])


def test_no_class_lies_between_two_others(pyplot: Any) -> None:
    """Left of x = 0 it is class 2, right of it class 0, and class 1 nowhere."""
    model = MLP(2, [3], output="linear", weights=[[[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]],
                biases=[[0.0, -9.0, 0.0]])  # fmt: skip
    np = pytest.importorskip("numpy")
    axes = plot_boundary(model, [[-1.0, 0.0], [1.0, 1.0]], [2, 0])
    axes.figure.canvas.draw()
    red, green, blue = np.asarray(axes.figure.canvas.buffer_rgba(), int).T[:3]
    assert ((blue > red + 30) & (blue > green + 10)).sum() > 1000
    assert ((green > red + 5) & (green > blue + 10)).sum() > 1000
    assert ((red > green + 20) & (red > blue + 40)).sum() == 0


def test_rows_that_mark_a_class_are_drawn_as_that_class(pyplot: Any) -> None:
    model, _, X, y = trained(3)
    rows = [[float(k == t) for k in range(3)] for t in y]
    drawn = [
        [c.get_offsets().tolist() for c in plot_boundary(model, X, targets).collections]
        for targets in (y, rows)
    ]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("sizes", [[1], [2]])
def test_a_network_that_says_one_thing(pyplot: Any, sizes: list[int]) -> None:
    weights = [[[0.0, 0.0] for _ in range(sizes[0])]]
    model = MLP(2, sizes, output="linear", weights=weights, biases=[[3.0, 1.0][: sizes[0]]])
    axes = plot_boundary(model, [[0.0, 0.0], [1.0, 1.0]], [0, 1])
    assert axes.get_xlabel() == "i1"


def test_epochs_are_whole_numbers(pyplot: Any) -> None:
    _, history, _, _ = trained()
    for axes in (plot_loss(history), plot_gradients(history)):
        assert all(tick == int(tick) for tick in axes.get_xticks())


def test_activations(pyplot: Any) -> None:
    model, _, X, _ = trained()
    axes = plot_activations(model, X)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["hidden", "output"]


def test_a_picture_of_both(pyplot: Any, tmp_path: Path) -> None:
    model, history, X, y = trained()
    save_plots(history, tmp_path / "both.png", model, X, y)
    save_plots(history, tmp_path / "loss.svg")
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "loss.svg").stat().st_size > 1000
    assert not pyplot.get_fignums()


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _, history, _, _ = trained()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"plots need matplotlib: pip install .*\[plot\]"):
        plot_loss(history)
