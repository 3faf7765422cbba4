"""Prediction: the bits of a recorded pass, in whatever shape the rows come, and much faster."""

import time
from typing import Any

import pytest

import autodiff as ad
from nn import MLP

ROWS = [[0.1, 0.5], [-3.0, 2.0], [0.0, 0.0], [1e3, -1e3]]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "linear"])
@pytest.mark.parametrize("names", ["out", "layer", "delta"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_same_bits(activation: str, names: str, outputs: int) -> None:
    np = pytest.importorskip("numpy")
    model = MLP(2, [5, outputs], activation, names=names, biases=[0.25, "zeros"], seed=3)
    recorded = [[v.data for v in ad_list(model(row))] for row in ROWS]
    flat = [row[0] for row in recorded] if outputs == 1 else recorded
    assert model.predict(ROWS) == flat
    assert [model.predict(row) for row in ROWS] == flat
    for array in (np.array(ROWS), np.array(ROWS, order="F")):
        predicted = model.predict(array)
        assert predicted.shape == ((4,) if outputs == 1 else (4, 3))
        assert predicted.tolist() == flat
        assert model.predict(array[1]).tolist() == flat[1]


def ad_list(outputs: Any) -> list[ad.Value]:
    return [outputs] if isinstance(outputs, ad.Value) else outputs


def test_many_kinds_of_rows() -> None:
    np = pytest.importorskip("numpy")
    model = MLP(2, [1])
    one = model.predict([1, 0])
    rows = [(1, 0), [True, False], np.array([1, 0]), [ad.Value(1), ad.Value(0)], range(1, -1, -1)]
    assert model.predict(rows) == [one] * 5
    assert isinstance(one, float)
    assert model.predict(np.array([[1, 0]])).tolist() == [one]
    assert model.predict([]) == []
    assert model.predict(np.zeros((0, 2))).shape == (0,)
    assert MLP(1, [2]).predict(0.5) == MLP(1, [2]).predict([0.5])


def test_numbers_beyond_range_do_not_warn() -> None:
    np = pytest.importorskip("numpy")
    model = MLP(2, [1], "linear", weights=[[[1e300, -1e300]]])
    rows = [[1e300, 1e300], [1e300, 0.0]]
    assert str(model.predict(rows)) == str(model.predict(np.array(rows)).tolist()) == "[nan, inf]"


def test_it_follows_the_parameters() -> None:
    model = MLP(1, [1], "linear", weights=[[[2.0]]], biases=None)
    assert model.predict([3.0]) == 6.0
    model.parameters()[0].data = 5.0
    assert model.predict([3.0]) == 15.0


WRONG: list[tuple[Any, str]] = [
    ([1.0, 2.0, 3.0], "inputs of the network: 2, but X has a row of 3"),
    ([[1.0, 2.0], [3.0]], "X has a row of 1"),
    ([[1.0, 2.0], 3.0], "X has 3.0 where a row should be"),
    (1.0, "X has a row of 1"),
]


@pytest.mark.parametrize(("X", "message"), WRONG)
def test_wrong_rows(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLP(2, [1]).predict(X)


def test_wrong_arrays() -> None:
    np = pytest.importorskip("numpy")
    for shape in ((4, 3), (2, 2, 2)):
        with pytest.raises(ValueError, match=r"X has shape .*\(rows, 2\) is wanted"):
            MLP(2, [1]).predict(np.zeros(shape))


def test_it_is_faster_than_recording() -> None:
    np = pytest.importorskip("numpy")
    model = MLP(2, [16, 16, 1], "relu", "linear")
    X = np.random.default_rng(0).normal(size=(400, 2))

    def seconds(run: Any) -> float:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times)

    rows = X.tolist()
    recording = seconds(lambda: [model(row) for row in rows])
    assert seconds(lambda: model.predict(rows)) < recording
    assert seconds(lambda: model.predict(X)) < recording / 3
