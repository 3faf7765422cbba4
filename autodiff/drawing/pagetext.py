"""The text of the page that steps through a graph: its files put together, its data made inert.

The page runs two scripts, ours and the function that recomputes the graph, and its policy names
both by their hashes: nothing else runs, nothing is loaded. What the user wrote is in the data only,
as JSON in which `<` cannot occur.
"""

import json
import math
from pathlib import Path
from typing import Any

from autodiff.drawing.lettering import in_markup
from autodiff.drawing.page import hash_of
from autodiff.drawing.palette import DARK, LIGHT, NEGATIVE, POSITIVE, TINT, Theme, mix

SCRIPTS = ("elements", "numbers", "picture", "derivation", "controls")
_HERE = Path(__file__).parent
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def page_text(data: dict[str, Any], code: str, title: str) -> str:
    """The whole page, for a file."""
    program, application, look = running(code), script(), style()
    policy = (
        f"default-src 'none'; script-src {hash_of(program)} {hash_of(application)}; "
        f"style-src {hash_of(look)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return filled(
        policy=policy, title=in_markup(title), style=look, nonce="", editor="",
        data=f'<script type="application/json" id="data">{as_json(data)}</script>\n',
        code=program, script=application,
    )  # fmt: skip


def filled(**parts: str) -> str:
    """`explore.html` with its parts in their places; what is put in is not looked at again."""
    pieces = _read("explore.html").replace("}", "{").split("{")
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def running(code: str) -> str:
    """The exported function as a script of its own, or nothing."""
    if not code:
        return ""
    body = code.replace("export function", "function")
    name = code.partition("export function ")[2].partition("(")[0]
    if "</" in body or "<!" in body:  # the exporter breaks these up
        raise ValueError("the exported code would end its script")
    return f"window.autodiffRecompute = (() => {{\n{body}return {name};\n}})();"


def script(*more: str) -> str:
    """The page's own script: its files, in an order in which each uses earlier ones."""
    names = [f"explore_{name}.js" for name in (*SCRIPTS, *more)]
    parts = [_read(name) for name in [*names, "explore.js"]]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def style() -> str:
    """The page's style sheet, with the colours of the palette."""
    light, dark = _colours(LIGHT), _colours(DARK)
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        "@media screen and (prefers-color-scheme:dark){"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n" + _read("explore.css")
    )


def as_json(data: Any) -> str:
    """JSON that can stand in a script element; numbers that JSON lacks are texts."""
    text = json.dumps(
        _plain_numbers(data), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    text = text.encode("utf-8", "replace").decode()
    return "".join(_UNSAFE.get(c, c) for c in text)


def _plain_numbers(data: Any) -> Any:
    """Formulas are nested a few levels deep, so this may recurse."""
    if isinstance(data, dict):
        return {key: _plain_numbers(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain_numbers(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "nan" if math.isnan(data) else "inf" if data > 0.0 else "-inf"
    return data


def _colours(theme: Theme) -> str:
    dark = theme is DARK
    colours = dict(theme)
    for name, hue in (("positive", POSITIVE), ("negative", NEGATIVE)):
        colours[name] = mix(hue, "#ffffff", 0.25) if dark else hue
    colours["rule"] = mix(theme["paper"], theme["line"], 0.35)
    colours["ground"] = mix(theme["paper"], theme["line"], 0.0 if dark else 0.03)
    colours["glow"] = mix(theme["card"], theme["gradient"], 0.25 if dark else 0.16)
    colours["tint"] = f"{100 * TINT['dark' if dark else 'light']:.0f}%"
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
