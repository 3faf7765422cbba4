"""Reading JSON that nobody vouches for: everything is checked before it is used.

Python's own reader takes duplicate keys, NaN, Infinity and 1e999, and gives up with RecursionError
on deep nesting. Here each of these is a ValueError that says where, and so is a file that is too
large, a field too many or too few, and `true` where a number should be (a bool is an int).
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MOST_BYTES = 64 * 2**20
LONGEST_TEXT = 1000


def read_json(path: str | Path) -> dict[str, Any]:
    """The object in a file. Raises OSError, or ValueError with the file's name."""
    path = Path(path)
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path} is larger than {MOST_BYTES // 2**20} MB, the most that is read")
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except RecursionError:
        raise ValueError(f"{path}: brackets are nested too deep") from None
    except json.JSONDecodeError as error:
        end = "it ends too early, or is" if error.pos >= len(error.doc.rstrip()) else "it is"
        raise ValueError(
            f"{path}: {end} no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 (byte {error.start})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if type(found) is not dict:
        raise ValueError(f"{path}: an object {{...}} is wanted, not {shown(found)}")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)  # a list's own count would be quadratic
        twice = next(key for key in times if times[key] > 1)
        raise ValueError(f"the key {shown(twice)} is there twice")
    return found


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a float64")
    return number


def _integer(text: str) -> int:
    if len(text) > 400:
        raise ValueError(f"{text[:20]}... has {len(text)} digits")
    return int(text)


def shown(x: Any) -> str:
    """What was given, cut to a length that a message can bear."""
    text = repr(x) if not isinstance(x, dict | list) else type(x).__name__
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------- typed fields

Check = Callable[[Any, str], Any]


def fields(found: Any, where: str, checks: Mapping[str, Check]) -> dict[str, Any]:
    """An object with just these keys, each checked by its function of (value, place)."""
    if type(found) is not dict:
        wanted = ", ".join(checks)
        raise ValueError(f"{where}: an object with {wanted} is wanted, not {shown(found)}")
    for key in found:
        if key not in checks:
            raise ValueError(f"{where} has an unknown key {shown(key)}")
    for key in checks:
        if key not in found:
            raise ValueError(f"{where} has no {key!r}")
    return {key: check(found[key], f"{where}.{key}") for key, check in checks.items()}


def number(x: Any, where: str) -> float:
    if type(x) is int:
        try:
            return float(x)
        except OverflowError:
            raise ValueError(f"{where}: {shown(x)} is too large for a float64") from None
    if type(x) is not float:
        raise ValueError(f"{where}: a number is wanted, not {shown(x)}")
    return x


def whole(least: int, most: int = 2**63) -> Check:
    def check(x: Any, where: str) -> int:
        if type(x) is not int or not least <= x <= most:
            raise ValueError(f"{where}: a whole number from {least} on is wanted, not {shown(x)}")
        return x

    return check


def text(x: Any, where: str) -> str:
    if type(x) is not str:
        raise ValueError(f"{where}: a text is wanted, not {shown(x)}")
    if len(x) > LONGEST_TEXT:
        raise ValueError(f"{where}: a text of {len(x)} characters; {LONGEST_TEXT} is the most")
    return x


def flag(x: Any, where: str) -> bool:
    if type(x) is not bool:
        raise ValueError(f"{where}: true or false is wanted, not {shown(x)}")
    return x


def optional(check: Check) -> Check:
    return lambda x, where: None if x is None else check(x, where)


def listed(check: Check, length: int | None = None) -> Check:
    """A list of things that each pass a check, of that length if one is given."""

    def whole_list(x: Any, where: str) -> list[Any]:
        if type(x) is not list:
            raise ValueError(f"{where}: a list is wanted, not {shown(x)}")
        if length is not None and len(x) != length:
            raise ValueError(f"{where}: {length} entries are wanted, and there are {len(x)}")
        return [check(item, f"{where}[{i}]") for i, item in enumerate(x)]

    return whole_list


def exactly(wanted: Any, advice: str) -> Check:
    def check(x: Any, where: str) -> Any:
        if type(x) is not type(wanted) or x != wanted:
            raise ValueError(f"{where} is {shown(x)}, not {wanted!r}: {advice}")
        return x

    return check
