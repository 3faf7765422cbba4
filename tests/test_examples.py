"""Every script in examples/ runs by itself, in an empty directory, and prints something."""

from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
SHORTER = {"tiny_gpt": ("--steps", "12", "--width", "4", "--longest", "3")}


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.stem)
def test_example(script: Path, run_python) -> None:
    done = run_python(str(script), *SHORTER.get(script.stem, ()))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
