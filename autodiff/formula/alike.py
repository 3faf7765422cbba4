"""Leaving out the middle of what is alike: a short page at first, the whole page on request.

A form writes down everything. Where that is long it says what is alike (`Alike`), or how a line is
written in short (`Either`); `laid_out` makes the one page or the other of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autodiff.formula.page import Item, Piece, Remark, Words
from autodiff.formula.terms import Call, Name, Product, Sum, Term

MOST = 4  # alike parts that are all shown; of more, the first two and the last
MOST_FACTORS = 8  # of a product, and components of a chain
MOST_WEIGHTS = 12  # of a list, that are all shown, and rows of its table


@dataclass(frozen=True, slots=True)
class Alike:
    """Groups of items that say the same thing of different Values."""

    groups: "Sequence[Sequence[Entry]]"
    what: str  # in the plural: "paths"
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Either:
    """An item in short and in full."""

    short: Item
    whole: Item


Entry = Item | Alike | Either


def laid_out(entries: Iterable[Entry], whole: bool) -> list[Item]:
    """The items of the short page, or of the whole one."""
    items: list[Item] = []
    for entry in entries:
        match entry:
            case Alike(groups=groups, what=what, most=most):
                left_out = 0 if whole or len(groups) <= most else len(groups) - 3
                for i, group in enumerate(groups):
                    if left_out and i == 2:
                        items.append(
                            Remark(f"… {left_out:,} more {what}: full() or --full shows them")
                        )
                    if not left_out or i < 2 or i == len(groups) - 1:
                        items += laid_out(group, whole)
            case Either():
                items.append(entry.whole if whole else entry.short)
            case _:
                items.append(entry)
    return items


def in_runs(shaped: Iterable[tuple[Any, list[Entry]]], what: str) -> list[Entry]:
    """Groups one after the other; neighbours of the same shape are alike."""
    runs: list[tuple[Any, list[list[Entry]]]] = []
    for shape, group in shaped:
        if runs and runs[-1][0] == shape:
            runs[-1][1].append(group)
        else:
            runs.append((shape, [group]))
    entries: list[list[Entry]] = [[Alike(groups, what)] for _, groups in runs]
    return [Alike(entries, f"steps with {what}", MOST_FACTORS)]


def shape(x: Term) -> Any:
    """What a term looks like when names and numbers are not looked at."""
    match x:
        case Name():
            return "name"
        case Call(op=op, args=args):
            return (op.name, *map(shape, args))
        case Sum(terms=terms):
            return ("+", *map(shape, terms))
        case Product(factors=factors):
            return ("*", *((shape(base), exponent) for base, exponent in factors))


def listed(names: Sequence[str], what: str) -> str:
    """A few names, or how many they are.

    >>> listed(["δ_o1", "δ_o2"], "deltas"), listed(["δ_o1", "δ_o2", "δ_h1"], "deltas")
    ('δ_o1 and δ_o2', '3 deltas')
    """
    return " and ".join(names) if len(names) < 3 else f"{len(names)} {what}"


def middle_out(parts: Sequence[Piece], most: int) -> tuple[Piece, ...]:
    """All of at most `most` pieces; of more, the first two and the last."""
    few = len(parts) <= most
    return tuple(parts) if few else (parts[0], parts[1], Words("…"), parts[-1])


def abridged(x: Term) -> Term:
    """A product of many factors with its middle left out."""
    if not isinstance(x, Product) or len(x.factors) <= MOST_FACTORS:
        return x
    gap = (Name("…", 0.0), 1.0)
    return Product(x.coefficient, (*x.factors[:2], gap, x.factors[-1]))
