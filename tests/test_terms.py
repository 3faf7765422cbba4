"""Terms: signs and numbers gathered, equal things merged, nothing expanded, nothing reordered."""

import math

import pytest
from derivations import number
from hypothesis import given, strategies as st
from rows import user_rows

import autodiff as ad
from autodiff.formula.figures import Figures
from autodiff.formula.terms import (
    ONE,
    ZERO,
    Name,
    Product,
    Sum,
    Term,
    flipped,
    plus,
    raised,
    rewritten,
    times,
)
from autodiff.formula.text import Text
from autodiff.op import PRODUCT

a, b, c = (Name(label, value) for label, value in [("a", 2.0), ("b", 3.0), ("c", 5.0)])


def terms() -> st.SearchStrategy[Term]:
    numbers = st.sampled_from([-2.0, -1.0, 0.5, 1.0, 3.0]).map(Product)
    return st.recursive(
        st.sampled_from([a, b, c]) | numbers,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda xs: plus(*xs))
            | st.lists(inner, min_size=1, max_size=3).map(lambda xs: times(*xs))
            | inner.map(lambda x: raised(x, 2.0))
        ),
        max_leaves=12,
    )


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (a + a, "2·a"),
        (a - a, "0"),
        (a * a, "a²"),
        (a * b * 2.0 * a, "2·a²·b"),
        (-(a - b) * c, "−(a − b)·c"),
        (a * (b + c), "a·(b + c)"),
        (plus(a, b, plus(c, a)), "2·a + b + c"),
        (times(a, raised(b, -1.0)), "a/b"),
        (raised(times(2.0, a), -1.0), "1/(2·a)"),
        (raised(raised(a, 2.0), 3.0), "a⁶"),
        (times(0.0, a), "0"),
        (0.5 * (a - b) * (a - b), "½(a − b)²"),
        (2.0 - a, "2 − a"),
        (raised(-2.0 * a, 2.0), "(−2·a)²"),
        (raised(Product(-0.5), 0.5), "√(−½)"),
        (raised(Product(4.0), 0.5), "2"),
        (raised(ZERO, -1.0), "1/0"),
        (b * raised(a, -0.5), "b/√(a)"),
    ],
)
def test_normal_form(term: Term, text: str) -> None:
    assert Text().write(term) == text


@given(terms(), terms())
def test_sums_and_products_keep_the_number(x: Term, y: Term) -> None:
    assert number(x + y) == pytest.approx(number(x) + number(y), rel=1e-12, abs=1e-9)
    assert number(x - y) == pytest.approx(number(x) - number(y), rel=1e-12, abs=1e-9)
    assert number(x * y) == pytest.approx(number(x) * number(y), rel=1e-12, abs=1e-9)
    assert number(flipped(x)) == pytest.approx(number(x), rel=1e-12, abs=1e-9)


@given(terms())
def test_a_sum_has_no_sum_in_it_and_two_terms_at_least(x: Term) -> None:
    if isinstance(x, Sum):
        assert len(x.terms) > 1
        assert not any(isinstance(part, Sum) for part in x.terms)


@pytest.mark.parametrize(
    "x", [0.12345678901234568, 0.012345678901234567, 1.2345678901234567e-4, 123456789.12345679]
)
def test_constants_keep_their_digits(x: float) -> None:
    assert float(Text().write(Product(x))) == x
    assert Text().write(raised(a, x)) == f"a^({x!r})"


def test_formulas_spell_powers_comparisons_and_shares() -> None:
    numbers = {"x": 0.5, "z1": 1.0, "z2": 2.0}
    for text, formula in (("2**x", "2^x"), ("less(x, z1)", "x < z1"), ("(z1**x)**z2", "(z1^x)^z2")):
        assert ad.parse(text, **numbers).formula() == formula
    x, z = ad.values("x z1", [0.5, 1.0])
    assert ad.softmax([x.sin(), z])[0].formula() == "softmax₁(sin(x), z1)"


def test_a_row_that_binds_like_a_product_brackets_products_only() -> None:
    x, y, z = ad.values("x y z", [5.0, 3.0, 2.0])
    with user_rows():
        rest = ad.Op("rest", lambda x, y: math.fmod(x, y), (1.0, 0.0), "%", precedence=PRODUCT)
        assert rest(x * x, y).formula() == "x² % y"
        assert rest(x * y, z).formula() == "(x·y) % z"
        assert rest(rest(x, y), z).formula() == "(x % y) % z"
        assert rest(x, rest(y, z)).formula() == "x % (y % z)"


def test_numbers_that_are_none() -> None:
    figures = Figures()
    assert list(map(figures.text, (math.inf, -math.inf, math.nan))) == ["∞", "-∞", "nan"]
    assert list(map(figures.text, (0.0, -0.0, -1.0))) == ["0", "0", "-1"]
    assert [Text().write(Product(x)) for x in (math.inf, -math.inf, math.nan)] == ["∞", "−∞", "nan"]


def test_the_empty_sum_and_product() -> None:
    assert plus() == ZERO
    assert times() == ONE


def test_a_sign_moves_into_the_first_difference() -> None:
    turned = flipped(-1.0 * (a - b) * c * (b - c))
    assert Text().write(turned) == "(b − a)·c·(b − c)"
    assert flipped(-1.0 * a * (b + c)) == -1.0 * a * (b + c)  # no difference to turn


def test_rewriting_puts_names_for_what_they_are() -> None:
    known = {a + b: Name("s", 5.0)}
    assert Text().write(rewritten(c * (a + b) * (a + b), known)) == "c·s²"
