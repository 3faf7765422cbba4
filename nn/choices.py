"""What a caller chooses: names out of a table, and whole numbers."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any


def known(name: Any, table: Collection[str], what: str) -> str:
    """The key of a table that is meant; a ValueError lists them."""
    key = str(name).lower()
    if key not in table:
        raise ValueError(f"{what}={name!r} is unknown; use one of {', '.join(table)}")
    return key


def meant(word: str, table: Iterable[str], spelled: str = "{}") -> str:
    """The question whether one of the known words was meant; empty where none is like it."""
    near = get_close_matches(word, list(table), 2)
    return f"did you mean {' or '.join(map(spelled.format, near))}?" if near else ""


def checked_count(n: Any, what: str, least: int) -> int:
    """A whole number that is not below `least`."""
    if isinstance(n, bool) or not isinstance(n, int) or n < least:
        raise ValueError(f"{what} is a whole number from {least} on, not {n!r}")
    return n


def checked_sizes(n_inputs: Any, sizes: Iterable[Any]) -> list[int]:
    """How many inputs, and how many neurons in each layer."""
    layers = (checked_count(n, "the size of a layer", 1) for n in sizes)
    return [checked_count(n_inputs, "n_inputs", 1), *layers]
