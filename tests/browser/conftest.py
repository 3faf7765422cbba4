"""A Chromium for the tests of pages; without one they are skipped, and say so."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from browser.reader import Reader

FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--window-size=1400,1000",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests, with what its console said in its log."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    programs = [
        shutil.which(name) or shutil.which(name, path="/usr/bin")
        for name in ("chromium", "chromedriver")
    ]
    if not all(programs):
        pytest.skip("needs chromium and chromedriver (apt install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in FLAGS + (("--no-sandbox",) if os.geteuid() == 0 else ()):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture
def reader(chromium: Any) -> Reader:
    return Reader(chromium)
