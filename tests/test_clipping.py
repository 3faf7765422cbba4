"""Clipping: long gradients are cut, short ones are left, and what is not finite is not hidden."""

import math
from typing import Any

import pytest

import autodiff as ad
from nn import clip_norm, clip_value, gradient_norm


def parameters(*gradients: float) -> list[ad.Value]:
    found = [ad.Value(0.0) for _ in gradients]
    for p, g in zip(found, gradients, strict=True):
        p.grad = g
    return found


def test_norm() -> None:
    assert gradient_norm(parameters(3.0, 4.0)) == 5.0
    assert gradient_norm(parameters(3e200, 4e200)) == pytest.approx(5e200)
    assert gradient_norm([]) == 0.0


def test_clip_norm_keeps_the_direction() -> None:
    ps = parameters(3.0, -4.0)
    assert clip_norm(iter(ps), 10.0) == 5.0
    assert [p.grad for p in ps] == [3.0, -4.0]
    assert clip_norm(ps, 2.5) == 5.0
    assert [p.grad for p in ps] == [1.5, -2.0]


def test_clip_value() -> None:
    ps = parameters(3.0, -4.0, 0.5, math.inf)
    clip_value(ps, 1.0)
    assert [p.grad for p in ps] == [1.0, -1.0, 0.5, 1.0]


def test_nan_is_not_hidden() -> None:
    ps = parameters(math.nan, 1.0)
    clip_norm(ps, 0.5)
    clip_value(ps, 0.5)
    assert math.isnan(ps[0].grad)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan])
@pytest.mark.parametrize("clip", [clip_norm, clip_value])
def test_wrong_limits(clip: Any, limit: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        clip(parameters(1.0), limit)
