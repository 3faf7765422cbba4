"""Published worked examples: every printed number is worked out again."""

import pytest

import autodiff as ad
from nn import MLP, half_squared_error, textbook

EXAMPLES = {name: textbook.build(name) for name in textbook.examples()}
PRINTED = [(name, key) for name, example in EXAMPLES.items() for key in example.printed]


@pytest.mark.parametrize(("name", "key"), PRINTED)
def test_a_printed_number_is_right_or_its_slip_is_told(name: str, key: str) -> None:
    example = EXAMPLES[name]
    right, printed = example.compute(key), example.printed[key]
    if abs(right - printed) >= 10.0**-example.decimals:
        assert key in example.wrong
        assert f"{right:.9f}" in example.wrong[key]


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_called_wrong_is_there(name: str) -> None:
    example = EXAMPLES[name]
    about = {*example.printed, *example.formulas}
    assert name == "001" or example.wrong.keys() <= about


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_derived_and_says_where_it_is_from(name: str) -> None:
    example = EXAMPLES[name]
    assert len(example.source) > 20
    assert example.values[example.loss.name.rpartition(".")[2]] is example.loss
    page = ad.derive(example.loss, example.weights, rate=example.rate, sense=example.sense)
    slopes = [slope.data for slope in ad.grad(example.loss, example.weights)]
    assert page.value == pytest.approx(slopes, rel=1e-12, abs=1e-300)
    better = example.compute(f"new {example.loss.name.rpartition('.')[2]}")
    assert (better - example.loss.data) * (1 if example.sense == "ascent" else -1) > 0


FORMULAS = [(name, weight) for name, example in EXAMPLES.items() for weight in example.formulas]


@pytest.mark.parametrize(("name", "weight"), FORMULAS)
def test_a_published_formula_is_right_or_its_slip_is_told(name: str, weight: str) -> None:
    example = EXAMPLES[name]
    verdict = ad.check_formula(example.loss, weight, example.formulas[weight])
    assert verdict.ok is (weight not in example.wrong)


def test_003_is_cut_off_and_not_rounded() -> None:
    example = EXAMPLES["003"]
    for key, printed in example.printed.items():
        right = example.compute(key)
        assert int(right * 10**5) / 10**5 == pytest.approx(printed, abs=1e-12)


def test_mazurs_error_after_the_step_comes_from_weights_used_too_early() -> None:
    """The hidden layer's gradients with the new w5 to w8 give the printed number exactly."""
    early = textbook.build("mazur")
    output = {name: early.compute(f"new {name}") for name in ("w5", "w6", "w7", "w8")}
    h1, h2 = early.values["out_h1"].data, early.values["out_h2"].data
    d1, d2 = (early.compute(f"dE_total/dnet_{o}") for o in ("o1", "o2"))
    into_h1 = (d1 * output["w5"] + d2 * output["w7"]) * h1 * (1 - h1)
    into_h2 = (d1 * output["w6"] + d2 * output["w8"]) * h2 * (1 - h2)
    hidden = {
        "w1": 0.15 - 0.5 * into_h1 * 0.05,
        "w2": 0.20 - 0.5 * into_h1 * 0.10,
        "w3": 0.25 - 0.5 * into_h2 * 0.05,
        "w4": 0.30 - 0.5 * into_h2 * 0.10,
    }
    for name, number in (output | hidden).items():
        early.values[name].data = number
    assert early.loss.forward() == pytest.approx(early.printed["new E_total"], abs=5e-10)


def test_mazur_after_ten_thousand_steps() -> None:
    example = EXAMPLES["mazur"]
    assert example.model is not None
    numbers = [w.data for w in example.weights]
    assert numbers == [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
    assert "0.015913620 and 0.984064274" in example.notes


def test_a_network_of_an_example_is_a_model() -> None:
    model = EXAMPLES["003"].model
    assert isinstance(model, MLP)
    E = half_squared_error(model([0.1, 0.5]), [0.05, 0.95])
    assert E.data == EXAMPLES["003"].loss.data


def test_building_again_is_independent() -> None:
    first, second = textbook.build("003"), textbook.build("003")
    first.values["w5"].data = 0.0
    assert second.values["w5"].data == 0.5
    assert second.again().values.keys() == second.values.keys()


def test_an_unknown_example_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no example '004'; there are '000', '001'"):
        textbook.build("004")
