"""Adaptive optimizers: against the published rules worked out by hand, and against torch."""

import json
import math
import random
from typing import Any

import pytest

import autodiff as ad
from nn import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, RMSProp

GRADIENTS = [0.5, -2.0, 0.0, 1e-3, 3.0]


def positions(optimizer_class: Any, gradients: list[float], **options: Any) -> list[float]:
    w = ad.Value(1.0, "w")
    optimizer = optimizer_class([w], rate=0.1, **options)
    found = []
    for g in gradients:
        w.grad = g
        optimizer.step()
        found.append(w.data)
    return found


# ---------------------------------------------------------------- by hand


def test_two_steps_of_adagrad() -> None:
    first = 1 - 0.1 * 3 / (3 + 1e-10)
    assert positions(Adagrad, [3.0, 4.0]) == [first, first - 0.1 * 4 / (5 + 1e-10)]  # 9 + 16 = 25


def test_two_steps_of_rmsprop() -> None:
    first = 1 - 0.1 * 2 / (math.sqrt(0.5 * 4) + 1e-8)
    second = first - 0.1 * 4 / (math.sqrt(0.5 * 2 + 0.5 * 16) + 1e-8)
    assert positions(RMSProp, [2.0, 4.0], decay=0.5) == [first, second]


def test_two_steps_of_adam() -> None:
    # m: 1, then 0.5*1 + 0.5*4 = 2.5 over 0.75; v: 0.75*4/4 = ..., with beta1 = 0.5, beta2 = 0.75
    first = 1 - 0.1 * 2 / (2 + 1e-8)
    m, v = 0.5 * 1 + 0.5 * 4, 0.75 * 1 + 0.25 * 16
    second = first - 0.1 * (m / 0.75) / (math.sqrt(v / (1 - 0.75**2)) + 1e-8)
    found = positions(Adam, [2.0, 4.0], beta1=0.5, beta2=0.75)
    assert found == pytest.approx([first, second], rel=1e-15)


def test_adamw_shrinks_apart_from_adam() -> None:
    [adam] = positions(Adam, [2.0])
    assert positions(AdamW, [2.0], decay=0.5) == [pytest.approx(adam - 0.1 * 0.5 * 1.0)]
    assert positions(AdamW, GRADIENTS, decay=0.0) == positions(Adam, GRADIENTS)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_climbing_goes_the_other_way(kind: Any) -> None:
    options = {"decay": 0.0} if kind is AdamW else {}
    down = positions(kind, GRADIENTS, **options)
    up = positions(kind, GRADIENTS, maximize=True, **options)
    assert [2 - w for w in up] == pytest.approx(down, rel=1e-14)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_large_and_small_gradients_do_no_harm(kind: Any) -> None:
    for g in (1e300, 1e-300, 0.0):
        assert all(map(math.isfinite, positions(kind, [g, g])))


@pytest.mark.parametrize("kind", [*OPTIMIZERS.values(), "nesterov"])
def test_resuming_is_exact(kind: Any) -> None:
    def make(w: ad.Value) -> Any:
        if kind == "nesterov":
            return SGD([w], rate=0.1, momentum=0.9, nesterov=True)
        return kind([w], rate=0.1)

    w = ad.Value(1.0)
    optimizer = make(w)
    for g in GRADIENTS[:2]:
        w.grad = g
        optimizer.step()
    v = ad.Value(w.data)
    other = make(v)
    other.restore(json.loads(json.dumps(optimizer.state())))
    for g in GRADIENTS[2:]:
        w.grad = v.grad = g
        optimizer.step()
        other.step()
    assert v.data == w.data
    assert other.state() == optimizer.state()


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Adam, {"beta1": 1.0}, "beta1 is 1"),
        (Adam, {"beta2": -0.1}, "beta2 is -0.1"),
        (Adam, {"epsilon": 0.0}, "epsilon is 0"),
        (RMSProp, {"decay": 1.5}, "decay is 1.5"),
        (AdamW, {"decay": -1}, "not negative"),
    ],
)
def test_wrong_settings(kind: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind([ad.Value(1.0)], rate=0.1, **options)


def test_an_unknown_option_says_so() -> None:
    with pytest.raises(TypeError, match=r"spelled rate=, not lr=: Adam\("):
        Adam([ad.Value(1.0)], lr=0.1)


# ---------------------------------------------------------------- against torch

SAME_IN_TORCH: list[tuple[Any, dict[str, Any], str, dict[str, Any]]] = [
    (SGD, {}, "SGD", {}),
    (SGD, {"momentum": 0.9}, "SGD", {"momentum": 0.9}),
    (
        SGD,
        {"momentum": 0.9, "nesterov": True},
        "SGD",
        {"momentum": 0.9, "nesterov": True},
    ),
    (Adagrad, {}, "Adagrad", {}),
    (RMSProp, {}, "RMSprop", {"alpha": 0.9}),
    (Adam, {}, "Adam", {}),
    (AdamW, {"decay": 0.1}, "AdamW", {"weight_decay": 0.1}),
    (Adam, {"maximize": True}, "Adam", {"maximize": True}),
    (AdamW, {"maximize": True}, "AdamW", {"maximize": True}),
]


@pytest.mark.parametrize(("kind", "options", "theirs", "their_options"), SAME_IN_TORCH)
def test_like_torch(kind: Any, options: Any, theirs: str, their_options: Any) -> None:
    torch = pytest.importorskip("torch")
    rng = random.Random(3)
    start = [rng.uniform(-1, 1) for _ in range(4)]
    ours = [ad.Value(x) for x in start]
    optimizer = kind(ours, rate=0.05, **options)
    tensor = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    their = getattr(torch.optim, theirs)([tensor], lr=0.05, **their_options)
    for _ in range(50):
        gradient = [rng.gauss(0, 1) * 10 ** rng.uniform(-3, 1) for _ in start]
        for p, g in zip(ours, gradient, strict=True):
            p.grad = g
        tensor.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        their.step()
    assert [p.data for p in ours] == pytest.approx(tensor.tolist(), rel=1e-12, abs=1e-13)
