"""A playground in a real browser: it trains as the engine does, and goes back in time."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from pages import HOSTILE

import autodiff as ad
from browser.reader import Reader
from nn import LOSSES, MLP, SGD, datasets, playground

pytestmark = pytest.mark.browser


def xor() -> MLP:
    return MLP(2, [4, 1], "tanh", "sigmoid", seed=1)


@pytest.fixture
def page(reader: Reader, tmp_path: Path) -> Reader:
    path = playground(xor(), *datasets.xor(), rate=3.0).save(tmp_path / "xor.html")
    return reader.open(path)


def losses(page: Reader, steps: int) -> list[float]:
    """The loss at first and after each step."""
    found = []
    for step in range(steps + 1):
        if step:
            page.click("#step")
        found.append(float(page.run("return document.getElementById('loss').dataset.loss")))
    return found


def epoch(page: Reader) -> int:
    return int(page.text("#epoch"))


def by_the_engine(model: MLP, X: Any, y: Any, loss: str, rate: float, steps: int) -> list[float]:
    optimizer = SGD(model.parameters(), rate)
    found = []
    for _ in range(steps + 1):
        E = sum(LOSSES[loss](model(x), t) for x, t in zip(X, y, strict=True)) / len(X)
        found.append(E.data)
        optimizer.zero_grad()
        E.backward()
        optimizer.step()
    return found


@pytest.mark.parametrize(
    ("sizes", "activation", "output", "data", "loss", "rate"),
    [
        ([4, 1], "tanh", "sigmoid", "xor", "half_squared_error", 3.0),
        ([6, 1], "tanh", "linear", "circles", "binary_cross_entropy_with_logits", 0.5),
        ([8, 8, 1], "relu", "linear", "moons", "half_squared_error", 0.1),
        ([8, 8, 1], "tanh", "sigmoid", "spiral", "binary_cross_entropy", 0.5),
        ([5, 3], "tanh", "linear", "blobs", "cross_entropy", 0.5),
    ],
)
def test_steps_are_those_of_the_engine(
    reader: Reader, tmp_path: Path,
    sizes: list[int], activation: str, output: str, data: str, loss: str, rate: float,
) -> None:  # fmt: skip
    X, y = datasets.DATASETS[data]()
    model = MLP(2, sizes, activation, output, seed=3)
    path = playground(model, X, y, loss=loss, rate=rate).save(tmp_path / "page.html")
    found = losses(reader.open(path), 10)
    expected = by_the_engine(model, X, y, loss, rate, 10)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found[-1] < found[0]
    assert reader.complaints() == []


def test_it_solves_xor_and_goes_back(page: Reader) -> None:
    first = losses(page, 0)[0]
    page.run("document.getElementById('speed').value = '100'")
    page.click("#play")
    assert page.text("#play") == "Pause"
    until = time.monotonic() + 20
    while time.monotonic() < until and (losses(page, 0)[0] > 1e-3):
        time.sleep(0.1)
    page.click("#play")
    assert page.text("#right-of") == "4 of 4"
    solved, after = losses(page, 0)[0], epoch(page)
    assert solved <= 1e-3

    page.run(
        "const scrub = document.getElementById('scrub'); scrub.value = '0';"
        "scrub.dispatchEvent(new Event('input'))"
    )
    assert (epoch(page), losses(page, 0)[0]) == (0, first)
    assert page.run("return document.getElementById('back').disabled")
    page.click("#forward")
    assert 0 < epoch(page) < after
    page.run("document.activeElement.blur()")
    page.press("\ue010")  # End
    assert (epoch(page), losses(page, 0)[0]) == (after, solved)
    page.click("#reset")
    assert (epoch(page), losses(page, 0)[0]) == (0, first)
    assert page.complaints() == []


def test_training_on_from_earlier_forgets_what_came_later(page: Reader) -> None:
    straight = losses(page, 6)
    for _ in range(4):
        page.press("\ue012")  # left arrow
    assert epoch(page) == 2
    page.click("#step")
    assert (epoch(page), losses(page, 0)[0]) == (3, straight[3])
    assert page.run("return document.getElementById('forward').disabled")


def test_the_keyboard_is_enough(page: Reader) -> None:
    page.press("\ue014")  # right arrow: there is nothing recorded ahead, so it trains
    assert epoch(page) == 1
    page.press(" ")
    time.sleep(0.5)
    page.press(" ")
    stopped = epoch(page)
    assert stopped > 1
    time.sleep(0.2)
    assert epoch(page) == stopped
    page.run("document.querySelector('[data-neuron=\"1\"]').focus()")
    page.press("\ue007")  # Enter
    assert page.text("#seen") == "What out_h2 says"
    assert page.text("#chosen h2") == "out_h2: tanh of the weighted sum"
    weights = page.run("return [...document.querySelectorAll('#chosen th[scope=row]')].length")
    assert weights == 3


def test_a_rate_that_is_too_large_is_told(reader: Reader, tmp_path: Path) -> None:
    model = MLP(2, [4, 1], "relu", "linear", seed=1)
    path = playground(model, *datasets.moons(20), rate=1e6).save(tmp_path / "page.html")
    page = reader.open(path)
    page.click("#play")
    time.sleep(1.5)
    assert "no longer finite" in page.text("#problem")
    assert page.text("#play") == "Play"
    page.run("document.activeElement.blur()")
    page.press("\ue011")  # Home
    assert page.run("return document.getElementById('problem').hidden")
    assert epoch(page) == 0
    assert page.complaints() == []


def test_pictures_have_something_to_show(page: Reader) -> None:
    colours = """
        const c = document.querySelector(arguments[0]);
        const {data} = c.getContext('2d').getImageData(0, 0, c.width, c.height);
        return new Set(new Uint32Array(data.buffer)).size"""
    for canvas in ("#picture", ".neuron canvas", ".input canvas"):
        assert page.run(colours, canvas) > 20
    assert page.run("return document.querySelectorAll('.edge').length") == 12
    page.click("#theme")
    assert page.run("return document.documentElement.dataset.theme") == "dark"
    assert page.complaints() == []


@pytest.mark.parametrize("width", [380, 700, 1400])
def test_nothing_is_cut_off(reader: Reader, tmp_path: Path, width: int) -> None:
    model = MLP(2, [16, 30, 1], "relu", "linear")
    path = playground(model, *datasets.moons(50)).save(tmp_path / "page.html")
    size = reader.driver.get_window_size()
    try:
        reader.driver.set_window_size(width, 900)
        page = reader.open(path)
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
        assert page.text(".more") == "and 10 more"
        boxes = page.run(
            "return [...document.querySelectorAll('.node')].map(e => e.getBoundingClientRect())"
            ".map(r => [r.left, r.top, r.right, r.bottom])"
        )
        for i, (left, top, right, bottom) in enumerate(boxes):
            assert left >= 0
            assert right <= width
            for l2, t2, r2, b2 in boxes[:i]:
                assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top
    finally:
        reader.driver.set_window_size(size["width"], size["height"])


def test_three_inputs_train_without_a_picture(reader: Reader, tmp_path: Path) -> None:
    model = MLP(3, [2, 1], seed=1)
    path = playground(model, [[0, 0, 1], [1, 0, 1]], [0, 1]).save(tmp_path / "page.html")
    page = reader.open(path)
    assert "has 3 inputs" in page.text("#message")
    found = losses(page, 3)
    assert found == sorted(found, reverse=True)
    assert page.complaints() == []


def test_one_input_has_curves(reader: Reader, tmp_path: Path) -> None:
    model = MLP(1, [4, 1], "tanh", "linear", seed=1)
    page = reader.open(playground(model, *datasets.sine()).save(tmp_path / "page.html"))
    found = losses(page, 3)
    assert found[-1] < found[0]
    page.click("[data-neuron='2']")
    assert page.text("#seen") == "What out_h3 says"
    page.press("\ue00c")  # Escape
    assert page.text("#seen") == "What the network says"
    assert page.complaints() == []


@pytest.mark.parametrize("name", [*HOSTILE, "f", "$row", "</script><img src=x onerror=ran=1>"])
def test_hostile_names_are_words(reader: Reader, tmp_path: Path, name: str) -> None:
    w = [ad.Value(0.1 * k, f"{name}{k}") for k in (1, 2)]
    model = MLP(2, [1], weights=[[w]], names=lambda kind, *_: f"{kind}<b onclick=ran=1>{name}")
    path = playground(model, *datasets.xor(), title=name).save(tmp_path / "page.html")
    page = reader.open(path)
    page.click("[data-neuron]")
    page.click("#step")
    assert epoch(page) == 1
    assert page.run("return window.ran ?? null") is None
    assert page.run("return document.images.length + document.querySelectorAll('b').length") == 0
    assert page.run("return document.scripts.length") == 3
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []


def test_in_a_notebook_the_frame_trains(reader: Reader, tmp_path: Path) -> None:
    frame = playground(xor(), *datasets.xor())._repr_html_()
    outer = tmp_path / "notebook.html"
    outer.write_text(f"<!doctype html><html data-ready=1><body>{frame}", encoding="utf-8")
    reader.open(outer)
    assert reader.run("return document.querySelector('iframe').contentDocument") is None
    reader.driver.switch_to.frame(0)
    try:
        reader.click("#step")
        assert epoch(reader) == 1
    finally:
        reader.driver.switch_to.default_content()
    assert [line for line in reader.complaints() if "Refused" in line] == []


def test_it_is_fast_enough_to_play_with(reader: Reader, tmp_path: Path) -> None:
    """100 samples, 337 parameters, pictures and all; on an idle machine it is over a thousand."""
    model = MLP(2, [16, 16, 1], "relu", "linear", seed=1)
    path = playground(model, *datasets.moons(100), rate=0.1).save(tmp_path / "page.html")
    page = reader.open(path)
    page.run("document.getElementById('speed').value = '100'")
    page.click("#play")
    time.sleep(2)
    start, began = epoch(page), time.monotonic()
    time.sleep(2)
    rate = (epoch(page) - start) / (time.monotonic() - began)
    page.click("#play")
    assert rate > 20, f"{rate:.0f} epochs a second"
    assert re.fullmatch(r"\d+", page.text("#epoch"))
