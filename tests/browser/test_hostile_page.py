"""Names that try to break the page: in a real browser they are words and nothing else."""

import html
from pathlib import Path

import pytest
from test_drawing_hostile import HOSTILE

import autodiff as ad
from autodiff.drawing import explore
from browser.reader import Reader

pytestmark = pytest.mark.browser
NAMES = [
    *HOSTILE[:4],
    *HOSTILE[5:13:3],
    "x" * 10_000,
    "</script><script>ran = 1</script>",
    "'-alert(1)-'",
    "{script}",
]


def page_of(name: str, folder: Path) -> Path:
    a, b = ad.Value(1.0, name), ad.Value(2.0, f"{name}.b")
    out = (a * b + a).named("layer.b.out")
    path = folder / "page.html"
    explore((out.sigmoid() * b).named(f"y{name}"), path, names={})
    return path


def elements(page: Reader) -> int:
    """How many there are; a formula has more the longer a name is, so those are left out."""
    return int(
        page.run(
            "return [...document.querySelectorAll('*')].filter(e => !e.closest('math')).length"
        )
    )


def test_names_are_words_and_nothing_else(reader: Reader, tmp_path: Path) -> None:
    tame = elements(reader.open(page_of("a", tmp_path)))
    for name in NAMES:
        page = reader.open(page_of(name, tmp_path))
        lines = page.run("return document.querySelectorAll('#picture .box .ink').length")
        usual = 6  # a long name takes several lines
        assert elements(page) - max(0, lines - usual) <= tame
        for button in ("first", *["next"] * 5, "last"):
            page.run("document.getElementById(arguments[0]).click()", button)
        assert page.run("return window.ran ?? null") is None
        assert page.run("return document.images.length + document.links.length") == 0
        assert page.run("return document.scripts.length") == 3
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
        assert page.complaints() == []


def test_in_a_notebook_the_frame_runs_and_is_shut_in(reader: Reader, tmp_path: Path) -> None:
    page = explore((ad.Value(3.0, "a</iframe>") ** 2).named("y"), names={})
    outer = tmp_path / "notebook.html"
    outer.write_text(
        f"<!doctype html><html data-ready=1><title>{html.escape('x')}</title><body>"
        f"{page._repr_html_()}",
        encoding="utf-8",
    )
    reader.open(outer)
    assert reader.run("return document.querySelector('iframe').contentDocument") is None
    reader.driver.switch_to.frame(0)
    try:
        assert reader.boxes()["n1"][:2] == ("9", "1")
        reader.run("document.querySelector('[data-steps=\"1\"]').click()")
        assert reader.boxes()["n1"][0] == "0"
        with pytest.raises(Exception, match=r"SecurityError|Blocked a frame"):
            reader.run("return parent.document.title")
    finally:
        reader.driver.switch_to.default_content()
    assert [line for line in reader.complaints() if "Refused" in line] == []
