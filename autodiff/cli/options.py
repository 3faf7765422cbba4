"""What a command consists of, as data, and the kinds of value that options take."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Option(NamedTuple):
    """How an option is spelled, what it means to argparse, and which others it cannot join."""

    spelled: tuple[str, ...]
    meaning: dict[str, Any]
    instead_of: str = ""  # options of one such word exclude each other


class Command(NamedTuple):
    """A row of the table of commands; `run` returns the exit code."""

    name: str
    summary: str
    examples: tuple[str, ...]
    options: tuple[Option, ...]
    run: Callable[[argparse.Namespace], int]


def option(*spelled: str, instead_of: str = "", **meaning: Any) -> Option:
    """An option, written as for argparse."""
    return Option(spelled, meaning, instead_of)


def number(text: str) -> float:
    """A finite number.

    >>> number("-1e-3")
    -0.001
    """
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return found


def whole(text: str) -> int:
    """A whole number.

    >>> whole("-3")
    -3
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def port(text: str) -> int:
    """A number of a TCP port; 0 is any free one."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; a port is a number up to 65535")
    return int(text)


def names(text: str) -> list[str]:
    """Names with commas between them.

    >>> names("w1, w2")
    ['w1', 'w2']
    """
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r}: a name is missing beside a comma")
    return found


def pairs(text: str) -> dict[str, str]:
    """`name=value` pairs with commas between them.

    >>> pairs("w=0.5, x=1")
    {'w': '0.5', 'x': '1'}
    """
    found: dict[str, str] = {}
    for pair in names(text):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise argparse.ArgumentTypeError(f"{pair!r} should look like name=value")
        if name in found:
            raise argparse.ArgumentTypeError(f"{name} is given twice")
        found[name] = value
    return found


def numbers(text: str) -> dict[str, float]:
    """`name=number` pairs with commas between them.

    >>> numbers("w=0.5,x=1")
    {'w': 0.5, 'x': 1.0}
    """
    found = {}
    for name, value in pairs(text).items():
        if not (name.isascii() and name.isidentifier()):
            raise argparse.ArgumentTypeError(
                f"{name!r} is no name; names are ASCII letters, digits, _"
            )
        found[name] = number(value)
    return found
