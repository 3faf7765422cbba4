"""Somebody who looks at a page in a real browser."""

from pathlib import Path
from typing import Any


class Reader:
    """Somebody who looks at a page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.complaints()  # what an earlier test left behind

    def open(self, page: Path | str) -> "Reader":
        """Load a file or an address, and wait until the page is drawn."""
        from selenium.webdriver.support.ui import WebDriverWait

        self.driver.get(page.as_uri() if isinstance(page, Path) else page)
        WebDriverWait(self.driver, 10).until(
            lambda _: self.run("return document.documentElement.dataset.ready") == "1"
        )
        return self

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def hover(self, selector: str) -> None:
        from selenium.webdriver import ActionChains

        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.driver).move_to_element(element).perform()

    def press(self, key: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(key).perform()

    def boxes(self) -> dict[str, tuple[str, str, str]]:
        """For every box its value and gradient with all digits, or "?", and what is written."""
        found = self.run(
            "return [...document.querySelectorAll('#picture .box')].map(b => [b.id, "
            "b.dataset.value, b.dataset.gradient, "
            "[...b.querySelectorAll('text')].map(t => t.textContent).join(' ')])"
        )
        return {name: (value, gradient, words) for name, value, gradient, words in found}

    def shown(self, name: str) -> str:
        """What is written in a box."""
        return str(
            self.run(
                "return [...document.getElementById(arguments[0]).querySelectorAll('text')]"
                ".map(t => t.textContent).join(' ')",
                name,
            )
        )

    def complaints(self) -> list[str]:
        """What the console says since the last time: errors, and breaches of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]
