"""Accuracy: how many labels a network gets right."""

from typing import Any

import autodiff as ad
from nn.activations import activation_name
from nn.leaves import as_list, as_rows
from nn.pairing import plain


def accuracy(model: Any, X: Any, y: Any, *, threshold: float | None = None) -> float:
    """The share of samples whose class is predicted.

    With several outputs the class is the largest one, and y has its index, or a row with a 1 for
    the class among zeros. With a single output
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
    targets = as_rows(y, "y")
    if not rows or len(rows) != len(targets):
        raise ValueError(f"{len(rows)} samples and {len(targets)} targets: one is needed for each")
    if threshold is None:
        threshold = 0.0 if activation_name(model.layers[-1].activation) in UPRIGHT else 0.5
    threshold, right = ad.Value(threshold).data, 0
    for outputs, target in zip(model.predict(rows), targets, strict=True):
        if isinstance(outputs, list):
            right += outputs.index(max(outputs)) == label_of(target, len(outputs))
        else:
            right += (outputs > threshold) == (label_of(target, 1) > 0)
    return right / len(rows)


def label_of(target: Any, outputs: int) -> float:
    """A target as a number: the index of the largest in a row with one number an output.

    >>> label_of(2, 3), label_of([0, 1, 0], 3), label_of([-1], 1)
    (2.0, 1.0, -1.0)
    """
    row = [plain(t) for t in as_list(target)]
    if len(row) not in (1, outputs):
        raise ValueError(f"a target is {row!r}; a class is its index, or a row of {outputs}")
    return row[0] if len(row) == 1 else float(row.index(max(row)))


UPRIGHT = {"linear", "tanh", "softsign"}  # outputs that are 0 between the two classes
