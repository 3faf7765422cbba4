"""Prediction: the layers' arithmetic on plain numbers, one row at a time, or on whole columns.

Both give the same bits as a recorded pass: sums are taken in the same order, and the activation is
the same row of the table.
"""

from collections.abc import Callable, Iterable
from typing import Any

import autodiff as ad
from nn.leaves import as_list, is_row


def predict(layers: Iterable[Any], n_inputs: int, X: Any) -> Any:
    """Outputs of the layers for one row of inputs, a list of rows, or an array of either."""
    if getattr(X, "ndim", 0):
        return _predict_array(layers, n_inputs, X)
    rows = as_list(X)
    one_row = bool(rows) and not is_row(rows[0])
    network = _on_numbers(layers, lambda activation: activation)
    results = [network(_numbers(row, n_inputs)) for row in ([rows] if one_row else rows)]
    results = [outputs[0] if len(outputs) == 1 else outputs for outputs in results]
    return results[0] if one_row else results


def _predict_array(layers: Iterable[Any], n_inputs: int, X: Any) -> Any:
    """Column by column: a signal is the array of its numbers in all rows."""
    import numpy as np

    X = np.asarray(X, dtype=np.float64)
    if X.ndim == 1:
        return np.asarray(predict(layers, n_inputs, X.tolist()))[()]
    if X.ndim != 2 or X.shape[1] != n_inputs:
        raise ValueError(f"X has shape {X.shape}; (rows, {n_inputs}) is wanted")

    def on_columns(activation: Callable[[float], float]) -> Callable[[Any], Any]:
        return lambda column: np.array([activation(x) for x in column.tolist()], dtype=np.float64)

    with np.errstate(all="ignore"):  # IEEE numbers, as everywhere in the engine
        outputs = _on_numbers(layers, on_columns)(list(X.T))
    return outputs[0] if len(outputs) == 1 else np.stack(outputs, axis=1)


def _on_numbers(
    layers: Iterable[Any], lift: Callable[[Any], Callable[[Any], Any]]
) -> Callable[[list[Any]], list[Any]]:
    """The network as a function of numbers; `lift` fits an activation to what flows through."""
    plan = [
        [
            (
                neuron.weighted_sum,
                [w.data for w in neuron.weights],
                None if neuron.bias is None else neuron.bias.data,
                lift(neuron.activation) if neuron.activation else None,
            )
            for neuron in layer.neurons
        ]
        for layer in layers
    ]

    def network(signals: list[Any]) -> list[Any]:
        for neurons in plan:
            sums = [(total(signals, weights, bias), f) for total, weights, bias, f in neurons]
            signals = [f(x) if f else x for x, f in sums]
        return signals

    return network


def _numbers(row: Any, n_inputs: int) -> list[float]:
    """One row as floats; Values count with their number."""
    if not is_row(row) or len(row) != n_inputs:
        given = f"a row of {len(row)}" if is_row(row) else f"{row!r} where a row should be"
        raise ValueError(
            f"inputs of the network: {n_inputs}, but X has {given}; "
            "X is one row of as many numbers or a list of such rows"
        )
    return [
        x if type(x) is float else x.data if isinstance(x, ad.Value) else ad.Value(x).data
        for x in row
    ]
