"""One step of descent explained: before, after, and nothing changed."""

import re
from dataclasses import replace

import pytest
from derivations import seed_003

import autodiff as ad
from autodiff.formula.closing import ending
from autodiff.formula.page import Remark
from autodiff.formula.task import Options
from nn import MLP


def test_seed_003() -> None:
    E, w = seed_003()
    step = ad.explain_step(E, w, 0.6)
    assert (step.before, step.after) == pytest.approx((0.24909, 0.24072), abs=5e-6)
    printed = [0.09933, 0.19919, 0.29667, 0.39597, 0.45187, 0.55073, 0.71056, 0.81081]
    assert list(step.new.values()) == pytest.approx(printed, abs=1e-5)
    assert [v.data for v in w] == [k / 10 for k in range(1, 9)]  # nothing moved
    assert E.data == step.before
    text = str(step)
    for line in (
        "sum_h1 = i1·w1 + i2·w3 + b1",
        "= 0.1·0.1 + 0.5·0.3 + 0.25                                 =      0.41",
        "E_total = 0.24909,  before",
        "E_total = 0.24072,  after the step",
        "  ∂E_total/∂out_h1 and ∂out_h1/∂sum_h1 as for w1",
        "  ∂E_total/∂w3 = ∂E_total/∂out_h1 · out_h1·(1 − out_h1) · i2",
        "≈ 0.68493·0.19481·0.6 + (−0.17045)·0.17185·0.8   ",
        "w8       −0.01803   0.8 − 0.6·(−0.01803)   0.81082",
        "  checked: backward() and finite differences agree with all 8 gradients",
    ):
        assert line in text
    assert len(text.splitlines()) < 150
    assert r"\frac{\partial E_{\mathrm{total}}}{\partial\mathrm{out}_{h1}}\cdot" in step.latex()


def test_the_value_of_a_step_is_a_list() -> None:
    E, w = seed_003()
    step = ad.explain_step(E, w[:1], 0.6)
    assert step.value == [ad.derive(E, w[0]).value]
    assert list(step.new) == ["w1"]


def test_every_number_that_a_product_uses_has_been_shown() -> None:
    """What stands in a line of numbers is the value of a line above it, or a leaf."""
    E, w = seed_003()
    shown = {f"{k / 10:g}" for k in range(1, 9)} | {"0.05", "0.95", "0.6"}
    for line in str(ad.explain_step(E, w, 0.6)).splitlines():
        product = re.fullmatch(r" +≈ ((?:\(?−?[\d.]+\)? · )+\(?−?[\d.]+\)?) +≈ .*", line)
        if product:
            assert set(re.findall(r"−?[\d.]+", product[1])) <= shown, line
        shown |= set(re.findall(r"[=≈] +(−?[\d.]+)$", line))


def test_a_gradient_that_no_check_confirms_keeps_its_line() -> None:
    x, w = ad.values("x w", [0.0, 1.5])
    y = (x.relu() * w + w * w).named("y")
    text = str(ad.explain_step(y, [x, w], 0.1))
    assert "finite difference 0.75000  (they differ: a kink" in text
    assert "agree with 1 of 2 gradients" in text


def test_a_page_that_is_wrong_does_not_say_that_it_agrees() -> None:
    E, w = seed_003()
    derived = ad.derive(E, w[4:6]).derived
    options = Options(rate=0.5, whole_step=True)
    for factor, agree in ((1.0, "all 2"), (1.001, "1 of 2"), (-1.0, "1 of 2")):
        one = replace(derived[0], value=factor * derived[0].value)
        *_, said = ending(w[4:6], [one, derived[1]], options)
        told = f"checked: backward() and finite differences agree with {agree} gradients"
        assert said == Remark(told)


def test_many_weights_keep_their_formulas_in_the_table() -> None:
    xs = ad.values("x1:15", [k / 10 for k in range(1, 15)])
    y = ad.sum([x * x for x in xs]).named("y")
    text = str(ad.explain_step(y, xs, 0.1))
    assert "weight   formula" in text
    assert "agree with all 14 gradients" in text


def test_the_network_explains_its_step() -> None:
    w1, w2, w3, w4, w5, w6, w7, w8 = ad.values("w1:9", [k / 10 for k in range(1, 9)])
    b1, b2 = ad.values("b1 b2", [0.25, 0.35])
    weights = [[[w1, w3], [w2, w4]], [[w5, w6], [w7, w8]]]
    model = MLP(2, [2, 2], weights=weights, biases=[b1, b2])
    frozen = model.explain_step([0.1, 0.5], [0.05, 0.95], 0.6, freeze=["b1", b2])
    assert frozen.after == pytest.approx(0.24072, abs=5e-6)
    assert "b1" not in frozen.new
    moved = model.explain_step([0.1, 0.5], [0.05, 0.95], 0.6)
    assert moved.after == pytest.approx(0.23385, abs=5e-6)
    assert moved.new.keys() == model.named_parameters().keys()


def test_ascent_climbs() -> None:
    w = ad.Value(0.5, "w")
    P = (-0.5 * (1 - w.sigmoid()) ** 2).named("P")
    step = ad.explain_step(P, [w], 0.5, sense="ascent")
    assert step.after > step.before
    assert "P = " in str(step)


def test_what_it_refuses() -> None:
    E, w = seed_003()
    with pytest.raises(ValueError, match="not frozen"):
        ad.explain_step(E, w, 0.6, freeze=w)
    with pytest.raises(TypeError, match="wants the Value that is to fall, not 3"):
        ad.explain_step(3, w, 0.6)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a Value or the name of one is wanted, not 3 \(int\)"):
        ad.explain_step(E, 3, 0.6)
    with pytest.raises(TypeError, match=r"'fast' .* is not a real number"):
        ad.explain_step(E, w, "fast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no Value here is called w9"):
        ad.explain_step(E, ["w9"], 0.6)
    w[4].data = 0.4
    with pytest.raises(ValueError, match="w5 changed since E_total was computed"):
        ad.explain_step(E, w, 0.6)
