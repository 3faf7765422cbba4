"""minimize: the loop of seed 001 on any graph."""

import math
from typing import Any

import pytest

import autodiff as ad
from nn import minimize
from nn.schedules import Linear


def parabola() -> tuple[ad.Value, ad.Value]:
    w = ad.Value(5.0, "w")
    return w, ((w - 2) ** 2 + 1).named("C")


def test_the_loop_by_hand() -> None:
    w, C = parabola()
    history = minimize(C, [w], rate=0.25, steps=3)
    assert history.loss == [10.0, 3.25, 1.5625, 1.140625]  # the distance to 2 halves
    assert (w.data, C.data) == (2.375, 1.140625)
    assert history.gradient_norm == [6.0, 3.0, 1.5, 0.75]
    assert history.stopped == "all 3 steps are done"
    assert repr(history).startswith("History(3 steps, loss 10 ")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"until": 1.2}, "C has reached 1.2"),
        ({"until": lambda C: C.data < 1.2}, "until says so"),
        ({"min_gradient": 0.75}, "the gradient is shorter than 0.75"),
    ],
)
def test_when_to_stop(options: Any, reason: str) -> None:
    w, C = parabola()
    history = minimize(C, [w], rate=0.25, **options)
    assert (history.stopped, C.data, len(history)) == (reason, 1.140625, 4)
    assert w.grad == 0.75  # of the last point, not the sum over all steps


def test_ascent_freezing_and_other_optimizers() -> None:
    w, v = ad.values("w v", [1.0, 1.0])
    P = -((w - 3) ** 2) - (v - 1) ** 2
    minimize(P, [w, v], rate=0.1, optimizer="adam", freeze="v", maximize=True, steps=400)
    assert w.data == pytest.approx(3.0, abs=1e-3)
    assert v.data == 1.0
    x, C = parabola()
    minimize(C, [x], rate=Linear(0.1, 0.0, 60), momentum=0.5, steps=60)
    assert x.data == pytest.approx(2.0, abs=0.05)


def test_a_graph_that_is_stale_is_computed_first() -> None:
    w, C = parabola()
    w.data = 3.0
    assert minimize(C, [w], rate=0.25, steps=0).loss == [2.0]
    assert minimize(C, [w], rate=0.25, steps=1).stopped == "the one step is done"
    assert minimize(C, [w], rate=0.25, steps=0).stopped == "no step was asked for"


def test_an_interrupt_keeps_graph_and_parameters_together() -> None:
    w, C = parabola()

    def until(C: ad.Value) -> bool:
        if C.data < 2:
            raise KeyboardInterrupt
        return False

    history = minimize(C, [w], rate=0.25, until=until)
    assert history.stopped == "interrupted after step 2"
    assert C.data == (w.data - 2) ** 2 + 1
    ad.grad(C, w)  # not stale


def test_what_is_not_finite() -> None:
    w = ad.Value(1.0, "w")
    E = (w**2).named("s").log().named("E")
    with pytest.raises(
        FloatingPointError, match=r"in step 1, E is -inf: it begins at E = log\(s=0\)"
    ) as caught:
        minimize(E, [w], rate=0.5)
    assert (w.data, E.data) == (1.0, 0.0)
    assert math.isinf(caught.value.history.loss[-1]) or len(caught.value.history) == 1  # type: ignore[attr-defined]


def test_wrong_calls() -> None:
    w, C = parabola()
    with pytest.raises(TypeError, match=r"give the result itself, not its \.data"):
        minimize(C.data, [w], rate=0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="spelled rate="):
        minimize(C, [w], lr=0.1)
    with pytest.raises(ValueError, match="steps is a whole number"):
        minimize(C, [w], rate=0.1, steps=-1)
    with pytest.raises(ValueError, match="optimizer='x' is unknown"):
        minimize(C, [w], rate=0.1, optimizer="x")
    with pytest.raises(ValueError, match="is computed"):
        minimize(C, [C], rate=0.1)
