"""Losses of a regression: their values, their names, and targets that do not fit."""

from typing import Any

import pytest

import autodiff as ad
from nn import LOSSES, MLP, half_squared_error, huber, mae, mse, performance

INF = float("inf")
OF_DISTANCES = [half_squared_error, performance, mse, mae, huber]


def spelled(value: ad.Value) -> str:
    """A formula down to the named Values, to see how a loss was recorded."""
    signs = {"add": " + ", "sub": " - ", "mul": "*", "power": "**", "div": "/"}
    parts = [
        (arg.name or f"({spelled(arg)})") if isinstance(arg, ad.Value) else f"{arg:g}"
        for arg in value.args
    ]
    return signs[value.op].join(parts)


def test_half_squared_error_as_the_seeds_write_it() -> None:
    o1, o2 = ad.values("o1 o2", [0.75, 0.5])
    E = half_squared_error([o1, o2], [0.25, 1])
    E1, E2 = E.args
    assert (E.name, spelled(E), E.data) == ("E_total", "E1 + E2", 0.25)
    assert (E1.name, spelled(E1), E1.data) == ("E1", "0.5*((target1 - o1)**2)", 0.125)
    assert (E2.name, spelled(E2), E2.data) == ("E2", "0.5*((target2 - o2)**2)", 0.125)


def test_mse_is_the_mean_of_squares() -> None:
    o1, o2 = ad.values("o1 o2", [0.75, 0.5])
    E = mse([o1, o2], [0.25, 1.5])
    assert (E.name, spelled(E), E.data) == ("E_mean", "(E1 + E2)/2", 0.625)
    assert spelled(E.args[0].args[0]) == "(target1 - o1)**2"


ONE = [
    (half_squared_error, 0.125, 0.5),
    (performance, -0.125, -0.5),
    (mse, 0.25, 1.0),
    (mae, 0.5, 1.0),
    (huber, 0.125, 0.5),
]


@pytest.mark.parametrize(("loss", "number", "slope"), ONE)
def test_one_output(loss: Any, number: float, slope: float) -> None:
    for targets in (0.25, [0.25], ad.Value(0.25, "t")):
        for o in (ad.Value(0.75, "o"), [ad.Value(0.75, "o")]):
            E = loss(o, targets)
            E.backward()
            assert E.name == ("P" if loss is performance else "E")
            assert E.data == number
            assert (o[0] if isinstance(o, list) else o).grad == slope


@pytest.mark.parametrize("loss", [half_squared_error, mse])
def test_gradients(loss: Any) -> None:
    outputs = ad.values("o1:4", [0.1, -0.7, 2.0])
    targets = [0.5, 0.25, -1.0]
    loss(outputs, targets).backward()
    factor = {"half_squared_error": 1.0, "mse": 2 / 3}[loss.__name__]
    expected = [factor * (o.data - t) for o, t in zip(outputs, targets, strict=True)]
    assert [o.grad for o in outputs] == pytest.approx(expected, rel=1e-14)


def test_targets_that_are_values_pass_through() -> None:
    o, t = ad.Value(0.75, "o"), ad.Value(0.25)
    E = half_squared_error(o, t)
    E.backward()
    assert t.name == ""
    assert t.grad == -o.grad == -0.5


def test_the_name_can_be_chosen() -> None:
    C = mse(ad.values("a b", [1.0, 2.0]), [0.0, 0.0], name="C")
    assert C.name == "C_mean"
    assert mse(ad.Value(1.0), 0.0, name="C").name == "C"


def test_plain_numbers_give_a_plain_number() -> None:
    model = MLP(2, [2, 2])
    recorded = half_squared_error(model([0.1, 0.5]), [0, 1])
    assert half_squared_error(model.predict([0.1, 0.5]), [0, 1]) == recorded.data
    assert mse(1, 3) == 4.0


def test_arrays_are_lists() -> None:
    np = pytest.importorskip("numpy")
    o = ad.values("a b", [1.0, 2.0])
    assert mse(o, np.array([0.0, 1.0])).data == 1.0


def test_losses_by_name() -> None:
    assert all(loss.__name__ == name for name, loss in LOSSES.items())
    assert set(LOSSES) == {
        *(loss.__name__ for loss in OF_DISTANCES),
        *("binary_cross_entropy binary_cross_entropy_with_logits cross_entropy hinge").split(),
    }


# From edges.md: outputs and targets, the loss, and its slopes. An untaken branch adds nothing.
EDGES = [
    (huber, 1.0, 0.0, 0.5, 1.0, -1.0),
    (huber, -1.0, 0.0, 0.5, -1.0, 1.0),
    (huber, 0.0, 0.0, 0.0, 0.0, 0.0),
    (huber, INF, 0.0, INF, 1.0, -1.0),
    (huber, INF, INF, float("nan"), float("nan"), float("nan")),
    (mae, 1.0, 1.0, 0.0, 0.0, 0.0),
    (mae, -3.0, 1.0, 4.0, -1.0, 1.0),
]


@pytest.mark.parametrize(("loss", "output", "target", "number", "by_o", "by_t"), EDGES)
def test_edges(
    loss: Any, output: float, target: float, number: float, by_o: float, by_t: float
) -> None:
    o, t = ad.values("o t", [output, target])
    E = loss(o, t)
    E.backward()
    assert [E.data, o.grad, t.grad] == pytest.approx([number, by_o, by_t], abs=0, nan_ok=True)


def test_huber_bends_at_delta() -> None:
    assert huber(5.0, 1.0, delta=2.0) == 2.0 * (4.0 - 1.0)
    assert huber(2.5, 1.0, delta=2.0) == 0.5 * 1.5**2
    for delta in (0, -1.0, INF, float("nan")):
        with pytest.raises(ValueError, match="positive number"):
            huber(1.0, 1.0, delta=delta)


def test_climbing_the_performance_of_seed_002_is_descending_the_error() -> None:
    o, d = ad.values("o d", [0.75, 0.25])
    P = performance(o, d)
    P.backward()
    assert (P.data, o.grad) == (-half_squared_error(0.75, 0.25), d.data - o.data)


WRONG: list[tuple[Any, Any, type[Exception], str]] = [
    ([ad.Value(1), ad.Value(2)], [1], ValueError, "one target for each output; outputs: 2"),
    (ad.Value(1), [1, 2], ValueError, "outputs: 1, targets: 2"),
    ([], [], ValueError, "outputs: 0, targets: 0"),
    ([[ad.Value(1)]], [[1]], TypeError, "of one sample"),
    ([ad.Value(1)], ["a"], TypeError, "'a' .str. is not a real number"),
    ([ad.Value(1)], [None], TypeError, "a number is missing"),
    ([0.5], [None], TypeError, "a number is missing"),
]


@pytest.mark.parametrize("loss", OF_DISTANCES)
@pytest.mark.parametrize(("outputs", "targets", "error", "message"), WRONG)
def test_wrong_targets(
    loss: Any, outputs: Any, targets: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        loss(outputs, targets)
