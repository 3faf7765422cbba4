"""Names that try to break a picture change neither its elements nor its edges, and read back."""

import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st
from test_drawing_formats import SVG, needs_dot, needs_engine

import autodiff as ad
from autodiff.drawing import draw
from autodiff.drawing.lettering import plain
from autodiff.names import labels

HOSTILE = [
    "<b>x</b>",
    "<<TABLE HREF='javascript:alert(1)'><TR><TD>x</TD></TR></TABLE>>",
    "ends in \\",
    "\\N \\G \\E \\L",
    'quote " here',
    "</script><img src=x onerror=alert(1)>",
    "&lt; &#60; &amp;",
    "{a|b}",
    "rtl \u202e\u2066 mark",
    "a\x00b\x07\x1b[31m",
    "line\nbreak",
    "]]><!-- -->",
    "x" * 10_000,
    "n0",
    "a->b; c [URL=\"javascript:1\"]",
    "..",
    "%s {0} $HOME",
]  # fmt: skip


def graph(name: str, other: str) -> ad.Value:
    a, b = ad.Value(1.0, name), ad.Value(2.0, f"{name}.{other}")
    out = (a * b + a).named(f"layer.{other}.out")
    return (out.sigmoid() * b).named("y")


def laid_out(source: str) -> list[list[str]]:
    """The nodes and edges that Graphviz reads, by their ids."""
    done = subprocess.run(["dot", "-Tplain"], input=source, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "rror" not in done.stderr
    rows = [line.split(" ") for line in done.stdout.splitlines()]
    return sorted(row[: 3 if row[0] == "edge" else 2] for row in rows if row[0] in ("node", "edge"))


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.found.append((tag, len(attributes)))


def shape(text: str) -> list[tuple[str, int]]:
    """Elements and how many attributes they have, apart from lines of text."""
    parser = Elements()
    parser.feed(text)
    return sorted(item for item in parser.found if item[0] not in ("text", "rect", "g", "path"))


@needs_dot
@pytest.mark.parametrize("level", ["named", "op", "network"])
@pytest.mark.parametrize("name", HOSTILE)
def test_dot_has_the_same_nodes_and_edges(name: str, level: str) -> None:
    source = draw(graph(name, "b"), level).source
    assert laid_out(draw(graph("a", "b"), level).source) == laid_out(source)
    assert all(len(line) < 16_384 for line in source.splitlines())


@needs_dot
@pytest.mark.parametrize("name", HOSTILE)
def test_graphviz_itself_shows_the_name_and_no_link(name: str) -> None:
    y = (ad.Value(1.0, name) * 2.0).named("y")
    source = draw(y).source
    svg = subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, check=True)
    root = ET.fromstring(svg.stdout)
    assert not list(root.iter(f"{SVG}a"))
    assert not list(root.iter(f"{SVG}image"))
    shown = [text.text for text in root.iter(f"{SVG}text")]
    if len(name) < 40:
        [label] = [text for node, text in labels([y]).items() if node is not y]
        assert " ".join(plain(label).split()) in {" ".join((s or "").split()) for s in shown}


@needs_engine
@pytest.mark.parametrize("level", ["named", "op", "network"])
@pytest.mark.parametrize("name", HOSTILE)
def test_svg_and_html_have_the_same_elements(name: str, level: str, tmp_path: Path) -> None:
    tame, wild = draw(graph("a", "b"), level), draw(graph(name, "b"), level)
    for one, other in (
        (tame.svg(), wild.svg()),
        (page_of(tame, tmp_path), page_of(wild, tmp_path)),
    ):
        assert shape(one) == shape(other)
    root = ET.fromstring(wild.svg())
    assert not {e.tag for e in root.iter()} - {
        SVG + tag for tag in ("svg", "style", "g", "rect", "path", "circle", "text", "title")
    }
    assert {key for e in root.iter() for key in e.attrib} <= {
        key for e in ET.fromstring(tame.svg()).iter() for key in e.attrib
    } | {"text-anchor", "opacity"}


def page_of(drawing, directory: Path) -> str:
    return drawing.save(directory / "page.html").read_text(encoding="utf-8")


@needs_engine
def test_the_page_allows_its_own_style_and_nothing_else(tmp_path: Path) -> None:
    page = page_of(draw(graph("a", "b")), tmp_path)
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "<script" not in page
    assert 'style="' not in page


@needs_engine
@given(name=st.text(min_size=1, max_size=60).filter(str.strip))
@example(name="\\")
@example(name="<>")
def test_any_name_at_all(name: str) -> None:
    drawing = draw((ad.Value(1.0, name) * 2.0).named("y"), "named")
    titles = [title.text or "" for title in ET.fromstring(drawing.svg()).iter(f"{SVG}title")]
    label = labels([drawing.picture.boxes[-1].node])[drawing.picture.boxes[0].node]
    assert titles[0] == (plain(label) or "a Value")
