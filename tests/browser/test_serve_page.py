"""`autodiff serve` in a real browser: lines are drawn as they are typed."""

import threading
from collections.abc import Iterator

import pytest

from autodiff.drawing.serving import Server
from browser.reader import Reader

pytestmark = pytest.mark.browser


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


def drawn(page: Reader, count: int) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    script = "return Number(document.documentElement.dataset.drawn ?? 0)"
    WebDriverWait(page.driver, 15).until(lambda _: page.run(script) >= count)


def write(page: Reader, text: str) -> None:
    page.run(
        "const t = document.getElementById('formulas'); t.value = arguments[0];"
        "t.dispatchEvent(new Event('input'))",
        text,
    )


def titles(page: Reader) -> list[str]:
    script = "return [...document.querySelectorAll('#picture .box .bold')].map(t => t.textContent)"
    found: list[str] = page.run(script)
    return found


def test_lines_are_drawn_as_they_are_typed(reader: Reader, server: Server) -> None:
    page = reader.open(server.url)
    drawn(page, 1)
    assert titles(page) == ["t", "w", "x", "b", "z", "out", "E"]
    write(page, "a = 3\ny = a*a + a")
    drawn(page, 2)
    assert titles(page) == ["a", "y"]
    assert [words for *_, words in page.boxes().values()] == ["a 3 ∂ 7", "y a² + a 12 ∂ 1"]
    page.run(
        "const e = document.querySelector('#leaves .field'); e.value = '4';"
        "e.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert page.boxes()["n1"][:2] == ("20", "1")
    assert page.boxes()["n0"][1] == "9"
    assert page.complaints() == []


def test_what_is_wrong_is_shown_and_the_picture_stays(reader: Reader, server: Server) -> None:
    page = reader.open(server.url)
    drawn(page, 1)
    write(page, "w = 1\ny = w*<img src=x onerror=alert(1)>")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page.driver, 10).until(lambda _: page.text("#problem"))
    assert 'unexpected "<"' in page.text("#problem")
    assert page.run("return document.body.classList.contains('stale')")
    assert "E" in titles(page)
    assert page.run("return document.images.length") == 0
    write(page, "w = 1\ny = w*2")
    drawn(page, 3)
    assert page.text("#problem") == ""
    assert not page.run("return document.body.classList.contains('stale')")
    assert page.complaints() == []


def test_without_the_token_there_is_no_page(reader: Reader, server: Server) -> None:
    reader.driver.get(server.url.partition("?")[0])
    assert "its token is missing" in reader.text("body")
    assert reader.run("return document.scripts.length") == 0
    reader.complaints()
