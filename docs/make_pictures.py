"""Make the pictures of docs/pictures anew, from the code beside which they are shown.

    python docs/make_pictures.py [name ...]     # without a name: every picture

Pages are photographed by Chromium, which selenium drives; seed003.svg is laid out by Graphviz and
moons.png drawn by matplotlib.
"""

import base64
import os
import re
import runpy
import shutil
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
sys.path.insert(0, str(DOCS.parent))


def blocks(page: Path, after: str, before: str) -> str:
    """The Python of a page between two of its lines."""
    text = page.read_text(encoding="utf-8")
    part = text[text.index(after) : text.index(before)]
    return "\n".join(re.findall(r"```python(?: norun)?\n(.*?)```", part, re.DOTALL))


def photographed(page: Path, width: int, height: int, script: str) -> bytes:
    """A page as PNG in a light window of that size, after a script has used it."""
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("headless=new", "hide-scrollbars", "force-device-scale-factor=1"):
        options.add_argument(f"--{flag}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    with webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver"))) as driver:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        light = {"name": "prefers-color-scheme", "value": "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [light]})
        driver.set_script_timeout(120)
        driver.get(page.resolve().as_uri())
        ready = "return document.documentElement.dataset.ready === '1'"
        WebDriverWait(driver, 10).until(lambda _: driver.execute_script(ready))
        driver.execute_script(script)
        driver.execute_async_script("setTimeout(arguments[0], 500)")  # what moves has arrived
        shot: Any = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(shot["data"])


def seed003() -> bytes:
    runpy.run_path(str(DOCS.parent / "examples" / "draw_network.py"))
    return Path("seed003.svg").read_bytes()


def moons() -> bytes:
    exec(blocks(DOCS / "training.md", "# Training", "](pictures/moons.png)"), {})
    return Path("moons.png").read_bytes()


def explorer() -> bytes:
    from autodiff import explore
    from nn import textbook

    example = textbook.build("003")
    explore(example.loss, "page.html", weights=example.weights, rate=example.rate)
    backward = "scrub.value = 17; scrub.dispatchEvent(new Event('input'))"
    return photographed(Path("page.html"), 1400, 900, backward)


def playground() -> bytes:
    readme = DOCS.parent / "README.md"
    exec(blocks(readme, "`nn.playground` writes", "](docs/pictures/playground"), {})
    epochs = "for (let i = 0; i < 2000; i++) document.getElementById('step').click()"
    return photographed(Path("spiral.html"), 1300, 717, epochs)


MAKERS: dict[str, Callable[[], bytes]] = {
    "seed003.svg": seed003,
    "moons.png": moons,
    "explore-light.png": explorer,
    "playground-spiral.png": playground,
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(MAKERS)
    if unknown:
        sys.exit(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(MAKERS)}")
    for name in names or MAKERS:
        with TemporaryDirectory() as folder, chdir(folder):
            picture = MAKERS[name]()
        (PICTURES / name).write_bytes(picture)
        print(f"{name}: {len(picture)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
