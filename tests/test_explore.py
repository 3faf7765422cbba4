"""The text of the page: one file, a strict policy, data that is only data, formulas as trees."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pages import other_ops, seed003
from test_drawing_formats import needs_engine
from test_drawing_hostile import HOSTILE

import autodiff as ad
from autodiff.drawing import explore
from autodiff.drawing.exploring import page_data
from autodiff.drawing.marked import tree
from autodiff.drawing.page import hash_of
from autodiff.drawing.pagetext import as_json, filled, running
from autodiff.drawing.waypoints import Waypoints

pytestmark = needs_engine


class Elements(HTMLParser):
    """Elements with their attributes, and what stands in each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.inside: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(key for key, _ in attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside.setdefault(self._open[-1], []).append(data)


def data_of(page: str) -> dict[str, Any]:
    found = re.search('<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    result: dict[str, Any] = json.loads(found[1])
    return result


def test_seed_003_is_small_and_complete(tmp_path: Path) -> None:
    E, weights = seed003()
    page = explore(E, tmp_path / "page.html", weights=weights, rate=0.6)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text == page.html
    assert len(text.encode()) < 200_000
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import|url\(|<link(?! rel=\"icon\")", text)
    data = data_of(text)
    assert (len(data["boxes"]), len(data["edges"]), len(data["pairs"])) == (25, 30, 30)
    assert data["rate"] == 0.6
    assert sum(box.get("trained", False) for box in data["boxes"]) == 8
    assert page.note == ""


def test_the_policy_names_every_script_and_style_by_its_hash() -> None:
    text = explore(seed003()[0]).html
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    parts = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, re.S)
    assert len(parts) == 3
    assert all(hash_of(part) in policy[1] for part in parts)
    assert not re.search(
        r"\son\w+=|style=", re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
    )


def test_our_scripts_make_no_markup_and_run_no_text() -> None:
    text = "".join(re.findall(r"<script>(.*?)</script>", explore(seed003()[0]).html, re.S))
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert word not in text
    files = Path(ad.__file__).parent.glob("drawing/*.[jc]s*")
    assert all(len(file.read_text(encoding="utf-8").splitlines()) < 300 for file in files)


@pytest.mark.parametrize("name", [*HOSTILE, "</title><script>", "{data}", "export function f("])
def test_hostile_names_change_no_element(name: str) -> None:
    pages = []
    for one in ("a", name):
        a, b = ad.Value(1.0, one), ad.Value(2.0, f"{one}.b")
        out = (a * b + a).named("layer.b.out")
        pages.append(explore((out.sigmoid() * b).named(f"y{one}"), names={}).html)
    tame, wild = map(Elements, pages)
    assert tame.found == wild.found
    assert "<" not in "".join(re.findall(r'id="data">(.*?)</script>', pages[1], re.S))
    assert len(data_of(pages[1])["boxes"]) == len(data_of(pages[0])["boxes"])


def test_formulas_are_trees_of_known_elements() -> None:
    assert tree("<mi>w</mi>") == ["mi", "w"]
    with pytest.raises(ValueError, match="holds <script>"):
        tree("<script>alert(1)</script>")
    y, _ = other_ops()
    data, code = page_data(y, {})
    assert data["live"]
    assert "export function recompute(" in code
    assert json.loads(as_json(data))["root"] == len(data["boxes"]) - 1


def test_local_derivatives_between_boxes_multiply_up_to_the_gradient() -> None:
    for y, _ in (seed003(), other_ops()):
        graph = Waypoints(y, {})
        adjoint = dict.fromkeys(graph.values, 0.0) | {y: 1.0}
        for pair in sorted(graph.pairs, key=lambda p: -graph.values.index(p.upper)):
            slope = pair.slope.data if isinstance(pair.slope, ad.Value) else pair.slope
            adjoint[pair.lower] += adjoint[pair.upper] * slope
        for box in graph.boxes:
            assert box.node is not None
            assert adjoint[box.node] == pytest.approx(box.gradient, rel=1e-12, abs=1e-300)


def test_numbers_that_json_lacks() -> None:
    x = ad.Value(0.0, "x")
    data = data_of(explore((1 / x).log().named("y")).html)
    assert [box["number"] for box in data["boxes"]] == [0.0, "inf"]
    assert as_json([float("nan"), "<&>\u2028"]) == '["nan","\\u003c\\u0026\\u003e\\u2028"]'


def test_what_is_trained() -> None:
    def ticked(**more: Any) -> list[str]:
        w, x = ad.values("layer.n.w1 x", [0.5, 2.0])
        data = data_of(explore((w * x).named("y"), **more).html)
        return [box["title"] for box in data["boxes"] if box.get("trained")]

    assert ticked() == ["w1"]
    assert ticked(weights=["x"]) == ["x"]
    with pytest.raises(ValueError, match="y is no leaf"):
        ticked(weights=["y"])
    a = ad.Value(1.0, "a")
    assert "trained" in json.dumps(data_of(explore((a * a).named("y")).html)["boxes"][0])


def test_names_come_from_the_caller() -> None:
    speed, time = ad.Value(3.0), ad.Value(2.0)
    way = speed * time
    titles = [box["title"] for box in data_of(explore(way).html)["boxes"]]
    assert titles == ["speed", "time", "way"]


def test_odd_roots() -> None:
    leaf = data_of(explore(ad.Value(2.0, "a")).html)
    assert (leaf["live"], leaf["why"]) == (False, "there is nothing to compute")
    unnamed = data_of(explore(ad.Value(2.0, "a") * 3.0, names={}).html)
    assert unnamed["boxes"][-1]["name"] == ["mrow", {"data-n": "n1"}, ["mi", "y"]]
    with pytest.raises(TypeError, match="the Value to explore, not float"):
        explore(1.0)  # type: ignore[arg-type]
    a = ad.Value(1.0, "a")
    y = (a * 2.0).named("y")
    a.data = 5.0
    with pytest.raises(ValueError, match=r"call y\.forward\(\)"):
        explore(y)


def test_a_graph_that_must_be_folded_still_has_a_page() -> None:
    xs = ad.values("x1:301", [0.01 * i for i in range(300)])
    ys = [(x * x).named(f"layer.n{i}.out") for i, x in enumerate(xs)]
    page = explore(sum(ys[1:], ys[0]).named("y"))
    data = data_of(page.html)
    assert not data["stepping"]
    assert "folded into" in page.note


def test_a_row_that_only_python_can_compute() -> None:
    import math

    row = ad.Op(
        "wave_of_explore", forward=lambda x: math.sin(x), partials=(lambda out, x: ad.cos(x),)
    )
    page = explore(row(ad.Value(1.0, "x")).named("y"))
    assert "cannot be exported" in page.note
    assert data_of(page.html)["stepping"]


def test_in_a_notebook_it_is_a_sandbox() -> None:
    page = explore((ad.Value(1.0, '"></iframe><b>') * 2.0).named("y"))
    [(tag, attributes)] = Elements(page._repr_html_()).found
    assert (tag, attributes[:2]) == ("iframe", ("sandbox", "srcdoc"))
    frame = re.fullmatch(
        r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" title="[^"]*" .*></iframe>',
        page._repr_html_(), re.S,
    )  # fmt: skip
    assert frame
    assert html.unescape(frame[1]) == page.html


def test_saving(tmp_path: Path) -> None:
    page = explore((ad.Value(1.0, "a") * 2.0).named("y"))
    with pytest.raises(ValueError, match=r"'y\.svg' should end in \.html"):
        page.save(tmp_path / "y.svg")
    assert page.save(tmp_path / "y.html").exists()
    assert repr(page).startswith("<Exploration Gradients of y, ")


def test_what_is_put_into_the_page_is_not_looked_at_again() -> None:
    parts = dict.fromkeys("policy title nonce style editor data code script".split(), "")
    assert "{script}" in filled(**parts | {"title": "{script}", "script": "run"})
    with pytest.raises(ValueError, match="would end its script"):
        running("export function f(x) { return '</script>'; }")
