"""Plots with matplotlib (`pip install "scalar-autodiff[plot]"`).

Each draws into `axes`, or into a figure of its own, and returns the Axes: `plot_loss(history)`,
then `axes.figure.savefig("loss.png")`. Without a screen matplotlib draws into files by itself.
Classes differ in shape as well as in colour.
"""

from collections.abc import Sequence
from typing import Any

import autodiff as ad
from nn.activations import activation_name
from nn.history import History
from nn.labels import short
from nn.leaves import as_list

COLOURS = ("#1f77b4", "#e8832a", "#5c8a3a", "#9b59b6", "#8c564b", "#444444")
MARKERS = ("o", "^", "s", "D", "v", "P")
POINTS = 100  # of a decision boundary, across and up


def plot_loss(history: History, axes: Any = None) -> Any:
    """Loss, and validation loss if there is one, over the epochs; on a logarithmic scale if > 0."""
    axes = _axes(axes)
    epochs = [row.epoch for row in history.rows]
    axes.plot(epochs, history.loss, color=COLOURS[0], label="loss")
    if len(history.validation) == len(epochs) > 0:
        axes.plot(epochs, history.validation, color=COLOURS[1], linestyle="--", label="validation")
    if history.best is not None:
        axes.axvline(history.best, color=COLOURS[5], linestyle=":", label="best")
    if history.rows and min(history.loss) > 0.0:
        axes.set_yscale("log")
    _count(axes, history.unit)
    axes.set_ylabel("loss")
    axes.legend()
    return axes


def plot_gradients(history: History, axes: Any = None) -> Any:
    """The length of the gradient of each layer over the epochs: does it vanish to the inputs?"""
    axes = _axes(axes)
    epochs = [row.epoch for row in history.rows]
    columns = history.layer_norms or {"gradient": history.gradient_norm}
    for k, (name, column) in enumerate(columns.items()):
        axes.plot(epochs, column, color=COLOURS[k % len(COLOURS)], label=name)
    if any(x > 0.0 for column in columns.values() for x in column):
        axes.set_yscale("log")
    _count(axes, history.unit)
    axes.set_ylabel("length of the gradient")
    axes.legend()
    return axes


def plot_boundary(
    model: Any, X: Any, y: Any, axes: Any = None, *, threshold: float | None = None
) -> Any:
    """What a network with two inputs says about the plane, and the samples it was given.

    One output: shades of it, and a line at the threshold (0 for a linear or tanh output, else 0.5).
    Several: the class of the largest. Raises ValueError unless there are two inputs.
    """
    import_matplotlib()
    import numpy as np

    from nn.metrics import UPRIGHT, label_of

    if model.sizes[0] != 2:
        raise ValueError(f"a boundary is drawn for two inputs, and {model!r} has {model.sizes[0]}")
    axes = _axes(axes)
    points = np.array([as_list(row) for row in X], dtype=np.float64)
    labels = np.array([label_of(t, model.sizes[-1]) for t in y])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * np.where(high > low, high - low, 1.0)
    across, up = np.linspace(low - margin, high + margin, POINTS).T
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    said = model.predict(grid)
    if said.ndim == 1:
        if threshold is None:
            last = activation_name(model.layers[-1].activation)
            threshold = 0.0 if last in UPRIGHT else 0.5
        field = said.reshape(POINTS, POINTS)
        reach = max(float(np.abs(field - threshold).max()), 1e-12)
        levels = np.linspace(threshold - reach, threshold + reach, 21)
        axes.contourf(across, up, field, levels=levels, cmap="RdBu_r", alpha=0.6)
        _line(axes, across, up, field, threshold)
        classes = (labels > labels.mean()).astype(int) if len(set(labels)) == 2 else labels
    else:
        for k in range(said.shape[1]):  # how far ahead of all others: no class lies between two
            ahead = said[:, k] - np.delete(said, k, axis=1).max(axis=1)
            field, most = ahead.reshape(POINTS, POINTS), float(ahead.max())
            if most > 0.0:
                colour = COLOURS[k % len(COLOURS)]
                axes.contourf(across, up, field, levels=[0.0, most], colors=[colour], alpha=0.3)
                _line(axes, across, up, field, 0.0)
        classes = labels
    for k, label in enumerate(sorted(set(classes.tolist()))):
        chosen = points[classes == label]
        k = k if said.ndim == 1 else int(label)  # as its region, whichever classes have samples
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)]}
        axes.scatter(*chosen.T, edgecolors="black", linewidths=0.5, **style)
    axes.set_xlabel(short(model.names.inputs[0]))
    axes.set_ylabel(short(model.names.inputs[1]))
    return axes


def plot_activations(model: Any, X: Any, axes: Any = None) -> Any:
    """How the outputs of each layer are spread over the samples: flat ends are saturation."""
    import_matplotlib()
    axes = _axes(axes)
    spread: list[list[float]] = []
    for row in X:
        with ad.no_record():
            signals = [ad.Value(x) for x in as_list(row)]
            for k, layer in enumerate(model.layers):
                signals = layer.record(signals)
                if len(spread) <= k:
                    spread.append([])
                spread[k] += [s.data for s in signals]
    for k, numbers in enumerate(spread):
        style = {"color": COLOURS[k % len(COLOURS)], "label": model.names.layers[k].place}
        axes.hist(numbers, bins=30, histtype="step", density=True, **style)
    axes.set_xlabel("output of a neuron")
    axes.set_ylabel("density")
    axes.legend()
    return axes


def import_matplotlib() -> Any:
    """matplotlib.pyplot, or an ImportError that says what to install."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib: pip install "scalar-autodiff[plot]"', name="matplotlib"
        ) from error
    return pyplot


def save_plots(
    history: History, path: Any, model: Any = None, X: Sequence[Any] = (), y: Sequence[Any] = ()
) -> None:
    """One picture with the loss, and beside it the boundary of a network with two inputs."""
    pyplot = import_matplotlib()
    bounded = model is not None and len(X) > 0 and model.sizes[0] == 2
    figure, axes = pyplot.subplots(
        1, 1 + bounded, figsize=(5 + 5 * bounded, 4), squeeze=False, layout="constrained"
    )
    try:
        plot_loss(history, axes[0][0])
        if bounded:
            plot_boundary(model, X, y, axes[0][1])
        figure.savefig(path)
    finally:
        pyplot.close(figure)


def _line(axes: Any, across: Any, up: Any, field: Any, level: float) -> None:
    """The line on which a field has that height, if it is on both sides of it."""
    if field.min() < level < field.max():
        axes.contour(across, up, field, levels=[level], colors="black", linewidths=1.2)


def _count(axes: Any, unit: str) -> None:
    """Epochs or steps across, which are whole numbers."""
    axes.set_xlabel(unit)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _axes(axes: Any) -> Any:
    return import_matplotlib().subplots()[1] if axes is None else axes
