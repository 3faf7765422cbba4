"""A picture as DOT text, the language of Graphviz.

Written here rather than by a library because every text in it comes from outside: see `lettering`
for what that takes. Node ids are ours, there are no records, no URLs, no images. Each box states
its size, so that any Graphviz lays it out the same; with `words=False` it holds the layout only,
and no text at all.
"""

from collections.abc import Callable, Iterable, Iterator

from autodiff.drawing import palette
from autodiff.drawing.cards import SIZE, Card, Word, card_of
from autodiff.drawing.lettering import in_label, in_quotes
from autodiff.drawing.palette import LIGHT
from autodiff.drawing.picture import Box, Picture

CROWDED = 150  # edges, from which on they are straight, thin and pale
COLOURS = LIGHT | {"quiet": palette.ANYWHERE}
HEADER = """\
digraph {{
  graph [rankdir=LR, bgcolor="transparent", nodesep={nodesep}, ranksep={ranksep}, {lines}\
{look}{label}]
  node [shape=box, fixedsize=true, {look}color="{line}"{style}]
  edge [color="{line}", arrowsize=0.6{ports}]
"""


def dot_text(
    picture: Picture, words: bool = True, card_for: Callable[[Box], Card] = card_of
) -> str:
    """The whole graph; the same text on every run. `card_for` says how large each box is."""
    largest = palette.largest(box.gradient for box in picture.boxes)
    caption = " · ".join(filter(None, (picture.caption, picture.note)))
    crowded = len(picture.edges) >= CROWDED
    header = HEADER.format(
        look=font() if words else "",
        label=f"label={in_quotes(caption)}, labelloc=b" if words else "labelloc=t",
        line=LIGHT["line"],
        style=', style="rounded,filled", penwidth=1.2' if words else ', label=""',
        nodesep=0.12 if len(picture.boxes) < 60 else 0.08,
        ranksep=1.6 if crowded else 0.7 if any(e.uses > 1 for e in picture.edges) else 0.35,
        lines="splines=line, " if crowded else "",
        ports=", tailport=e, headport=w" if crowded else "",
    )
    inside: dict[tuple[str, ...], list[str]] = {}
    for box in picture.boxes:
        card = card_for(box)
        parts = [f"width={card.width / 72:.3f}", f"height={card.height / 72:.3f}"]
        if words:
            parts += [
                *_paint(card, palette.step(box.gradient, largest)),
                f"label={html_label(card.lines, card.bare)}",
            ]
        inside.setdefault(box.cluster, []).append(f"{box.id} [{', '.join(parts)}]")
    lines = [header]
    lines += _nested(inside, words)
    strongest = palette.largest(edge.flow for edge in picture.edges)
    pale = f', color="{LIGHT["line"]}90"' if crowded else ""
    for edge in picture.edges:
        width = pen_width(edge.flow, strongest, len(picture.edges))
        many = f', label="×{edge.uses}"' if words and edge.uses > 1 else ""
        pen = f", penwidth={width:.2f}{pale}{many}" if words else ""
        lines.append(f'  {edge.tail} -> {edge.head} [id="{edge.id}"{pen}]\n')
    return "".join([*lines, "}\n"])


def font(size: float = SIZE) -> str:
    """Attributes of text that stands on no box."""
    return (
        f'fontname="Helvetica,Arial,sans-serif", fontsize={size:g}, '
        f'fontcolor="{palette.ANYWHERE}", '
    )


def pen_width(flow: float, strongest: float, edges: int) -> float:
    """Wider where more gradient flows, on the scale of the boxes."""
    width = 0.8 + 1.6 * abs(palette.step(flow, strongest)) / palette.STEPS
    return width if edges < CROWDED else width / 2


def clusters(paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """An id for every cluster and the clusters around it, the outer before the inner."""
    found: dict[tuple[str, ...], str] = {}
    for path in paths:
        for depth in range(1, len(path) + 1):
            found.setdefault(path[:depth], f"cluster_{len(found)}")
    return found


def _nested(inside: dict[tuple[str, ...], list[str]], words: bool) -> Iterator[str]:
    """The nodes, each in its cluster. Clusters nest a few levels deep, so this may be done by
    depth."""
    bodies: dict[tuple[str, ...], list[str]] = {(): [], **{path: [] for path in clusters(inside)}}
    for path, nodes in inside.items():
        bodies[path] += [f"  {'  ' * len(path)}{node}\n" for node in nodes]
    ids = clusters(inside)
    for path in sorted(ids, key=len, reverse=True):  # inner ones are finished first
        indent = "  " * len(path)
        look = ""
        if words:
            look = (
                f'style=rounded, color="{LIGHT["line"]}", penwidth=0.7, labeljust=l, labelloc=t, '
            )
        title = in_quotes(path[-1]) if words else '" "'
        opening = f"{indent}subgraph {ids[path]} {{ graph [{look}label={title}, margin=8]\n"
        bodies[path[:-1]] += [opening, *bodies[path], f"{indent}}}\n"]
    yield from bodies[()]


def _paint(card: Card, step: int) -> list[str]:
    if card.bare:
        return ["shape=plaintext", 'style=""']
    return [f'fillcolor="{palette.fill(step, LIGHT)}"', f'color="{palette.bar(step, LIGHT)}"']


def html_label(lines: list[list[Word]], centred: bool = False) -> str:
    """An HTML-like label: a row for each line, each word in its colour."""
    if not lines:
        return '""'
    rows = []
    for line in lines:
        spelled = []
        for word in line:
            text = f"<B>{in_label(word.text)}</B>" if word.bold else in_label(word.text)
            look = f'COLOR="{COLOURS[word.colour]}" POINT-SIZE="{word.size:g}"'
            spelled.append(f"<FONT {look}>{text}</FONT>")
        align = "CENTER" if centred else "LEFT"
        rows.append(f'<TR><TD ALIGN="{align}">{"&#160;&#160;".join(spelled)}</TD></TR>')
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
    return f"<{table}{''.join(rows)}</TABLE>>"
