"""Pages as text: within 88 columns, in ASCII on request, names shown and never obeyed."""

import re
import unicodedata

import pytest
from derivations import seed_003
from hypothesis import given, strategies as st

import autodiff as ad
from autodiff.formula.layout import WIDTH, _wrapped
from nn import MLP, half_squared_error

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "\\input{/etc/passwd}",
    "a\u202eb\u2066c",
    "quote\"'`",
    "line\nbreak\ttab\rreturn",
    "\x1b[31mred\x07",
    "null\x00byte",
    "{0} %s $x^2$ {{}}",
    "e\u0301\u200b\ufeff",
    "名前",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["chain", "paths", "delta"])
def test_names_are_data(name: str, form: str) -> None:
    x = ad.Value(0.5, name)
    z = (x * 3).named(name + "z")
    y = (z.sigmoid() * 2 + z).named(name + "y")
    derivation = ad.derive(y, x, form=form, rate=0.1)
    for text in (str(derivation), derivation.text(ascii=True)):
        bad = [c for c in text if c != "\n" and unicodedata.category(c)[0] == "C"]
        assert not bad
    assert derivation.text(ascii=True).isascii()


@given(st.text(" ab·+−()", max_size=200), st.integers(40, 88), st.integers(0, 60))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int, lead: int) -> None:
    rows = _wrapped("x" * min(lead, width), text, width)
    assert max(map(len, rows)) <= width
    kept = "".join(rows).replace(" ", "")
    assert kept == "x" * min(lead, width) + text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a" * 30 + "(" + "b" * 30, ["a" * 30 + "(", "  " + "b" * 30]),
        ("a" * 45, ["a" * 40, "  " + "a" * 5]),
        ("名" * 45, ["名" * 20, "  " + "名" * 19, "  " + "名" * 6]),
    ],
)
def test_a_word_too_long_is_broken_after_a_bracket_or_anywhere(text: str, rows: list[str]) -> None:
    assert _wrapped("", text, 40) == rows


def test_a_value_with_many_digits_keeps_its_distance() -> None:
    w = ad.values("w1:4", [0.1, 0.2, 0.3])
    names = [f"a_rather_long_name_{i}" for i in range(3)]
    terms = [(x.sin() / 3).named(name) for x, name in zip(w, names, strict=True)]
    text = ad.derive((terms[0] * terms[1] * terms[2]).named("y"), w[0], digits=17).text()
    assert all(re.search(r"\S [=≈] +\S+$", line) for line in text.splitlines() if "=  " in line)
    assert not re.search(r"\S[=≈]", text)
    assert max(map(len, text.splitlines())) == WIDTH


@pytest.mark.parametrize("form", ["auto", "chain", "delta", "matrix"])
@pytest.mark.parametrize("digits", [0, 5, 12])
def test_pages_of_networks_stay_within_the_width(form: str, digits: int) -> None:
    model = MLP(3, [5, 4, 2], seed=2)
    E = half_squared_error(model([0.3, -0.7, 1.1]), [0.5, 0.1])
    for label in ("w1", "w16", "w36"):
        derivation = ad.derive(E, label, form=form, digits=digits, rate=0.1)
        for page in (derivation, derivation.full()):
            for line in [*page.text().splitlines(), *page.text(ascii=True).splitlines()]:
                assert line == line.rstrip()
                assert len(line) <= WIDTH


def test_values_stand_in_a_column() -> None:
    E, w = seed_003()
    lines = str(ad.derive(E, w[0])).splitlines()
    columns = {max(line.rfind("≈"), line.rfind("= ", 40)) for line in lines if len(line) > 70}
    assert 68 in columns
    assert not {c for c in columns if 60 < c != 68}


def test_the_brackets_of_a_name_ask_for_no_others() -> None:
    model = MLP(2, [2, 1], names="layer", seed=1)
    E = half_squared_error(model([0.1, 0.5]), 1.0)
    page = str(ad.derive(E, "w_11^(2)"))
    assert "= (a_1^(3) − target1) · a_1^(3)·(1 − a_1^(3)) · a_1^(2)\n" in page


@pytest.mark.parametrize("length", [1, 11])
def test_a_remark_stands_beside_an_equation_where_there_is_room(length: int) -> None:
    w, x = ad.values("w x", [0.5, 2.0])
    names = [letter * length for letter in "pqr"]
    y = w * x
    for name in names:
        y = y.sin().named(name)
    E = ((y * y).named("E1") + ad.Value(2.0, "c")).named("E")
    bars = str(ad.derive(E, w)).splitlines()[3]
    remark = "          (E1 hidden: ∂E/∂E1 = 1)"
    assert bars.endswith(remark) == (length == 1)
    assert set(bars.removesuffix(remark)) == set(" =·─")


def test_no_two_blank_lines() -> None:
    E, w = seed_003()
    for page in (ad.derive(E, w, rate=0.6), ad.explain_step(E, w, 0.6), ad.derive(E, w, order=2)):
        assert "\n\n\n" not in str(page)
        assert str(page) == str(page).strip("\n")


def test_ascii_spelling() -> None:
    E, w = seed_003()
    text = ad.derive(E, w[4], rate=0.6).text(ascii=True)
    assert text.isascii()
    assert "dE_total/dw5 = (out_o1 - target1) * out_o1*(1 - out_o1) * out_h1" in text


def test_rounded_numbers_are_marked() -> None:
    x, y = ad.values("x y", [0.5, 0.25])
    assert "= 0.5 · 0.25" not in str(ad.derive((x * y).named("z"), x))
    text = str(ad.derive((x * x * y).named("z"), x))
    assert "= 2·0.5·0.25  " in text
    assert "≈" not in text.partition("checked")[0]
