"""What SECURITY.md and docs/reliability.md point at exists: every test file, test and command."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["SECURITY.md", "docs/reliability.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]*(?:\.py)?)(?:::(\w+))?`", text)
    assert len(named) > 10
    for path, test in named:
        assert (ROOT / path).exists(), path
        if test:
            assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"


def test_every_row_of_the_figures_names_what_holds_it() -> None:
    rows = [
        line.split("|")
        for line in (ROOT / "docs/reliability.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| tried")
    ]
    assert len(rows) > 15
    for row in rows:
        assert "`tests/" in row[-2], row[1]
