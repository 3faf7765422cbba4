"""Pages on paper and on a phone: nothing is cut off."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autodiff as ad
from browser.reader import Reader
from nn import MLP, half_squared_error, textbook

pytestmark = pytest.mark.browser
SEEDS = ("000", "001", "002", "003")
FORMS = ("chain", "paths", "delta", "matrix")
SHEETS = (718, 642)  # a sheet of A4 at 96 dots an inch, with margins of 1 cm and of 2 cm
BEYOND = """
const edge = document.querySelector(".ad-derivation").getBoundingClientRect().right + 1;
return [...document.querySelectorAll(".ad-derivation *")]
    .filter(element => element.getBoundingClientRect().right > edge)
    .map(element => element.outerHTML.slice(0, 80));
"""


def pages(name: str) -> Iterator[Any]:
    """Every form that a text has, for one weight and for all, and its second derivative."""
    example = textbook.build(name)
    E, weights = example.loss, list(example.weights)
    for form in FORMS:
        if (name, form) != ("002", "matrix"):  # whose names tell of no layers
            yield ad.derive(E, weights[0], form=form, rate=0.6)
            yield ad.derive(E, weights, form=form, rate=0.6)
    yield ad.derive(E, weights[0], order=2)
    yield ad.derive(E, weights[0], expand=True)
    yield ad.derive(E, weights, digits=10)
    yield ad.explain_step(E, weights, 0.6)


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    yield chromium
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def shown(browser: Any, width: int, mobile: bool = False) -> Any:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    return browser


@pytest.mark.parametrize("name", SEEDS)
def test_a_sheet_of_paper_is_wide_enough(browser: Any, tmp_path: Path, name: str) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    for i, page in enumerate(pages(name)):
        browser.get(page.save(tmp_path / f"{i}.html").as_uri())
        for width in SHEETS:
            assert shown(browser, width).execute_script(BEYOND) == [], (i, width)


@pytest.mark.parametrize("name", SEEDS)
def test_a_phone_shows_rows_below_each_other(browser: Any, tmp_path: Path, name: str) -> None:
    shown(browser, 380, mobile=True)
    for i, page in enumerate(pages(name)):
        browser.get(page.save(tmp_path / f"{i}.html").as_uri())
        wide = browser.execute_script(
            "const page = document.querySelector('.ad-derivation');"
            "return [document.documentElement.scrollWidth, page.scrollWidth - page.clientWidth]"
        )
        assert wide == [380, 0], i


@pytest.mark.parametrize("level", ["named", "op", "network"])
def test_a_picture_fits_a_sheet_of_paper(browser: Any, tmp_path: Path, level: str) -> None:
    picture = ad.draw(textbook.build("003").loss, level=level)
    if not (picture.engine or level == "network"):
        pytest.skip("no Graphviz lays it out")
    browser.get(picture.save(tmp_path / "picture.html").as_uri())
    scroll = "return document.documentElement.scrollWidth"
    assert shown(browser, SHEETS[0]).execute_script(scroll) > SHEETS[0]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script(scroll) == SHEETS[0]


def test_the_explorer_is_printed_as_tables(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    example = textbook.build("003")
    ad.explore(example.loss, page, weights=example.weights)
    Reader(browser).open(page)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    row = "return getComputedStyle(document.querySelector('#work tr[data-pair]')).display"
    for width in SHEETS:
        assert shown(browser, width).execute_script(row) == "table-row"
        assert browser.execute_script("return document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [1280, 760, 380])
def test_a_formula_without_names_fits_the_explorer(
    browser: Any, tmp_path: Path, width: int
) -> None:
    """Its only component holds all of it, in names and in numbers, and lines end in both."""
    lines = "w = 0.5; x = 1; b = 0; t = 1; E = 0.5*(t - sigmoid(w*x + b))**2"
    page = tmp_path / "page.html"
    ad.explore(ad.parse_lines(lines)["E"], page)
    Reader(shown(browser, width)).open(page)
    beyond = "const panel = document.getElementById('derivation');"
    assert browser.execute_script(f"{beyond} return panel.scrollWidth - panel.clientWidth") == 0
    numbers = "#derivation td[data-column='with numbers'] math"
    assert len(browser.find_elements("css selector", numbers)) > 4


def test_a_large_picture_begins_at_the_chosen_box(browser: Any, tmp_path: Path) -> None:
    """On a phone, too, it has a frame of its own that is not higher than the screen."""
    model = MLP(4, [8, 8, 3], seed=1)
    page = tmp_path / "page.html"
    E = half_squared_error(model([0.1, 0.2, 0.3, 0.4]), [0.0, 1.0, 0.0])
    ad.explore(E, page, weights=model.parameters())
    Reader(shown(browser, 380, mobile=True)).open(page)
    inside = """
    const [frame, box] = [document.getElementById("paper"), document.querySelector(".box.selected")]
        .map((element) => element.getBoundingClientRect());
    return frame.height <= innerHeight && frame.left <= box.left && box.right <= frame.right
        && frame.top <= box.top && box.bottom <= frame.bottom && scrollY === 0;
    """
    assert browser.execute_script(inside)
