"""The text of a playground: one file, a strict policy, data that is only data, honest errors."""

import html
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pages import HOSTILE

import autodiff as ad
from autodiff.drawing.palette import DARK, LIGHT, NEGATIVE, POSITIVE, contrast, mix
from nn import LOSSES, MLP, Layer, datasets, playground
from nn.playground_page import hash_of

STYLE = (Path(__file__).parent.parent / "nn" / "playground.css").read_text(encoding="utf-8")


class Elements(HTMLParser):
    """Elements with the names of their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(key for key, _ in attrs)))


def data_of(page: str) -> dict[str, Any]:
    found = re.search('<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    result: dict[str, Any] = json.loads(found[1])
    return result


def xor_page(**options: Any) -> Any:
    return playground(MLP(2, [4, 1], "tanh", "sigmoid", seed=1), *datasets.xor(), **options)


def test_one_file_with_everything_in_it(tmp_path: Path) -> None:
    page = xor_page(rate=3.0, path=tmp_path / "xor.html")
    text = (tmp_path / "xor.html").read_text(encoding="utf-8")
    assert text == page.html
    assert len(text.encode()) < 60_000
    assert repr(page).startswith("<Playground MLP(2, [4, 1]), ")
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import|url\(|<link(?! rel=\"icon\")", text)
    assert not re.search("innerHTML|outerHTML|insertAdjacent|document.write|eval\\(", text)
    data = data_of(text)
    assert (data["rate"], data["sign"], len(data["parameters"])) == (3.0, -1.0, 17)
    assert [len(layer["neurons"]) for layer in data["layers"]] == [4, 1]
    assert data["X"] == datasets.xor()[0]
    assert data["targets"] == [[0.0], [1.0], [1.0], [0.0]]


def test_a_network_of_337_parameters_stays_small() -> None:
    page = playground(MLP(2, [16, 16, 1], "relu", "linear"), *datasets.moons(100))
    assert len(page.html.encode()) < 200_000


def test_the_policy_names_every_script_and_style_by_its_hash() -> None:
    text = xor_page().html
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    parts = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, re.S)
    assert len(parts) == 3
    assert all(hash_of(part) in policy[1] for part in parts)
    outside = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
    assert not re.search(r"\son\w+=|style=", outside)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_change_nothing_but_words(name: str) -> None:
    def text(called: str) -> str:
        w1, w2, b = (ad.Value(0.1 * k, f"{called}{k}") for k in (1, 2, 3))
        model = MLP(2, [1], weights=[[[w1, w2]]], biases=[[b]])
        return playground(model, [[0, 1], [1, 0]], [0, 1], title=called).html

    tame, hostile = Elements(text("a")), Elements(text(name))
    assert hostile.found == tame.found
    shown = data_of(text(name))
    assert all(len(p["name"]) <= 60 for p in shown["parameters"])
    assert not re.search(
        "[\x00-\x1f\u202a-\u202e\u2066-\u2069]", json.dumps(shown, ensure_ascii=False)
    )


def test_in_a_notebook_it_is_shut_in() -> None:
    page = xor_page()
    frame = page._repr_html_()
    assert frame.startswith('<iframe sandbox="allow-scripts" srcdoc="')
    [(tag, attributes)] = Elements(frame).found
    assert (tag, attributes[:2]) == ("iframe", ("sandbox", "srcdoc"))
    assert html.unescape(frame.split('srcdoc="')[1].split('"')[0]) == page.html


def test_colours_are_those_of_the_pictures() -> None:
    light, dark, by_itself = re.findall(r"\{\s*(color-scheme: \w+;.*?)\}", STYLE, re.S)
    assert re.findall(r"--\w+: #\w+", dark) == re.findall(r"--\w+: #\w+", by_itself)
    for theme, text, share in ((LIGHT, light, 0.0), (DARK, dark, 0.25)):
        colours = dict(re.findall(r"--(\w+): (#\w+)", text))
        assert {name: colours[name] for name in theme} == theme
        for name, hue in (("positive", POSITIVE), ("negative", NEGATIVE)):
            assert colours[name].lower() == mix(hue, "#ffffff", share).lower()
        for ink in ("ink", "value", "gradient", "quiet"):
            assert contrast(colours[ink], colours["paper"]) >= 4.5


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
@pytest.mark.parametrize("loss", LOSSES)
def test_the_exported_loss_is_that_of_the_engine(loss: str) -> None:
    """Loss, gradient and outputs of the page's functions, in node, for every loss."""
    many = loss == "cross_entropy"
    output = "sigmoid" if loss == "binary_cross_entropy" else "linear"
    model = MLP(2, [3, 3 if many else 1], "tanh", output, seed=2)
    X = [[0.3, -0.2], [1.0, 0.5], [-0.7, 0.9]]
    y: list[float] = [2, 0, 1] if many else [1, -1, 1] if loss == "hinge" else [1, 0, 1]
    text = playground(model, X, y, loss=loss).html
    data = data_of(text)
    program = re.findall(r"<script>(.*?)</script>", text, re.S)[0]
    run = f"""
        const window = {{}}; {program}
        const data = {json.dumps(data)};
        const p = data.parameters.map(({{start}}) => start);
        console.log(JSON.stringify(data.X.map((x, i) => {{
          const g = p.map(() => 0), out = [];
          const E = window.nnProgram.loss([...x, ...data.targets[i]], p, g);
          window.nnProgram.outputs(x, p, out);
          return [E, g, out];
        }})));"""
    done = subprocess.run(["node", "-e", run], capture_output=True, text=True, check=True)
    for (E, gradient, outputs), x, t in zip(json.loads(done.stdout), X, y, strict=True):
        model.zero_grad()
        expected = LOSSES[loss](model(x), t)
        expected.backward()
        assert math.isclose(E, expected.data, rel_tol=1e-13)
        assert gradient == pytest.approx([p.grad for p in model.parameters()], rel=1e-12)
        last = model.predict(x)
        assert outputs[3:] == pytest.approx(last if many else [last], rel=1e-13)


def test_a_layer_shared_biases_and_none() -> None:
    shared = ad.Value(0.2, "b")
    model = MLP(2, [2, 2], biases=[shared, None])
    data = data_of(playground(model, [[0, 1]], [[1, 0]]).html)
    biases = [[neuron["bias"] for neuron in layer["neurons"]] for layer in data["layers"]]
    assert biases == [[4, 4], [None, None]]
    assert data_of(playground(Layer(2, 1), [[0, 1]], [1]).html)["title"] == "Layer(2, [1])"


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"lr": 0.1}, TypeError, "rate=, not lr="),
        ({"rate": -1}, ValueError, "not negative"),
        ({"loss": "mean"}, ValueError, "unknown"),
        ({"loss": lambda o, t: 1.0}, TypeError, "not a Value"),
        ({"y": [0, 1]}, ValueError, "every sample needs one"),
        ({"X": [[0, 1, 2]], "y": [1]}, ValueError, "2 inputs"),
        ({"model": [1]}, TypeError, "MLP or a Layer"),
        ({"model": MLP(2, [150, 150, 1])}, ValueError, "can train 1 to 20000"),
        ({"path": "page.txt"}, ValueError, "end in .html"),
    ],
)
def test_what_cannot_be_is_said(change: dict[str, Any], error: type[Exception], said: str) -> None:
    X, y = datasets.xor()
    with pytest.raises(error, match=said):
        playground(**({"model": MLP(2, [2, 1]), "X": X, "y": y} | change))


def test_the_model_is_left_alone() -> None:
    model = MLP(2, [2, 1])
    before = [(p.data, p.grad) for p in model.parameters()]
    playground(model, *datasets.xor())
    assert [(p.data, p.grad) for p in model.parameters()] == before
