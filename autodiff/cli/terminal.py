"""Printing for every terminal: Unicode where it can be shown, ASCII where not, no control codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from autodiff.syntax import ParseError, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def can_show(text: str) -> bool:
    """Whether the encoding of standard output has all these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(text: str, otherwise: Callable[[str], str] | None = None) -> None:
    """Print the text, or what `otherwise` (plain ASCII by default) makes of it."""
    if not can_show(text):
        from autodiff.formula.text import to_ascii

        text = (otherwise or to_ascii)(text)
    print(text)


def printable(text: object) -> str:
    """The text with everything that is not plainly visible as an escape; line ends stay.

    >>> print(printable("w\\x1b[2J"))
    w\\x1b[2J
    """
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii")
        for c in str(text)
    )


def wrote(path: Path | str) -> str:
    """The sentence that says where something is now."""
    return f"wrote {printable(path)}"


def complain(error: Exception) -> None:
    """Print what was wrong with the input on standard error, without a traceback."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        text = f"{where}{error.strerror}"
        if isinstance(error, FileNotFoundError) and not os.path.isdir(_folder(error.filename)):
            text = f"{where}there is no directory {_folder(error.filename)}"
    if isinstance(error, ParseError) and " has no value yet" in error.problem:
        text += "\n(in the shell, numbers are given as --at name=number)"
    try:
        flush()  # what was said before comes before
    except OSError:
        drop_output()
    lines = (shortened(line) for line in printable(text).split("\n"))
    print("autodiff: " + "\n".join(lines), file=sys.stderr)


def _folder(path: object) -> str:
    """The directory that a file is in, or would be in."""
    return os.path.dirname(str(path)) or os.curdir


def flush() -> None:
    """Hand over everything printed so far. Raises OSError when the reader is gone."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_output() -> None:
    """Send what is still to be printed nowhere: nobody can read it, and Python would complain."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or not a file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
