"""Accuracy: how many labels a network gets right."""

from typing import Any

import autodiff as ad
from nn.activations import activation_name
from nn.leaves import as_list, as_rows
from nn.pairing import plain


def accuracy(model: Any, X: Any, y: Any, *, threshold: float | None = None) -> float:
    """The share of samples whose class is predicted.

    With several outputs the class is the largest one, and y has its index. With a single output
    labels are 0 and 1 (or -1 and 1), and the class is the upper one above `threshold`: 0.5, or
    0 when the output is linear (a logit) or tanh.

    >>> from nn import MLP
    >>> model = MLP(1, [1], "linear", weights=[[[1.0]]], biases=None)
    >>> accuracy(model, [[-2.0], [1.0], [3.0]], [0, 1, 0])
    0.6666666666666666

    Raises ValueError when there are no samples or not a target for each.
    """
    if not hasattr(model, "predict"):
        raise TypeError(f"accuracy is that of a network, not of {model!r}")
    rows = [as_list(row) for row in as_rows(X, "X")]
    labels = [plain(as_list(t)[0]) for t in as_rows(y, "y")]
    if not rows or len(rows) != len(labels):
        raise ValueError(f"{len(rows)} samples and {len(labels)} targets: one is needed for each")
    if threshold is None:
        threshold = 0.0 if activation_name(model.layers[-1].activation) in UPRIGHT else 0.5
    threshold, right = ad.Value(threshold).data, 0
    for outputs, label in zip(model.predict(rows), labels, strict=True):
        if isinstance(outputs, list):
            right += outputs.index(max(outputs)) == label
        else:
            right += (outputs > threshold) == (label > 0)
    return right / len(rows)


UPRIGHT = {"linear", "tanh", "softsign"}  # outputs that are 0 between the two classes
