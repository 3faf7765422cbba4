"""Accuracy: one output and several, labels 0/1 and -1/1."""

import pytest

from nn import MLP
from nn.metrics import accuracy


def test_one_output() -> None:
    sigmoid = MLP(1, [1], weights=[[[1.0]]], biases=None)
    assert accuracy(sigmoid, [[-1], [1], [2], [3]], [0, 1, 1, 0]) == 0.75
    tanh = MLP(1, [1], "tanh", weights=[[[1.0]]], biases=None)
    assert accuracy(tanh, [[-1], [1]], [-1, 1]) == 1.0
    assert accuracy(tanh, [[-1], [1]], [-1, 1], threshold=0.9) == 0.5


def test_several_outputs() -> None:
    model = MLP(1, [3], "linear", weights=[[[-1.0], [0.0], [1.0]]], biases=None)
    assert accuracy(model, [[-1], [1], [1]], [0, 2, 1]) == pytest.approx(2 / 3)
    rows = [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert accuracy(model, [[-1], [1], [1]], rows) == pytest.approx(2 / 3)
    with pytest.raises(
        ValueError, match=r"a target is \[0.0, 1.0\]; a class is its index, or a row"
    ):
        accuracy(model, [[-1]], [[0, 1]])


def test_no_samples() -> None:
    with pytest.raises(ValueError, match="0 samples"):
        accuracy(MLP(1, [1]), [], [])
