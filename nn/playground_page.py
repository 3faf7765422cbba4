"""The text of a playground: its files put together, its data made inert.

The policy of the page names its style and its two scripts by their hashes: nothing else runs, and
nothing is loaded. What the user wrote is in the data only, as JSON in which `<` cannot occur.
"""

import json
import math
import unicodedata
from pathlib import Path
from typing import Any

SCRIPTS = ("elements", "training", "fields", "line", "network", "curve")
LONGEST = 60  # characters of a name
_HERE = Path(__file__).parent
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def page_text(data: dict[str, Any], program: str) -> str:
    """The whole page, for a file."""
    if "</" in program or "<!" in program:  # the exporter breaks these up
        raise ValueError("the exported code would end its script")
    application, look = script(), _read("playground.css")
    policy = (
        f"default-src 'none'; script-src {hash_of(program)} {hash_of(application)}; "
        f"style-src {hash_of(look)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": in_markup(data["title"]),
        "style": look,
        "data": as_json(data),
        "program": program,
        "script": application,
    }
    pieces = _read("playground.html").replace("}", "{").split("{")
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def script() -> str:
    """The page's own script: its files, in an order in which each uses earlier ones."""
    names = [*(f"playground_{name}.js" for name in SCRIPTS), "playground.js"]
    return '"use strict";\n(() => {\n' + "\n".join(map(_read, names)) + "})();\n"


def plain(text: str) -> str:
    """A name that may be shown: printable, in reading order, not too long.

    >>> plain("w\\x00 5"), plain("a\\u202eb"), len(plain("x" * 10_000))
    ('w 5', 'aU+202Eb', 60)
    """
    shown = []
    for character in text[: LONGEST + 1]:
        kind = unicodedata.category(character)
        if character in "\n\t\r":
            shown.append(" ")
        elif kind in ("Cf", "Zl", "Zp"):
            shown.append(f"U+{ord(character):04X}")
        elif kind not in ("Cc", "Cs", "Cn"):
            shown.append(character)
    whole = "".join(shown)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def in_markup(text: str) -> str:
    """Text as it is written in HTML, in content and in attributes."""
    return text.translate(_MARKUP)


def as_json(data: Any) -> str:
    """JSON that can stand in a script element; numbers that JSON lacks are null."""
    text = json.dumps(_finite(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return "".join(_UNSAFE.get(c, c) for c in text.encode("utf-8", "replace").decode())


def hash_of(text: str) -> str:
    """The source expression of a content security policy that allows this very text."""
    from base64 import b64encode
    from hashlib import sha256

    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _finite(data: Any) -> Any:
    """The data are nested four levels deep, so this may recurse."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
