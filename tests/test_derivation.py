"""What can be done with a derivation: read it as data, save it, unfold it; and what is refused."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from derivations import Terminal, number, seed_003

import autodiff as ad
from autodiff.formula.figures import CONSTANTS
from autodiff.formula.higher import in_terms_of, shorter
from autodiff.formula.latex import Latex, tidy
from autodiff.formula.reading import Reader
from autodiff.formula.symbols import LONGEST, visible
from autodiff.formula.terms import Name, Term
from autodiff.formula.text import Text, to_ascii
from autodiff.names import labels
from nn import textbook

# ---------------------------------------------------------------- as data


def test_to_dict_is_complete_and_plain() -> None:
    E, w = seed_003()
    derivation = ad.derive(E, w, rate=0.6)
    data = json.loads(json.dumps(derivation.to_dict()))["gradients"]
    assert [d["with_respect_to"] for d in data] == [f"w{i}" for i in range(1, 9)]
    for each, derived in zip(data, derivation.derived, strict=True):
        assert each["value"] == derived.value
        assert each["new_value"] == derived.new
        assert each["backward"] == pytest.approx(each["value"], rel=1e-12)
        assert each["finite_difference"] == pytest.approx(each["value"], rel=1e-6)
        assert each["components"]
    w5 = data[4]
    assert w5["formula"] == "(out_o1 − target1)·out_o1·(1 − out_o1)·out_h1"
    assert [(c["of"], c["with_respect_to"], c["derivative"]) for c in w5["components"]] == [
        ("E_total", "out_o1", "out_o1 − target1"),
        ("out_o1", "sum_o1", "out_o1·(1 − out_o1)"),
        ("sum_o1", "w5", "out_h1"),
    ]
    assert w5["components"][2]["definition"] == "out_h1·w5 + out_h2·w6 + b2"
    assert math.prod(c["value"] for c in w5["components"]) == pytest.approx(w5["value"])


def test_the_value_of_a_list_is_a_list() -> None:
    E, w = seed_003()
    assert isinstance(ad.derive(E, w[0]).value, float)
    assert ad.derive(E, w[:1]).value == [ad.derive(E, w[0]).value]
    assert ad.derive(E, w[4:6]).formula_text() == ad.derive(E, w[4]).formula_text()


@pytest.mark.parametrize("ending", ["txt", "tex", "html", "json"])
def test_save_writes_what_the_ending_says(tmp_path: Path, ending: str) -> None:
    E, w = seed_003()
    derivation = ad.derive(E, w[4])
    path = derivation.save(tmp_path / f"page.{ending}")
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    inside = {"txt": "out_o1·(1 − out_o1)", "tex": r"\frac", "html": "<math", "json": '"value"'}
    assert inside[ending] in text


def test_save_refuses_other_endings(tmp_path: Path) -> None:
    E, w = seed_003()
    with pytest.raises(ValueError, match=r"page\.doc.*\.tex, \.html, \.txt, \.json"):
        ad.derive(E, w[4]).save(tmp_path / "page.doc")


def test_json_is_for_reading_too(tmp_path: Path) -> None:
    """Names and signs are as they are, not escaped, and lines begin with their depth."""
    x = ad.Value(0.5, "x")
    derivation = ad.derive((x * x).named("ŷ"), x)
    lines = derivation.save(tmp_path / "page.json").read_text(encoding="utf-8").splitlines()
    assert lines[:5] == [
        "{",
        ' "gradients": [',
        "  {",
        '   "with_respect_to": "x",',
        '   "form": "chain",',
    ]
    assert '     "of": "ŷ",' in lines
    assert '     "definition": "x²",' in lines


def test_options_are_named() -> None:
    E, w = seed_003()
    derivation: Any = ad.derive(E, w[4])
    with pytest.raises(TypeError, match="positional"):
        derivation.text(True)
    derive: Any = ad.derive
    with pytest.raises(TypeError, match="positional"):
        derive(E, w[4], "chain")
    explain: Any = ad.explain_step
    with pytest.raises(TypeError, match="positional"):
        explain(E, w, 0.5, ["w1"])


def test_a_notebook_gets_three_kinds() -> None:
    E, w = seed_003()
    bundle = ad.derive(E, w[4])._repr_mimebundle_()
    assert bundle.keys() == {"text/plain", "text/latex", "text/html"}


# ---------------------------------------------------------------- unfolded, expanded


def test_only_a_chain_unfolds() -> None:
    E, w = seed_003()
    assert str(ad.derive(E, w[4]).unfolded()).count("=") == 3
    with pytest.raises(ValueError, match="several paths lead to w1: see form='paths'"):
        ad.derive(E, w[0]).unfolded()


@pytest.mark.parametrize("x", [-3.0, -0.25, 0.0, 0.5, 2.0])
def test_every_line_of_the_sigmoid_proof_is_the_same_number(x: float) -> None:
    z = ad.Value(x, "z")
    out = z.sigmoid().named("out")
    [component] = ad.derive(out, z, expand=True).derived[0].steps
    slope = ad.grad(out, z).data
    first, *lines = component.proof
    assert number(first.parts[1].term) == pytest.approx(out.data, rel=1e-12)
    assert len(lines) == 5
    for line in lines:
        assert math.prod(number(p.term) for p in line.parts) == pytest.approx(slope, rel=1e-12)
    assert number(component.formula) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("x", [-3.0, -0.25, 0.0, 0.5, 2.0])
def test_every_line_of_the_proof_of_tanh_is_the_same_number(x: float) -> None:
    z = ad.Value(x, "z")
    out = z.tanh().named("out")
    [component] = ad.derive(out, z, expand=True).derived[0].steps
    first, *lines = component.proof
    assert number(first.parts[1].term) == pytest.approx(out.data, rel=1e-12)
    assert len(lines) == 2
    for line in lines:
        assert number(line.term) == pytest.approx(ad.grad(out, z).data, rel=1e-12)


def test_expanding_shows_what_other_activations_are_made_of() -> None:
    z = ad.Value(0.5, "z")
    for name in ("tanh", "softplus", "silu"):
        out = getattr(ad, name)(z).named("out")
        assert ad.derive(out, z, expand=True).value == ad.grad(out, z).data
        assert " = d/dz (" in str(ad.derive(out, z, expand=True))
    assert "d/dz (" not in str(ad.derive(z.sin().named("out"), z, expand=True))


def test_a_condition_is_one_of_the_factors_that_pile_up() -> None:
    z, a = ad.values("z a", [0.5, 2.0])
    text = str(ad.derive((ad.maximum(z * 2, a) * 3).named("u"), z))
    assert "\n             = 3·2·[2·z > a]\n             = 6·[2·z > a]\n" in text


# ---------------------------------------------------------------- edges


def test_nothing_to_derive() -> None:
    x, other = ad.values("x other", [0.5, 2.0])
    y = (x * 2).named("y")
    derivation = ad.derive(y, other)
    assert derivation.value == 0.0
    assert "y does not depend on other: ∂y/∂other = 0" in str(derivation)
    assert str(ad.derive(y, y)).splitlines()[2].split() == "∂y/∂y = 1 = 1".split()
    itself = ad.derive(y, y)
    assert itself.value == 1.0
    assert ad.derive(x, x).value == 1.0


def test_what_has_no_name_is_called_after_the_variable_or_x_and_y() -> None:
    weight = ad.Value(0.5)
    loss = weight * weight
    inside = {"list": [ad.Value(0.5)]}
    root = inside["list"][0].sin()
    pages = [str(ad.derive(loss, weight)), str(ad.derive(root, inside["list"][0]))]
    assert pages[0].startswith("∂loss/∂weight")
    assert pages[1].startswith("∂root/∂x")


def test_not_finite() -> None:
    x = ad.Value(0.0, "x")
    assert math.isinf(ad.derive(x.log().named("y"), x).value)
    y = (x.log() * 0).named("y")
    assert "nan" in str(ad.derive(y, x))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"form": "delt"}, "form='delt': choose one of 'auto', 'chain', 'paths'"),
        ({"sense": "up"}, "sense='up': choose one of 'descent', 'ascent'"),
        ({"signs": "plus"}, "signs='plus': choose one of 'difference', 'minus'"),
        ({"digits": 40}, "digits counts decimals, 0 to 17, not 40"),
        ({"digits": 18}, "digits counts decimals, 0 to 17, not 18"),
        ({"digits": -1}, "digits counts decimals, 0 to 17, not -1"),
        ({"rounding": "up"}, "rounding is 'nearest' or 'truncate', not 'up'"),
        ({"order": 0}, "order counts derivatives: 1, 2, ..., not 0"),
        ({"through": ["out_o9"]}, "no Value here is called out_o9; did you mean out_o"),
        ({"stop": ["out_o1"]}, "not every path from E_total to w1 goes through out_o1"),
    ],
)
def test_what_an_option_cannot_be(options: dict[str, Any], says: str) -> None:
    E, _ = seed_003()
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        ad.derive(E, "w1", **options)


def test_unknown_and_stale() -> None:
    E, w = seed_003()
    with pytest.raises(ValueError, match="no Value here is called w55; did you mean"):
        ad.derive(E, "w55")
    with pytest.raises(ValueError, match="at least one Value"):
        ad.derive(E, [])
    w[4].data = 0.25
    with pytest.raises(ValueError, match="w5 changed since E_total was computed"):
        ad.derive(E, w[0])
    E.forward()
    assert ad.derive(E, w[4]).value == ad.grad(E, w[4]).data


# ---------------------------------------------------------------- softmax


def test_operands_of_a_softmax_keep_their_order() -> None:
    a, b, c = ad.values("a b c", [1.0, 1.0, 2.0])
    s = ad.logsumexp([a, b, c]).named("s")
    formulas = [ad.derive(s, x).formula_text() for x in (a, b, c)]
    assert formulas == [f"softmax{index}(a, b, c)" for index in "₁₂₃"]
    s = ad.logsumexp([c, a, b]).named("s")
    formulas = [ad.derive(s, x).formula_text() for x in (c, a, b)]
    assert formulas == ["softmax₃(a, b, c)", "softmax₁(a, c, b)", "softmax₁(b, c, a)"]
    assert all(map(ad.check_formula, [s] * 3, (c, a, b), formulas))


def test_a_tie_is_written_as_the_half_that_it_is() -> None:
    a, b = ad.values("a b", [1.0, 1.0])
    y = ad.maximum(a, b).named("y")
    assert "\n             = ½·[1 = 1]  " in str(ad.derive(y, a))
    a.data = 2.0
    y.forward()
    assert "\n             = [2 > 1]  " in str(ad.derive(y, a))


def test_a_share_of_softmax_says_which_it_is() -> None:
    z = ad.values("z1:4", [0.1, -0.4, 0.7])
    loss = (ad.logsumexp(z) - z[1]).named("L")
    assert ad.derive(loss, "z2").formula_text() == "softmax₂(z1, z2, z3) − 1"
    assert "softmax_2(z1, z2, z3) - 1" in ad.derive(loss, "z2").text(ascii=True)
    p = ad.softmax(z)[1].named("p2")
    assert ad.derive((loss + p * p).named("E"), "z2").formula_text() == "p2 − 1 + 2·p2²·(1 − p2)"


@pytest.mark.parametrize("form", ["chain", "paths"])
def test_a_branch_is_not_called_like_the_sum_of_all(form: str) -> None:
    x = ad.Value(0.5, "x")
    half = (0.5 * x).named("half")
    y = (half.exp() + half * half + x.square().named("s")).named("y")
    text = str(ad.derive(y, x, form=form))
    way = {"chain": "∂y/∂x = via half + ∂s/∂x", "paths": "  ── = path A + ──"}[form]
    assert way in text
    assert "0.89201" in text.partition({"chain": "via half =", "paths": "path A ≈"}[form])[2]


# ---------------------------------------------------------------- higher order


def test_each_line_is_the_derivative_of_the_one_above() -> None:
    x = ad.Value(0.5, "x")
    y = (x**4 + 2 * x**2).named("y")
    assert str(ad.derive(y, x, order=3)) == (
        "∂³y/∂x³                                                                        order 3\n"
        "\n"
        "  y = x⁴ + 2·x²\n"
        "  ∂y/∂x = 4·x³ + 4·x\n"
        "        = 4·0.5³ + 4·0.5                                            =       2.5\n"
        "  ∂²y/∂x² = 12·x² + 4\n"
        "          = 12·0.5² + 4                                             =         7\n"
        "  ∂³y/∂x³ = 24·x\n"
        "          = 24·0.5                                                  =        12\n"
        "  checked: finite difference of order 2 12.00000"
    )


def test_a_line_refers_to_the_lines_above_where_that_is_shorter() -> None:
    x = ad.Value(0.5, "x")
    lines = str(ad.derive(x.tanh().named("y"), x, order=3)).splitlines()
    assert lines[3] == "  ∂y/∂x = 1 − y²"
    assert lines[5] == "  ∂²y/∂x² = −2·y·∂y/∂x"
    assert lines[6].split() == "≈ −2·0.46212·0.78645 ≈ −0.72686".split()
    assert lines[7] == "  ∂³y/∂x³ = −2·(∂y/∂x)² − 2·y·∂²y/∂x²"
    latex = ad.derive(x.tanh().named("y"), x, order=3).latex()
    assert r"\right)^2-2y\,\frac{\partial^2y}{\partial x^2}" in latex
    E, w = seed_003()
    assert "(1 − 2·out_o1)·∂E_total/∂w5" in str(ad.derive(E, w[4], order=2))
    assert "∂" not in ad.derive(E, w[4], order=2).formula_text()  # for a program to read


def test_brackets_of_the_product_rule_are_opened() -> None:
    a = ad.Value(1.5, "a")
    second = ad.derive(ad.exp(-a * a).named("z"), a, order=2)
    assert second.formula_text() == "−2·z + 4·a²·z"


def term_of(value: ad.Value) -> Term:
    return Reader(labels([value])).expression(value)


@pytest.mark.parametrize("line", ["x*y", "-2*x*y**2", "x - y", "3", "x", "1/(x*y)", "2*(x - y)*y"])
@pytest.mark.parametrize("text", ["x*y", "4*x*y**2*(y - x)**3", "exp(x*y)/(x*y)**2", "x - y - 3"])
def test_rewriting_in_terms_of_a_line_keeps_the_number(line: str, text: str) -> None:
    numbers = {"x": 0.75, "y": -2.5}
    above, whole = (term_of(ad.parse(each, **numbers)) for each in (line, text))
    rewritten = in_terms_of(above, Name("∂s/∂x", number(above)), whole)
    assert number(rewritten) == pytest.approx(number(whole), rel=1e-12)


@pytest.mark.parametrize(
    ("line", "text", "shorter"),
    [
        ("x**2*y", "x**3*y**2*z", "x·y·z·n"),
        ("x**2*y", "x**4*y**2*z", "z·n²"),
        ("3*x", "9*x**2*y", "y·n²"),
        ("x - y", "(y - x)*z", "−z·n"),
        ("x - y", "(y - x)**2*z", "z·n²"),
        ("x - y", "(y - x)**3*z", "−z·n³"),
        ("49*x", "x*y", "x·y"),  # 1/49*49 is not 1
    ],
)
def test_a_line_is_taken_out_as_often_as_it_is_there(line: str, text: str, shorter: str) -> None:
    numbers = {"x": 0.75, "y": -2.5, "z": 0.5}
    above, whole = (term_of(ad.parse(each, **numbers)) for each in (line, text))
    rewritten = in_terms_of(above, Name("n", number(above)), whole)
    assert Text().write(rewritten) == shorter


def test_of_numbers_put_in_for_names_only_negative_ones_have_brackets() -> None:
    a, b, c = ad.values("a b c", [0.5, 0.0, -2.0])
    assert "\n             = 2·(0.5 + 0 + (−2)) " in str(
        ad.derive(((a + b + c) ** 2).named("y"), a)
    )


def test_terms_of_a_listed_sum_keep_their_order() -> None:
    x = ad.Value(0.5, "x")
    for y in (ad.sum([x**3, -2 * x**2, x]), x**3 + ad.sum([-2 * x**2, x])):
        assert ad.derive(y.named("y"), x).formula_text() == "3·x² − 4·x + 1"


def test_terms_behind_a_minus_keep_their_order() -> None:
    x = ad.Value(0.5, "x")
    y = (-(x**3 - 2 * x**2 + x)).named("y")
    assert ad.derive(y, x).formula_text() == "−3·x² + 4·x − 1"


def test_of_two_ways_as_long_the_first_stays() -> None:
    ab, cd, e = (Name(label, 1.0) for label in ("ab", "cd", "e"))
    assert [shorter(ab, cd), shorter(ab, e), shorter(e, ab)] == [ab, e, e]


def test_the_page_of_two_second_derivatives() -> None:
    a, b = ad.values("a b", [0.5, 2.0])
    text = str(ad.derive((a * a * b * b).named("y"), [a, b], order=2))
    assert text.startswith("Derivatives of y ")
    assert "∂²y/∂a² = 2·b²" in text
    assert "∂²y/∂b² = 2·a²" in text


@pytest.mark.parametrize("stop", ["E1", "out_o1", "sum_o1"])
def test_a_derivation_stops_at_any_waypoint(stop: str) -> None:
    """What is above it stays a symbol; of several the lowest counts."""
    E, w = seed_003()
    for stops in ([stop], ["out_o1", stop]) if stop == "sum_o1" else ([stop],):
        text = str(ad.derive(E, w[4], stop=stops))
        assert re.search(rf"\n  1  ∂E_total/∂{stop} +∂E_total/∂{stop} +[=≈]", text)
        assert "f′(sum_o1)" in text or stop == "sum_o1"


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_the_finite_difference_is_as_fine_as_the_number_is_large(size: float) -> None:
    x = ad.Value(size, "x")
    [derived] = ad.derive((x * x * x).named("y"), x).derived
    assert derived.difference == pytest.approx(derived.value, rel=1e-6, abs=1e-9)


def test_a_factor_zero_is_written_once() -> None:
    w, z = ad.values("w z", [0.5, 2.0])
    text = str(ad.derive(-(w * 0.0 * z), w))
    assert "\n             = z·0·(−1)\n             = 0 " in text


def test_no_change_at_rate_zero() -> None:
    x = ad.Value(0.5, "x")
    [derived] = ad.derive((x * x).named("y"), x, rate=0.0).derived
    assert derived.new == 0.5


@pytest.mark.parametrize("option", ["through", "stop"])
def test_waypoints_are_values_or_names(option: str) -> None:
    E, w = seed_003()
    with pytest.raises(TypeError, match=r"a Value or the name of one is wanted, not 2\.0"):
        ad.derive(E, w[4], **{option: 2.0})
    one, listed = (ad.derive(E, w[4], **{option: given}) for given in ("out_o1", ["out_o1"]))
    assert str(one) == str(listed)


def test_second_derivatives_take_signs_and_waypoints() -> None:
    E, w = seed_003()
    minus = str(ad.derive(E, w[4], order=2, signs="minus"))
    assert "∂E_total/∂w5 = −(target1 − out_o1)·out_o1·(1 − out_o1)·out_h1" in minus
    through = str(ad.derive(E, w[4], order=2, through=["out_o1"]))
    assert "out_h1" not in through
    assert "σ(i1·w1 + i2·w3 + b1)" in through


@pytest.mark.parametrize(
    "options",
    [{"rate": 0.1}, {"sense": "ascent"}, {"stop": ["out_o1"]}, {"expand": True}, {"form": "delta"}],
)
def test_second_derivatives_refuse_what_only_first_ones_have(options: dict[str, Any]) -> None:
    E, w = seed_003()
    with pytest.raises(ValueError, match=f"{next(iter(options))}= goes with first derivatives"):
        ad.derive(E, w[4], order=2, **options)


def test_a_long_second_derivative_leaves_out_the_substitution() -> None:
    E, w = seed_003()
    text = str(ad.derive(E, w[0], order=2))
    assert len(text.splitlines()) < 20
    assert text.count("≈ −1.30249e−5") == 1


# ---------------------------------------------------------------- a formula of the page, tried


@pytest.mark.parametrize("name", ["000", "002", "003"])
def test_printed_formulas_pass_the_check(name: str) -> None:
    example = textbook.build(name)
    for weight in example.weights:
        text = ad.derive(example.loss, weight).formula_text()
        assert ad.check_formula(example.loss, weight, text).ok


def latex(derivation: Any) -> str:
    return tidy(Latex().write(derivation.derived[0].formula))


def test_a_constant_is_what_it_spells() -> None:
    x = ad.Value(0.5, "x")
    for spelled, value in CONSTANTS.items():
        for size, text in ((value, spelled), (1 / value, f"1/{spelled}"), (3 * value, None)):
            derivation = ad.derive(size * x, x)
            assert derivation.formula_text() == (text or f"3·{spelled}")
            for shown in (derivation.formula_text(), latex(derivation)):
                assert ad.check_formula(size * x, x, f"{shown} + 0*x"), shown
            read = ad.parse(to_ascii(derivation.formula_text()).replace("^", "**"), pi=math.pi)
            assert read.data == pytest.approx(size, rel=1e-15)


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("log2(x)", "1/(ln(2)·x)"),
        ("-3*log10(x*a)", "−3/(ln(10)·x)"),
        ("2**x", "ln(2)·y"),
        ("a*log2(2**x)", "a"),
        ("erf(x/sqrt(2))/2", "exp(−½·x²)/√(2π)"),
        ("(x + a)/7*5", "5/7"),
        ("(x - a)/3 - x", "−2/3"),
    ],
)
def test_numbers_of_the_table_are_spelled_as_one_knows_them(formula: str, slope: str) -> None:
    graph = ad.parse_lines(f"y = {formula}", x=2.0, a=3.0)
    derivation = ad.derive(graph["y"], "x")
    assert derivation.formula_text() == slope
    for shown in (slope, to_ascii(slope), latex(derivation)):
        assert ad.check_formula(graph["y"], "x", f"{shown} + 0*x"), shown


def test_a_number_that_is_no_known_constant_is_not_taken_for_one() -> None:
    x = ad.Value(0.5, "x")
    for size in (0.693147, 0.6931471805599, 0.333333, 1.4426950408, 0.70710678, 3.14159265359):
        assert ad.derive(size * x, x).formula_text() == f"{size!r}"


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("(x - a)/sqrt(b + x)", "1/√(b + x) − y/(2·(b + x))"),
        ("x**x", "y·(1 + log(x))"),
        ("a*x**b*x", "a·x^b·(1 + b)"),
        ("1/(1/x - 1/a)", "y²/x²"),
        ("exp(x)/(exp(x) + exp(a))", "y·(1 − y)"),
        ("a*x/(b + x)", "(a − y)/(b + x)"),
        ("(x**2 - 3*x + 2)/(x**2 + 1)", "(2·x − 3 − 2·y·x)/(x² + 1)"),
        ("-log(x) - (a - b)**2/(2*x**2)", "−1/x + (a − b)²/x³"),
        ("a*log(a/x)", "−a/x"),
        ("a*x**2*b**2/2", "a·x·b²"),
        ("a*exp(-b*x)*cos(x)", "−a·exp(−b·x)·(cos(x)·b + sin(x))"),
        ("x**4 + 2*x**2 + 1", "4·x³ + 4·x"),
        ("(a + a*b)*x", "a + a·b"),
    ],
)
def test_a_derivative_is_written_as_by_hand(formula: str, slope: str) -> None:
    graph = ad.parse_lines(f"y = {formula}", x=2.0, a=3.0, b=1.5)
    derivation = ad.derive(graph["y"], "x")
    assert derivation.formula_text() == slope
    assert number(derivation.derived[0].formula) == pytest.approx(derivation.value, rel=1e-12)
    assert ad.check_formula(graph["y"], "x", slope)


@pytest.mark.parametrize(
    ("formula", "second"),
    [
        ("log10(x)", "−1/(ln(10)·x²)"),
        ("-(x*log2(x) + (1 - x)*log2(1 - x))", "−(1/x + 1/(1 − x))/ln(2)"),
        ("x*log(x/a)", "1/x"),
        ("a*x/(b + x)", "2·(y − a)/(b + x)²"),
    ],
)
def test_second_derivatives_have_their_powers_together(formula: str, second: str) -> None:
    graph = ad.parse_lines(f"y = {formula}", x=0.25, a=3.0, b=1.5)
    assert ad.derive(graph["y"], "x", order=2).formula_text() == second


def test_a_page_has_at_most_a_hundred_orders() -> None:
    x = ad.Value(2.0, "x")
    with pytest.raises(ValueError, match="at most 100 orders, not 99999999"):
        ad.derive(x.sin().named("y"), x, order=99999999)


@pytest.mark.parametrize("encoding", ["ascii", "no such encoding", "utf-8"])
def test_a_derivation_prints_what_the_terminal_can_show(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    E, w = seed_003()
    derivation = ad.derive(E, w[4])
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Terminal(encoding))
        assert str(derivation) == derivation.text(ascii=encoding != "utf-8")


def test_unknown_options_are_refused_and_the_rate_is_called_rate() -> None:
    E, w = seed_003()
    for option, hint in [("lr", "the learning rate is called rate="), ("colour", "see its doc")]:
        with pytest.raises(TypeError, match=f"derive has no option {option}=; {hint}"):
            ad.derive(E, w[4], **{option: 0.1})  # type: ignore[arg-type]


def test_letters_beyond_ascii_and_long_labels_are_shortened() -> None:
    assert to_ascii("\x7f\x80\u4e2d") == "\x7fU+0080U+4E2D"
    assert visible("x" * LONGEST) == "x" * LONGEST
    assert visible("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


CURVES = {
    "x**3 * exp(x)": "exp(x)·x·(6 + 6·x + x²)",
    "(w*x).sigmoid() * tanh(x)": "",
    "log(1 + x**2) / x": "",
    "sqrt(x) * sin(w*x**2) - 1/x": "",
    "x**w * exp(-x*x/2)": "",
    "1 / (x*w + x**2) + 1 / (x*w)": "",
}


@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("curve", CURVES)
def test_what_the_terms_of_a_derivative_share_is_written_once(curve: str, order: int) -> None:
    """The formula, read back, is the derivative of the one before at the recorded point and at
    random ones."""
    w, x = ad.values("w x", [1.3, 0.7])
    known = {"w": w, "x": x, "exp": ad.exp, "tanh": ad.tanh, "log": ad.log, "sqrt": ad.sqrt}
    y = eval(curve, known | {"sin": ad.sin}).named("y")
    page = ad.derive(y, x, order=order).full()
    if "…" not in page.formula_text():
        assert ad.check_formula(ad.derivative(y, x, order=order - 1), x, page.formula_text())
    if order == 2 and CURVES[curve]:
        assert page.formula_text() == CURVES[curve]


@pytest.mark.parametrize(
    ("formula", "raw"),
    [
        ("1/(1 + x**2)", "2·y²·x·(−1)"),
        ("sqrt(1 + x**2)", "2·½·x/y"),
        ("(x - a)**2/(2*b**2)", "2·½·(x − a)/b²"),
        ("a**2/x**2", "2·y·x/x²·(−1)"),  # x/x² would be 1/x already
        ("-(a - b)*x", "(a − b)·(−1)"),  # two factors are enough
    ],
)
def test_a_derivative_as_it_piles_up_has_its_divisors_below(formula: str, raw: str) -> None:
    graph = ad.parse_lines(f"y = {formula}", x=2.0, a=3.0, b=1.5)
    assert f"\n             = {raw}\n" in str(ad.derive(graph["y"], "x"))


@pytest.mark.parametrize(
    ("formula", "slope", "second"),
    [
        ("x**3 - 2*x**2 + x", "3·x² − 4·x + 1", "6·x − 4"),
        ("sin(x) + cos(x) - x", "cos(x) − sin(x) − 1", "−sin(x) − cos(x)"),
        ("a - (x - x**2) - sin(x)", "−1 + 2·x − cos(x)", "2 + sin(x)"),
        ("x**2*sin(x) + x", "2·x·sin(x) + x²·cos(x) + 1", "4·x·cos(x) + 2·sin(x) − x²·sin(x)"),
        ("sum(x, exp(x), a*x)", "1 + exp(x) + a", "exp(x)"),
    ],
)
def test_terms_of_a_derivative_are_in_the_order_of_what_is_differentiated(
    formula: str, slope: str, second: str
) -> None:
    graph = ad.parse_lines(f"y = {formula}", x=2.0, a=3.0)
    y, x = graph["y"], graph["x"]
    assert ad.derive(y, x).formula_text() == slope
    assert f"∂y/∂x = {slope}" in str(ad.derive(y, x, order=2))
    assert ad.derive(y, x, order=2).formula_text() == second
    with ad.no_record():
        assert ad.derive(y, x).formula_text() == slope
        assert ad.derive(y, x, order=2).formula_text() == second
    assert slope in ad.check_formula(y, x, f"{slope} + 5").why


def test_terms_of_waypoints_keep_their_order_too() -> None:
    w, x = ad.values("w x", [0.5, 2.0])
    z = (w * x + w**2).named("z")
    E = (z**3 - 4 * z + w * z).named("E")
    page = str(ad.derive(E, w))
    assert "= 3·z² − 4 + w" in page
    assert "= x + 2·w" in page
    with ad.no_record():
        step = str(ad.explain_step(E, [w], 0.1))
    assert "3·z² − 4 + w" in step


@pytest.mark.parametrize(
    ("formula", "slope", "second"),
    [
        (
            "where(less(abs(x), d), x**2/2, d*(abs(x) - d/2))",
            "where(|x| < d, x, d·sign(x))",
            "where(|x| < d, 1, 0)",
        ),
        ("elu(x)", "where(0 < x, 1, exp(x))", "where(0 < x, 0, exp(x))"),
        ("clamp(d*x, 0, 2)**2", "2·clamp(d·x, 0, 2)·[0 < d·x < 2]·d", ""),
        ("atan2(d, x)", "−d/(d² + x²)", "2·d·x/(d² + x²)²"),
        ("1/sqrt(1 - x**2/d**2)", "y·x/((1 − x²/d²)·d²)", ""),
        ("relu(d*x)**2", "2·relu(d·x)·[d·x > 0]·d", "2·[d·x > 0]·d²"),
    ],
)
def test_choices_and_conditions_are_written_once(formula: str, slope: str, second: str) -> None:
    graph = ad.parse_lines(f"y = {formula}", x=0.25, d=1.5)
    y = graph["y"]
    assert ad.derive(y, "x").formula_text() == slope
    assert ad.check_formula(y, "x", slope)
    if second:
        derivation = ad.derive(y, "x", order=2)
        assert derivation.formula_text() == second
        assert number(derivation.derived[0].formula) == pytest.approx(derivation.value, rel=1e-12)
