"""`autodiff demo`: one step of seed 003's network, beside the numbers that its article prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autodiff.cli.inputs import seed003
from autodiff.cli.terminal import can_show, printable
from autodiff.graph import topological
from autodiff.names import labels
from autodiff.value import Value

RATE = 0.6
PICTURE = "seed003.svg"

# What the article prints. It does not print the gradients of w2, w3, w4, nor the error afterwards.
FORWARD = {
    "sum_h1": "0.41",
    "out_h1": "0.60108",
    "sum_h2": "0.47",
    "out_h2": "0.61538",
    "sum_o1": "1.01977",
    "out_o1": "0.73492",
    "sum_o2": "1.26306",
    "out_o2": "0.77955",
    "E1": "0.23456",
    "E2": "0.01452",
    "E_total": "0.24908",
}
GRADIENTS = {
    "w1": "0.00110",
    "w5": "0.08020",
    "w6": "0.08211",
    "w7": "-0.01760",
    "w8": "-0.01802",
}
NEW_WEIGHTS = {
    "w1": "0.09933",
    "w2": "0.19919",
    "w3": "0.29667",
    "w4": "0.39597",
    "w5": "0.45187",
    "w6": "0.55073",
    "w7": "0.71056",
    "w8": "0.81081",
}


def run(args: argparse.Namespace) -> int:
    """Print the whole step and, unless told not to, draw the network."""
    from autodiff.drawing import draw
    from autodiff.formula import derive
    from autodiff.formula.text import to_ascii

    folder = Path(args.out)
    if not args.no_picture:
        folder.mkdir(parents=True, exist_ok=True)  # what cannot be written is said at once
    E, parameters = seed003()
    pages = [derive(E, "w5", rate=RATE), derive(E, "w1", rate=RATE, form="paths")]
    drawing = None if args.no_picture else draw(E)  # with the numbers before the step

    plain = not can_show("".join(page.text() for page in pages))
    spell: Callable[[str], str] = to_ascii if plain else str

    print("\n".join(_forward(E, spell)))
    print(f"\n\nBackward: two of the eight derivations (rate {RATE})\n")
    print("\n\n".join(page.text(ascii=plain) for page in pages))
    before = E.data
    print("\n\n" + "\n".join(_step(E, parameters, spell)))
    print(f"\n\nError: {before:.5f} before, {E.data:.5f} after; the biases b1 and b2 stay fixed.")
    if drawing is not None:
        print(f"\n{_picture(drawing, folder)}")
    return 0


def _forward(E: Value, spell: Callable[[str], str]) -> list[str]:
    """Every computed number with its formula, beside the printed one."""
    from autodiff.formula import formula_text

    shown = labels([E])
    nodes = {shown[node]: node for node in topological(E) if node in shown}
    rows = [("", "", "here", "article")]
    for name, printed in FORWARD.items():
        formula = spell(formula_text(nodes[name], shown))
        rows.append((name, f"= {formula}", f"{nodes[name].data:.7f}", printed))
    given = [("i1", "i2", "target1", "target2", "b1", "b2"), NEW_WEIGHTS]
    return [
        "A network of 2 inputs, 2 hidden neurons and 2 outputs, all sigmoid (seed 003)",
        "",
        *("  " + ", ".join(f"{name} {nodes[name].data:g}" for name in line) for line in given),
        "",
        "Forward",
        "",
        *_columns(rows, "<<>>"),
    ]


def _step(E: Value, parameters: Sequence[Value], spell: Callable[[str], str]) -> list[str]:
    """Take the step; all eight gradients and new weights beside the printed ones."""
    from nn import SGD

    by_name = {p.name.rpartition(".")[2]: p for p in parameters}
    E.backward()
    SGD(parameters, rate=RATE, freeze=["b1", "b2"]).step()
    E.forward()
    rows = [("weight", spell("∂E_total/∂w"), "article", "new weight", "article", "difference")]
    off = {}
    for name, printed in NEW_WEIGHTS.items():
        weight, gradient = by_name[name], GRADIENTS.get(name, "-")
        off[name] = weight.data - float(printed)
        new = f"{weight.data:.7f}"
        rows.append((name, f"{weight.grad:.7f}", gradient, new, printed, f"{off[name]:.7f}"))
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
