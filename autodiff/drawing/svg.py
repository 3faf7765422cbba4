"""A laid-out picture as SVG: cards on a transparent ground, light or dark as the reader's page is.

Every element carries its light colours as attributes, which any viewer understands; a style sheet
replaces them where the system, a notebook or an editor is dark. No scripts, no links, no ids but
ours.
"""

from collections.abc import Iterable

from autodiff.drawing import palette
from autodiff.drawing.cards import BAR, BETWEEN, EDGE, HEIGHT, Card, card_of
from autodiff.drawing.dot import CROWDED, clusters, pen_width
from autodiff.drawing.engines import Layout, Route
from autodiff.drawing.lettering import in_markup, width, wrap
from autodiff.drawing.palette import DARK, LIGHT
from autodiff.drawing.picture import Box, Picture

FONT = "Helvetica,Arial,'Liberation Sans',sans-serif"
CAPTION = 10.0


def svg_text(picture: Picture, layout: Layout) -> str:
    """The picture as one `<svg>` element."""
    ids = {name: path for path, name in clusters(box.cluster for box in picture.boxes).items()}
    body: list[str] = []
    for name, path in ids.items():
        if name in layout.clusters:
            x0, y0, x1, y1 = layout.clusters[name]
            body.append(
                f'<g class="cluster"><rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" '
                f'height="{y1 - y0:.1f}" rx="8" fill="{LIGHT["line"]}" fill-opacity="0.07" '
                f'stroke="{LIGHT["line"]}" stroke-width="0.7" class="line"/>'
                + words(x0 + 8, y0 + 14, path[-1], "quiet", 11.0)
                + "</g>"
            )
    strongest = palette.largest(edge.flow for edge in picture.edges)
    pale = ' opacity="0.6"' if len(picture.edges) >= CROWDED else ""
    for edge in picture.edges:
        route = layout.edges.get(edge.id)
        if route:
            pen = pen_width(edge.flow, strongest, len(picture.edges))
            many = _count(route, edge.uses) if edge.uses > 1 else ""
            body.append(
                f'<g class="edge" id="{edge.id}"{pale}><path d="{route.path}" fill="none" '
                f'stroke="{LIGHT["line"]}" stroke-width="{pen:.2f}" class="line"/>'
                f'<path d="{route.arrow(pen)}" fill="{LIGHT["line"]}" class="tip"/>{many}</g>'
            )
    largest = palette.largest(box.gradient for box in picture.boxes)
    for box in picture.boxes:
        x, y = layout.nodes[box.id]
        body.append(card(box, card_of(box), x, y, palette.step(box.gradient, largest)))
    return wrapped(body, layout.width, layout.height, picture.caption, picture.note)


def _count(route: Route, uses: int) -> str:
    x, y = route.middle
    return words(x, y - 4.0, f"×{uses:,}", "quiet", 10.0, anchor="middle")


def card(box: Box, look: Card, x: float, y: float, step: int) -> str:
    """One box around its centre."""
    left, top = x - look.width / 2, y - look.height / 2
    about = f"<title>{in_markup(_about(box))}</title>"
    parts = [f'<g class="node {palette.class_name(step)}" id="{box.id}">{about}']
    if not look.bare:
        edge = palette.bar(step, LIGHT)
        parts.append(
            f'<rect class="card" x="{left:.1f}" y="{top:.1f}" width="{look.width:.1f}" '
            f'height="{look.height:.1f}" rx="4" fill="{palette.fill(step, LIGHT)}" '
            f'stroke="{edge}"/>'
            f'<path class="bar" d="M{left + BAR:.1f},{top:.1f}h-0.4a3.6,3.6 0 0 0 -3.6,4v'
            f'{look.height - 8:.1f}a3.6,3.6 0 0 0 3.6,4h0.4z" fill="{edge}"/>'
        )
    baseline = y - HEIGHT * len(look.lines) / 2 + 11.0
    for line in look.lines:
        at = left + (2.0 if look.bare else BAR + EDGE)
        for word in line:
            parts.append(words(at, baseline, word.text, word.colour, word.size, word.bold))
            at += word.width + BETWEEN
        baseline += HEIGHT
    return "".join([*parts, "</g>"])


def words(x: float, y: float, text: str, colour: str, size: float, bold: bool = False,
          anchor: str = "start") -> str:  # fmt: skip
    """One line of text."""
    weight = ' font-weight="bold"' if bold else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{LIGHT[colour]}" '
        f'class="{colour}"{weight}{anchored}>{in_markup(text)}</text>'
    )


def wrapped(body: Iterable[str], wide: float, high: float, caption: str, note: str) -> str:
    """The `<svg>` element around a body, with the style sheet and the caption below."""
    captions = [
        part for text in (caption, note) for part in wrap(text, max(50, int(wide / 5.2)), 6)
    ]
    wide = max([wide, *(width(text, CAPTION) + 8 for text in captions)])
    below = [
        words(4, high + 14 + 14 * i, text, "quiet", CAPTION) for i, text in enumerate(captions)
    ]
    high += 8 + 14 * len(captions) if captions else 0
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="autodiff" role="img" '
            f'aria-label="{in_markup(caption)}" '
            f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}" '
            f'font-family="{FONT}">',
            f"<style>{STYLE}</style>",
            *body,
            *below,
            "</svg>\n",
        ]
    )


def _about(box: Box) -> str:
    """What a pointer that rests on the box reads."""
    name = box.title or box.formula or ("constant" if box.kind == "constant" else "a Value")
    return f"{name} = {box.formula}" if box.formula and box.title else name


def _rules(theme: palette.Theme, scope: str) -> str:
    """The style sheet of one theme, for pictures inside `scope`."""
    steps = range(-palette.STEPS, palette.STEPS + 1)
    rules = [f".{key}{{fill:{theme[key]}}}" for key in ("ink", "value", "gradient", "quiet")]
    line, paper = theme["line"], theme["paper"]
    rules += [f".line{{stroke:{line}}}", f".tip{{fill:{line}}}", f".paper{{fill:{paper}}}"]
    for step in steps:
        name = palette.class_name(step)
        fill, bar = palette.fill(step, theme), palette.bar(step, theme)
        rules += [f".{name} .card{{fill:{fill};stroke:{bar}}}", f".{name} .bar{{fill:{bar}}}"]
        rules.append(f".{name} .wire{{stroke:{bar}}}")
    return "".join(f"{scope}.autodiff {rule}" for rule in rules)


# In a notebook or an editor the page's theme decides; elsewhere the system's does.
STYLE = (
    f"@media (prefers-color-scheme:dark){{{_rules(DARK, '')}}}"
    + _rules(DARK, "[data-jp-theme-light=false] ")
    + _rules(LIGHT, "[data-jp-theme-light=true] ")
    + _rules(DARK, ".vscode-dark ")
    + _rules(LIGHT, ".vscode-light ")
)
