"""Optimizers: one step by hand, what is frozen, and calls that are refused."""

import json
from fractions import Fraction
from typing import Any

import pytest

import autodiff as ad
from nn import MLP, SGD, Optimizer, half_squared_error


def test_a_step_by_hand() -> None:
    w, b = ad.values("w b", [0.5, -1.0])
    (w * 3 + b * b).backward()
    SGD([w, b], rate=0.25).step()
    assert (w.data, b.data) == (0.5 - 0.25 * 3, -1.0 - 0.25 * -2.0)
    assert (w.grad, b.grad) == (3.0, -2.0)  # a step leaves the gradients alone


def test_maximize_climbs() -> None:
    w = ad.Value(0.5, "w")
    (-((w - 2) ** 2)).backward()
    SGD([w], rate=0.5, maximize=True).step()
    assert w.data == 2.0


def test_the_rate_may_change() -> None:
    w = ad.Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], rate=Fraction(1, 2))  # type: ignore[arg-type]
    optimizer.step()
    optimizer.rate = 0.25
    optimizer.step()
    assert w.data == 0.25


def test_a_parameter_that_is_listed_twice_moves_once() -> None:
    w = ad.Value(1.0)
    w.grad = 1.0
    SGD([w, w], rate=0.5).step()
    assert w.data == 0.5


@pytest.mark.parametrize("freeze", ["b1", ["b1"], "hidden.b1", ("hidden.b1", "b1"), None], ids=repr)
def test_frozen_parameters_stay(freeze: Any) -> None:
    model = MLP(2, [2, 1], biases=[0.1, 0.2])
    b1 = model.named_parameters()["b1"]
    before = {name: p.data for name, p in model.named_parameters().items()}
    optimizer = SGD(model.parameters(), rate=1, freeze=b1 if freeze is None else freeze)
    model([1.0, 2.0]).backward()
    optimizer.step()
    after = model.named_parameters()
    assert [name for name in before if after[name].data == before[name]] == ["b1"]
    optimizer.zero_grad()
    assert not any(p.grad for p in model.parameters())  # the frozen one too
    assert repr(optimizer) == "SGD(8 parameters, 1 frozen, rate=1.0)"


def test_named_parameters_will_do() -> None:
    model = MLP(1, [1])
    assert SGD(model.named_parameters(), rate=1).parameters == model.parameters()  # type: ignore[arg-type]
    assert SGD(iter(model.parameters()), rate=1).parameters == model.parameters()
    assert SGD(ad.Value(1.0), rate=1).parameters[0].data == 1.0  # type: ignore[arg-type]


class Coupled(Optimizer):
    def change(self, parameter: ad.Value) -> float:
        return self.rate * sum(p.data for p in self.parameters)


def test_all_new_numbers_come_from_the_old_ones() -> None:
    w, v = ad.values("w v", [1.0, 2.0])
    Coupled([w, v], rate=1.0).step()
    assert (w.data, v.data) == (-2.0, -1.0)


def test_a_failing_step_changes_nothing() -> None:
    w, v = ad.values("w v", [1.0, 2.0])
    w.grad, v.grad = 1.0, "broken"  # type: ignore[assignment]
    optimizer = SGD([w, v], rate=1.0, momentum=0.5)
    before = optimizer.state()
    with pytest.raises(TypeError):
        optimizer.step()
    assert (w.data, v.data) == (1.0, 2.0)
    assert optimizer.state() == before


def velocities(momentum: float, nesterov: bool) -> float:
    """Three steps on 1.5*w**2 from w = 1 with rate 0.1, by hand."""
    w, v = 1.0, 0.0
    for _ in range(3):
        g = 3.0 * w
        v = momentum * v + g
        w -= 0.1 * (g + momentum * v if nesterov else v)
    return w


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum(momentum: float, nesterov: bool) -> None:
    nesterov = nesterov and momentum > 0
    w = ad.Value(1.0, "w")
    optimizer = SGD([w], rate=0.1, momentum=momentum, nesterov=nesterov)
    for _ in range(3):
        optimizer.zero_grad()
        (1.5 * w**2).backward()
        optimizer.step()
    assert w.data == pytest.approx(velocities(momentum, nesterov), rel=1e-15)


def test_the_first_steps_of_momentum() -> None:
    w = ad.Value(1.0)
    optimizer = SGD([w], rate=0.25, momentum=0.5)
    for expected in (0.75, 0.375, -0.0625):  # velocity 1, 1.5, 1.75
        w.grad = 1.0
        optimizer.step()
        assert w.data == expected


def test_state_is_saved_and_restored() -> None:
    def run(optimizer: Optimizer, w: ad.Value, steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            (1.5 * w**2).backward()
            optimizer.step()

    w = ad.Value(1.0, "w")
    through = SGD([w], rate=0.1, momentum=0.9)
    run(through, w, 2)
    state, at = json.loads(json.dumps(through.state())), w.data
    run(through, w, 2)
    v = ad.Value(at, "v")
    resumed = SGD([v], rate=0.5, momentum=0.9)
    resumed.restore(state)
    run(resumed, v, 2)
    assert (v.data, resumed.state()) == (w.data, through.state())


def test_a_state_of_another_optimizer_is_refused() -> None:
    w, v = ad.values("w v", [1.0, 2.0])
    state = SGD([w], rate=0.1, momentum=0.9).state()
    for other, message in [
        (Coupled([w], rate=0.1), "the state of SGD, and the optimizer is Coupled"),
        (SGD([w], rate=0.1, momentum=0.5), "the state has .*0.9.* the optimizer .*0.5"),
        (SGD([w], rate=0.1, momentum=0.9, maximize=True), "maximize"),
        (SGD([w, v], rate=0.1, momentum=0.9), "remembers {'velocity': 1}"),
    ]:
        before = other.state()
        with pytest.raises(ValueError, match=message):
            other.restore(state)
        assert other.state() == before


def test_the_plain_loop_learns_xor() -> None:
    model = MLP(2, [3, 1], "tanh", "sigmoid", seed=1)
    optimizer = SGD(model.parameters(), rate=0.8)
    samples = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]
    for _ in range(400):
        E = sum(half_squared_error(model(x), t) for x, t in samples)
        optimizer.zero_grad()
        E.backward()
        optimizer.step()
    assert [round(p) for p in model.predict([x for x, _ in samples])] == [0, 1, 1, 0]


W = ad.Value(1.0, "w")
WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: SGD([W], lr=0.1), TypeError, r"spelled rate=, not lr=: SGD\(parameters, rate=0.1\)"),
    (lambda: SGD([W], 0.1, learning_rate=0.1), TypeError, "spelled rate=, not learning_rate="),
    (lambda: SGD([W], 0.1, momentun=0.9), TypeError, "no option momentun=; did you mean momentum="),
    (lambda: SGD([W]), TypeError, "a learning rate is missing"),
    (lambda: SGD([W], rate="fast"), TypeError, "'fast' .str. is not a real number"),
    (lambda: SGD([W], rate=-1), ValueError, "not negative .maximize=True"),
    (lambda: SGD([W], rate=float("nan")), ValueError, "rate is nan"),
    (lambda: SGD([W], rate=float("inf")), ValueError, "rate is inf"),
    (lambda: SGD([], rate=1), ValueError, "no parameters"),
    (lambda: SGD([W, 0.5], rate=1), TypeError, r"parameter 2 is 0.5, a float and not a Value"),
    (lambda: SGD([W, (W * 2).named("y")], rate=1), ValueError, "parameter 2, y, is computed .mul."),
    (lambda: SGD(MLP(1, [1]), rate=1), TypeError, r"model.parameters\(\), not the model"),
    (lambda: SGD([W], rate=1, momentum=1), ValueError, "momentum is 1; .* 0 to below 1"),
    (lambda: SGD([W], rate=1, nesterov=True), ValueError, "give one, momentum=0.9"),
    (lambda: SGD([W], rate=1, freeze="v"), ValueError, "'v' is none of the parameters w"),
    (lambda: SGD([W], rate=1, freeze=[ad.Value(1.0)]), ValueError, "none of the parameters w"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_wrong_calls(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
