"""Derivations as HTML: one well-formed table, rows with ids of ours, names as text only."""

from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from pages import HOSTILE, derivations, seed003, text_of, tiny

import autodiff as ad
from autodiff.formula.html import COLUMNS, ids
from autodiff.formula.symbols import visible

ATTRIBUTES = {
    *"class scope colspan form stretchy minsize maxsize lspace rspace displaystyle".split(),
    *"data-upper data-lower data-column".split(),
}
TEXTS = {"mi": "token", "mn": "token", "mtext": "token"}


class Page(HTMLParser):
    """Elements, attributes and texts of a page; elements must be closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.rows: list[dict[str, str | None]] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[TEXTS.get(tag, tag)] += 1
        self.attributes.update(f"{name}={value}" for name, value in attrs)
        assert {name for name, _ in attrs} <= ATTRIBUTES
        if tag == "tr":
            self.rows.append(dict(attrs))
        if tag in ("td", "th", "caption"):
            self.cells.append("")
        if tag != "wbr":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open and self.cells:
            self.cells[-1] += data


def test_every_page_is_well_formed() -> None:
    for what, derivation in derivations():
        source = derivation.html()
        page = Page(source)
        assert page.tags["style"] == 1, what
        assert not {"script", "img", "a", "link", "iframe", "svg"} & set(page.tags), what
        body = ElementTree.fromstring(source.replace("<wbr>", ""))
        assert body.get("class") == "ad-derivation", what
        assert "\x1f" not in source, what


def test_one_row_for_each_component() -> None:
    E, w = seed003()
    derivation = ad.derive(E, w[4], rate=0.6)
    page = Page(derivation.html())
    linked = [(row["data-upper"], row["data-lower"]) for row in page.rows if "data-upper" in row]
    n = ids(derivation.page)
    assert list(n) == ["E_total", "out_o1", "sum_o1", "w5"]
    assert linked == [
        (n["E_total"], n["out_o1"]), (n["out_o1"], n["sum_o1"]), (n["sum_o1"], n["w5"])
    ]  # fmt: skip
    cells = [text_of([cell]) for cell in page.cells]
    assert cells[1:6] == [text_of([column]) for column in COLUMNS]
    start = cells.index("2∂outo1∂sumo1")
    assert cells[start : start + 5] == [
        "2∂outo1∂sumo1",
        "outo1=σ(sumo1)σ′=σ(1−σ)",
        "outo1(1−outo1)",
        "0.73493·(1−0.73493)",
        "≈0.19481",
    ]
    assert cells[-5:] == ["w5+", "", "w5−η·∂Etotal∂w5", "0.5−0.6·0.08020", "≈0.45188"]


def test_a_step_shows_its_numbers() -> None:
    E, w = seed003()
    cells = [text_of([cell]) for cell in Page(ad.explain_step(E, w[4:6], 0.6).html()).cells]
    before, after = cells.index("before"), cells.index("afterthestep")
    assert cells[before - 1 : before + 3] == ["Etotal", "before", "", "0.24909"]
    assert cells[after + 2].startswith("0.24")


def test_a_table_closes_a_list_of_weights() -> None:
    E, w = seed003()
    page = Page(ad.derive(E, w, rate=0.6).html())
    assert page.tags["table"] == 2
    cells = [text_of([cell]) for cell in page.cells]
    assert cells[-4:] == ["w8", "(outo2−target2)outo2(1−outo2)outh2", "−0.01803", "0.81082"]


@pytest.mark.parametrize("form", ["chain", "paths", "delta"])
@pytest.mark.parametrize("label", HOSTILE)
def test_names_are_text(label: str, form: str) -> None:
    E, w = tiny([label, "b", "c"])
    hostile = Page(ad.derive(E, w, form=form, rate=0.1).html())
    E, w = tiny(["a", "b", "c"])
    plain = Page(ad.derive(E, w, form=form, rate=0.1).html())
    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes
    assert len(hostile.cells) == len(plain.cells)
    assert text_of([visible(label)]) in text_of(hostile.cells)


def test_style_is_scoped() -> None:
    E, w = seed003()
    style = ad.derive(E, w[4]).html().partition("<style>")[2].partition("</style>")[0]
    selectors = [line.strip() for line in style.splitlines() if line.rstrip().endswith("{")]
    assert all(s.startswith((".ad-derivation", "@media")) for s in selectors)
    assert "prefers-color-scheme: dark" in style
    assert "url(" not in style
    assert "@import" not in style
