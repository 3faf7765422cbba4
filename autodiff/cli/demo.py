"""`autodiff demo`: one step of text 003's network, beside the numbers that its article prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autodiff.cli.terminal import can_show, printable
from autodiff.names import labels
from autodiff.value import Value

PICTURE = "seed003.svg"


def run(args: argparse.Namespace) -> int:
    """Print the whole step and, unless told not to, draw the network."""
    from autodiff.drawing import draw
    from autodiff.formula import derive
    from autodiff.formula.text import to_ascii
    from nn import textbook

    folder = Path(args.out)
    if not args.no_picture:
        folder.mkdir(parents=True, exist_ok=True)  # what cannot be written is said at once
    example = textbook.build("003")
    E, rate = example.loss, example.rate
    pages = [derive(E, "w5", rate=rate), derive(E, "w1", rate=rate, form="paths")]
    drawing = None if args.no_picture else draw(E)  # with the numbers before the step

    plain = not can_show("".join(page.text() for page in pages))
    spell: Callable[[str], str] = to_ascii if plain else str

    print("\n".join(_forward(example, spell)))
    print(f"\n\nBackward: two of the eight derivations (rate {rate})\n")
    print("\n\n".join(page.text(ascii=plain) for page in pages))
    before = E.data
    print("\n\n" + "\n".join(_step(example, spell)))
    print(f"\n\nError: {before:.5f} before, {E.data:.5f} after; the biases b1 and b2 stay fixed.")
    if drawing is not None:
        print(f"\n{_picture(drawing, folder)}")
    return 0


def _weights(example: Any) -> list[tuple[str, Value]]:
    """The weights by their short names, in order."""
    return sorted((weight.name.rpartition(".")[2], weight) for weight in example.weights)


def _forward(example: Any, spell: Callable[[str], str]) -> list[str]:
    """Every computed number with its formula, beside the printed one."""
    from autodiff.formula import formula_text

    shown = labels([example.loss])
    nodes = example.values
    rows = [("", "", "here", "article")]
    for name, printed in example.printed.items():
        if name in nodes:
            formula = spell(formula_text(nodes[name], shown))
            rows.append((name, f"= {formula}", f"{nodes[name].data:.7f}", f"{printed:.5f}"))
    given = [
        ("i1", "i2", "target1", "target2", "b1", "b2"),
        [name for name, _ in _weights(example)],
    ]
    return [
        "A network of 2 inputs, 2 hidden neurons and 2 outputs, all sigmoid (worked example 003)",
        "",
        *("  " + ", ".join(f"{name} {nodes[name].data:g}" for name in line) for line in given),
        "",
        "Forward",
        "",
        *_columns(rows, "<<>>"),
    ]


def _step(example: Any, spell: Callable[[str], str]) -> list[str]:
    """Take the step; all eight gradients and new weights beside the printed ones."""
    from nn import SGD

    E: Value = example.loss
    E.backward()
    SGD(example.weights, rate=example.rate).step()
    E.forward()
    rows = [("weight", spell("∂E_total/∂w"), "article", "new weight", "article", "difference")]
    off = {}
    for name, weight in _weights(example):
        gradient, new = (example.printed.get(key) for key in (f"dE_total/d{name}", f"new {name}"))
        off[name] = weight.data - new
        rows.append(
            (
                name,
                f"{weight.grad:.7f}",
                "-" if gradient is None else f"{gradient:.5f}",
                f"{weight.data:.7f}",
                f"{new:.5f}",
                f"{off[name]:.7f}",
            )
        )
    largest = max(map(abs, off.values()))
    return [
        "All eight weights, one step further",
        "",
        *_columns(rows, "<>>>>>"),
        "",
        "  The article cuts its numbers off after five decimals, it does not round them: they may",
        f"  be up to 0.00001 too near to zero. The new weights differ by at most {largest:.7f}.",
        "  The gradients of w2, w3 and w4 are not in it.",
    ]


def _columns(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Rows as aligned columns; `sides` says for each whether its cells stand left or right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [f"{cell:{side}{w}}" for cell, side, w in zip(row, sides, widths, strict=True)]
        lines.append(("  " + "   ".join(cells)).rstrip())
    return lines


def _picture(drawing: Any, folder: Path) -> str:
    """Save the picture, or the text that it is made from where nothing can draw."""
    path = folder / PICTURE
    if drawing.engine:
        return f"Picture: {printable(drawing.save(path))} (drawn with {ENGINES[drawing.engine]})"
    path = drawing.save(path.with_suffix(".dot"))
    return (
        f"No picture: Graphviz is not here (apt install graphviz, or pip install\n"
        f"'scalar-autodiff[viz]'). Its text is in {printable(path)}."
    )


ENGINES = {"dot": "Graphviz's dot", "wasm": "Graphviz in WebAssembly"}
