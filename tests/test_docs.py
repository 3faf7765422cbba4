"""Every page is run: what README.md, CONTRIBUTING.md and docs/ show is what happens.

Python blocks of one page share one namespace and an empty directory, in which `python -m autodiff`
lines of `sh` and `console` blocks run too. What a `console` block shows, and an `output` block
after a Python block, is compared as in a doctest. A fence marked `norun` is left alone.
"""

import contextlib
import doctest
import io
import re
import runpy
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^( *)(```+|~~~+) *(.*)$")
COMMAND = re.compile(r"^(?:\$ )?\S*python3? -m autodiff\b")


@dataclass
class Block:
    """One fenced block: the words after the fence, the text, and the number of its first line."""

    words: list[str]
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    lines: list[str] = []
    opened: re.Match[str] | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None:
            if fence:
                opened, lines, start = fence, [], number + 1
        elif fence and fence[2].startswith(opened[2]) and not fence[3]:
            found.append(Block(opened[3].split(), "\n".join(lines) + "\n", start))
            opened = None
        else:
            lines.append(line.removeprefix(opened[1]))
    assert opened is None, f"{page.name}: a fence is not closed"
    return [block for block in found if "norun" not in block.words]


def compare(shown: str, printed: str, where: str) -> None:
    same = doctest.OutputChecker().check_output(shown, printed, FLAGS)
    assert same, f"{where}\nshown:\n{shown}\nprinted:\n{printed}"


def run_python_block(block: Block, page: Path, namespace: dict[str, Any]) -> str:
    """Doctest it if it shows a session, else execute it, with the page's own line numbers.

    Returns what an executed block printed.
    """
    if not re.search(r"^ *>>> ", block.text, re.MULTILINE):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)
        return printed.getvalue()
    examples = doctest.DocTestParser().get_examples(block.text, page.name)
    test = doctest.DocTest(examples, namespace, page.name, str(page), block.line - 1, block.text)
    test.globs = namespace  # DocTest copies; one page is one session
    report: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=FLAGS).run(
        test, out=report.append, clear_globs=False
    )
    assert outcome.failed == 0, "".join(report)
    return ""


def run_command(line: str, run_python) -> "subprocess.CompletedProcess[str]":
    words = shlex.split(COMMAND.sub("", line), comments=True)
    done = run_python("-m", "autodiff", *words)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done


def run_shell_block(block: Block, run_python) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        if COMMAND.match(line):
            run_command(line, run_python)


def run_console_block(block: Block, run_python) -> None:
    """`$ command` lines, each followed by what it prints."""
    for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
        line, _, expected = part.partition("\n")
        if COMMAND.match(line):
            compare(expected, run_command(line, run_python).stdout, line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_python) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = ""
    for block in blocks(page):
        match block.words[:1]:
            case ["python" | "pycon" | "py"]:
                printed = run_python_block(block, page, namespace)
            case ["output"]:
                compare(block.text, printed, f"{page.name}, line {block.line}")
            case ["sh" | "bash" | "shell"]:
                run_shell_block(block, run_python)
            case ["console"]:
                run_console_block(block, run_python)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(
        r"^( *)(```+)(.|\n)*?^\1\2$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_op_reference_is_fresh() -> None:
    script = ROOT / "docs" / "make_ops.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_picture_is_made_and_shown() -> None:
    """A picture of docs/pictures can be made anew, and a page shows it; no page shows another."""
    makers = runpy.run_path(str(ROOT / "docs" / "make_pictures.py"))["MAKERS"]
    shown = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    folder = ROOT / "docs" / "pictures"
    assert set(folder.iterdir()) == shown == {folder / name for name in makers}
