"""Losses: their values, their names, and targets that do not fit."""

from typing import Any

import pytest

import autodiff as ad
from nn import LOSSES, MLP, half_squared_error, mse


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


@pytest.mark.parametrize("loss", LOSSES.values())
def test_one_output(loss: Any) -> None:
    o = ad.Value(0.75, "o")
    for outputs, targets in ((o, 0.25), ([o], [0.25]), (o, [0.25]), ([o], ad.Value(0.25, "t"))):
        E = loss(outputs, targets)
        assert E.name == "E"
        assert E.data == {"half_squared_error": 0.125, "mse": 0.25}[loss.__name__]


@pytest.mark.parametrize("loss", LOSSES.values())
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
    assert {"half_squared_error": half_squared_error, "mse": mse} == LOSSES


WRONG: list[tuple[Any, Any, type[Exception], str]] = [
    ([ad.Value(1), ad.Value(2)], [1], ValueError, "one target for each output; outputs: 2"),
    (ad.Value(1), [1, 2], ValueError, "outputs: 1, targets: 2"),
    ([], [], ValueError, "outputs: 0, targets: 0"),
    ([[ad.Value(1)]], [[1]], TypeError, "of one sample"),
    ([ad.Value(1)], ["a"], TypeError, "'a' .str. is not a real number"),
    ([ad.Value(1)], [None], TypeError, "a number is missing"),
    ([0.5], [None], TypeError, "a number is missing"),
]


@pytest.mark.parametrize("loss", LOSSES.values())
@pytest.mark.parametrize(("outputs", "targets", "error", "message"), WRONG)
def test_wrong_targets(
    loss: Any, outputs: Any, targets: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        loss(outputs, targets)
