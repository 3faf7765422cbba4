"""Losses of class labels: digits kept when nearly sure, edges, and labels that are refused."""

import math
import random
from typing import Any

import mpmath
import pytest

import autodiff as ad
from nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
)

INF = math.inf
ULP = 2.0**-52


def close(ours: float, true: Any, ulps: float) -> bool:
    return abs(mpmath.mpf(ours) - true) <= ulps * ULP * abs(true)


# ---------------------------------------------------------------- edges

BCE, LOGITS = binary_cross_entropy, binary_cross_entropy_with_logits
# loss, output, target (a number), the loss and its slope
HARD = [
    (LOGITS, 1000.0, 0, 1000.0, 1.0),
    (LOGITS, 1000.0, 1, 0.0, 0.0),
    (LOGITS, -1000.0, 1, 1000.0, -1.0),
    (LOGITS, INF, 1, 0.0, 0.0),
    (LOGITS, -INF, 0, 0.0, 0.0),
    (LOGITS, INF, 0, INF, 1.0),
    (LOGITS, -40.0, 0, 4.248354255291589e-18, 4.248354255291589e-18),
    (LOGITS, 40.0, 1.0, 4.248354255291589e-18, -4.248354255291589e-18),
    (BCE, 0.0, 0, 0.0, 1.0),
    (BCE, 0.0, 1, INF, -INF),
    (BCE, 1.0, 1, 0.0, -1.0),
    (BCE, 1.0, 0, INF, INF),
    (BCE, 1e-300, 1, 690.7755278982137, -1e300),
    (hinge, 1.0, 1, 0.0, 0.0),
    (hinge, 1.0, -1, 2.0, 1.0),
    (hinge, 3.0, 1, 0.0, 0.0),
]


@pytest.mark.parametrize(("loss", "output", "target", "number", "slope"), HARD)
def test_edges(loss: Any, output: float, target: float, number: float, slope: float) -> None:
    o = ad.Value(output, "o")
    E = loss([o], [target])
    E.backward()
    assert E.name == "E"
    assert [E.data, o.grad] == pytest.approx([number, slope], rel=1e-15, abs=0)
    assert loss(output, target) == E.data


@pytest.mark.parametrize(
    ("z", "t", "by_z", "by_t"),
    [(1000.0, 0.0, 1.0, -1000.0), (-1000.0, 1.0, -1.0, 1000.0), (40.0, 1.0, -4.248e-18, -40.0)],
)
def test_a_target_that_is_a_value_has_a_slope(z: float, t: float, by_z: float, by_t: float) -> None:
    output, target = ad.values("z t", [z, t])
    LOGITS(output, target).backward()
    assert (output.grad, target.grad) == pytest.approx((by_z, by_t), rel=1e-3)


def test_soft_labels() -> None:
    p, t = 0.75, 0.25
    expected = -(t * math.log(p) + (1 - t) * math.log(1 - p))
    assert BCE(p, t) == pytest.approx(expected, rel=1e-15)
    z = math.log(p / (1 - p))
    assert LOGITS(z, t) == pytest.approx(expected, rel=1e-15)


def test_a_hard_label_leaves_one_term() -> None:
    E = BCE(ad.Value(0.75, "p"), 1)
    assert E.op == "neg"
    assert E.args[0].op == "log"  # type: ignore[union-attr]
    several = BCE(ad.values("p1 p2", [0.75, 0.5]), [1, 0])
    assert (several.name, [a.name for a in several.args]) == ("E_total", ["E1", "E2"])


# ---------------------------------------------------------------- digits


def test_a_target_that_is_a_variable_keeps_both_terms() -> None:
    """At p = t both slopes are there; a condition on t would lose that by t."""
    for loss, sure, slope in (
        (LOGITS, 1000.0, -1000.0),
        (BCE, 1.0 - 2.0**-53, -53 * math.log(2.0)),
    ):
        p, t = ad.Value(sure, "p"), ad.Value(1.0, "t")
        E = loss(p, t)
        E.backward()
        assert E.data == loss(sure, 1.0)
        assert t.grad == pytest.approx(slope)
    assert LOGITS(INF, 1.0) == BCE(1.0, 1.0) == 0.0
    assert math.isnan(LOGITS(ad.Value(INF), ad.Value(1.0)).data)
    assert math.isnan(BCE(ad.Value(1.0), ad.Value(1.0)).data)


def test_cross_entropy_keeps_its_digits() -> None:
    rng = random.Random(1)
    with mpmath.workdps(400):  # the shares of the others may be 1e-170
        for _ in range(200):
            n = rng.randint(2, 5)
            spread = rng.choice([1.0, 10.0, 40.0, 200.0])
            zs = [rng.uniform(-spread, spread) for _ in range(n)]
            right = rng.randrange(n)
            logits = [ad.Value(z) for z in zs]
            E = cross_entropy(logits, right)
            E.backward()
            # what the engine is given: the rounded differences
            gaps = [mpmath.mpf(z - zs[right]) for z in zs]
            top = sum(map(mpmath.exp, gaps))
            assert close(E.data, mpmath.log(top), 4)
            others = [mpmath.exp(gap) / top for gap in gaps]
            for j, logit in enumerate(logits):
                rest = sum(share for i, share in enumerate(others) if i != right)
                assert close(logit.grad, -rest if j == right else others[j], 8)


def test_cross_entropy_near_certainty() -> None:
    z = ad.values("z0:3", [50.0, 0.0, 1.0])
    E = cross_entropy(z, 0)
    E.backward()
    true = math.exp(-50) + math.exp(-49)
    assert E.data == pytest.approx(true, rel=1e-15, abs=0)
    assert z[0].grad == pytest.approx(-true, rel=1e-15, abs=0)
    assert cross_entropy([INF, 0.0], 0) == 0.0
    assert cross_entropy([1e300, -1e300], 1) == INF or cross_entropy([1e300, -1e300], 1) == 2e300


@pytest.mark.parametrize("given", [2, 2.0, [2], (2,), ad.Value(2.0)], ids=repr)
def test_a_class_may_be_written_so(given: Any) -> None:
    assert cross_entropy([0.0, 0.0, 1.0], given) == cross_entropy([0.0, 0.0, 1.0], 2)


# ---------------------------------------------------------------- labels

WRONG: list[tuple[Any, Any, Any, str]] = [
    (BCE, 0.5, 2, "target 1 is 2; binary cross-entropy wants probabilities from 0 to 1"),
    (LOGITS, [0.5, 0.5], [0, -1], "target 2 is -1; .* write .t . 1./2"),
    (BCE, 0.5, float("nan"), "target 1 is nan"),
    (BCE, [0.5], [0, 1], "one target for each output"),
    (hinge, 0.5, 0, "target 1 is 0; hinge wants -1 or 1"),
    (cross_entropy, [0.1, 0.2], 2, "the class is 2; with 2 logits it is .* from 0 to 1"),
    (cross_entropy, [0.1, 0.2], -1, "the class is -1"),
    (cross_entropy, [0.1, 0.2], 0.5, "the class is 0.5"),
    (cross_entropy, [0.1, 0.2], float("nan"), "the class is nan"),
    (cross_entropy, [0.1, 0.2], True, "the class is True"),
    (cross_entropy, [0.1, 0.2], [0, 1], "a row of 2; cross_entropy wants the index"),
    (cross_entropy, 0.1, 0, "for one output use binary_cross_entropy_with_logits"),
]


@pytest.mark.parametrize(("loss", "outputs", "targets", "message"), WRONG)
def test_wrong_labels(loss: Any, outputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss(outputs, targets)
