"""MathML of formulas: well formed, of known elements, with names as text only."""

import re
from xml.etree import ElementTree

import pytest
from pages import HOSTILE, formulas, text_of
from rows import user_rows

import autodiff as ad
from autodiff.formula import formula_latex, formula_mathml
from autodiff.formula.mathml import MathML, broken, math
from autodiff.formula.symbols import visible
from autodiff.formula.terms import Name, raised, times
from autodiff.names import labels
from autodiff.op import SUM

SPACE = "{http://www.w3.org/1998/Math/MathML}"
CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "mroot": 2}
ELEMENTS = {*CHILDREN, *"math mrow mi mn mo mtext msqrt mtable mtr mtd".split()}


def shown(value: ad.Value) -> str:
    return formula_mathml(value, labels([value]))


def name(label: str) -> str:
    return MathML().write(Name(label, 1.0))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("w5", "<msub><mi>w</mi><mn>5</mn></msub>"),
        ("out_o1", "<msub><mi>out</mi><mrow><mi>o</mi><mn>1</mn></mrow></msub>"),
        ("delta_r", "<msub><mi>δ</mi><mi>r</mi></msub>"),
        ("δ_r", "<msub><mi>δ</mi><mi>r</mi></msub>"),
        ("w_1_2", "<msub><mi>w</mi><mrow><mn>1</mn><mo>,</mo><mn>2</mn></mrow></msub>"),
    ],
)
def test_names_are_typography(label: str, expected: str) -> None:
    assert name(label) == expected


def test_superscripts_stand_above_subscripts() -> None:
    found = ElementTree.fromstring(name("w_22^(2)"))
    assert found.tag == "msubsup"
    assert ["".join(part.itertext()) for part in found] == ["w", "22", "(2)"]


def test_a_power_of_a_name_with_a_subscript() -> None:
    w = ad.Value(2.0, "w5")
    inside = "<mi>w</mi><mn>5</mn><mn>2</mn>"
    assert shown(w**2).endswith(f"<msubsup>{inside}</msubsup></math>")


def test_a_fraction_needs_no_brackets() -> None:
    x, y = ad.values("x y", [2.0, 3.0])
    assert shown((x + 1) / (y - 1)) == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac>'
        '<mrow><mi>x</mi><mo form="infix">+</mo><mn>1</mn></mrow>'
        '<mrow><mi>y</mi><mo form="infix">−</mo><mn>1</mn></mrow></mfrac></math>'
    )


def test_every_op_is_well_formed() -> None:
    for what, value in formulas():
        for node in ElementTree.fromstring(shown(value)).iter():
            tag = node.tag.removeprefix(SPACE)
            assert tag in ELEMENTS, what
            assert len(node) == CHILDREN.get(tag, len(node)), what


@pytest.mark.parametrize("label", HOSTILE)
def test_names_are_text(label: str) -> None:
    found = ElementTree.fromstring(math(name(label)))
    assert all(node.tag in ELEMENTS for node in found.iter())
    assert text_of(list(found.itertext())) == text_of([visible(label)])


def test_the_spelling_of_a_row_is_text_too() -> None:
    with user_rows():
        bracket = ad.Op("bracket", lambda x: x, (1,), "</script>{}\\input&")
        join = ad.Op("join", lambda x, y: x, (1, 0), "<b>", precedence=SUM)
        x, y = ad.values("x y", [2.0, 3.0])
        value = join(bracket(x), y)
        found = ElementTree.fromstring(shown(value))
        latex = formula_latex(value, labels([value]))
    assert all(node.tag.removeprefix(SPACE) in ELEMENTS for node in found.iter())
    assert text_of(list(found.itertext())) == "</script>x\\input&<b>y"
    assert r"\input" not in latex
    assert "</" not in latex


def test_a_long_formula_may_break_between_its_terms() -> None:
    a, b, c = (Name(x, 1.0) for x in "abc")
    parts = broken(MathML().write(a + b * c)).split("<wbr>")
    assert len(parts) == 3
    assert parts[0] == "<math><mi>a</mi></math>"
    for part in parts:
        ElementTree.fromstring(part)


def test_a_long_bracket_around_fractions_may_break_inside() -> None:
    a, b, c, d = (Name(x, 1.0) for x in "abcd")
    parts = broken(MathML().write((a + b + times(c, raised(d, -1.0)) + a * c) * d)).split("<wbr>")
    assert len(parts) == 6
    opening, closing = (re.search("<mo ([^>]*)>[()]", part)[1] for part in (parts[0], parts[4]))
    assert opening.replace("prefix", "postfix") == closing
    assert "minsize" in opening  # both as high as each other, whatever stands in their lines
