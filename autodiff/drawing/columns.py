"""A network with places, written as SVG and as DOT that states the same places."""

from autodiff.drawing import palette
from autodiff.drawing.cards import Word
from autodiff.drawing.dot import CROWDED, font, html_label
from autodiff.drawing.lettering import figure, in_markup, in_quotes, plain, width
from autodiff.drawing.network import Line, Network, Spot
from autodiff.drawing.palette import LIGHT
from autodiff.drawing.svg import words, wrapped

# How far along an edge its label stands: first where edges that cross have parted, else where no
# other label is.
LABEL_AT = (0.3, 0.7, 0.5, 0.4, 0.6, 0.2, 0.8)


def svg_text(net: Network) -> str:
    """The network as one `<svg>` element; no layout engine is involved."""
    body = [
        words(x, 16.0, text, "quiet", 11.0, anchor="middle") for x, text in net.headings if text
    ]
    strongest = palette.largest(line.number for line in net.edges)
    crowd = len(net.edges)
    for line in sorted(net.edges, key=lambda line: abs(line.number)):
        x0, y0, x1, y1 = _ends(line, net.radius)
        step = _step(line.number, strongest)
        dashes = ' stroke-dasharray="5 3"' if line.number < 0.0 else ""
        pale = ' opacity="0.6"' if crowd >= CROWDED and line.weight is not None else ""
        body.append(
            f'<g class="edge {palette.class_name(step)}" id="{line.id}"{pale}>'
            f"<title>{in_markup(_about_edge(line))}</title>"
            f'<path d="M{x0:.1f},{y0:.1f}L{x1:.1f},{y1:.1f}" fill="none" class="wire" '
            f'stroke="{palette.bar(step, LIGHT)}" stroke-width="{_pen(line, strongest, crowd):.2f}"'
            f"{dashes}/></g>"
        )
    body += [_scrap(x, y, line.label, 10.0) for line, (x, y) in _labels(net)]
    largest = palette.largest(spot.cell.gradient for spot in net.boxes)
    body += [
        _spot(spot, net.radius, palette.step(spot.cell.gradient, largest)) for spot in net.boxes
    ]
    for x, y, text in net.gaps:
        body.append(_scrap(x, y, text, 11.0))
    return wrapped(body, net.width, net.height, net.caption, net.note)


def dot_text(net: Network) -> str:
    """The network as DOT for `neato -n2`: the places are in it."""
    lines = [
        'digraph {\n  graph [layout=neato, bgcolor="transparent", splines=line, '
        f"outputorder=edgesfirst, {font()}"
        f"label={in_quotes(' · '.join(filter(None, (net.caption, net.note))))}, labelloc=b]\n"
        f"  node [fixedsize=true, style=filled, penwidth=1.4, {font()}]\n"
        "  edge [arrowhead=none]\n"
    ]
    largest = palette.largest(spot.cell.gradient for spot in net.boxes)
    for spot in net.boxes:
        step = palette.step(spot.cell.gradient, largest)
        wide, high = _size(spot, net.radius)
        shape = "circle" if spot.cell.kind == "neuron" else "box"
        lines.append(
            f'  {spot.id} [pos="{spot.x:.1f},{net.height - spot.y:.1f}!", shape={shape}, '
            f'width={wide / 72:.3f}, height={high / 72:.3f}, color="{palette.bar(step, LIGHT)}", '
            f'fillcolor="{palette.fill(step, LIGHT)}", '
            f"label={html_label([[word] for word in _words(spot, net.radius)], centred=True)}]\n"
        )
    texts = [(x, 12.0, text) for x, text in net.headings if text] + net.gaps
    for i, (x, y, text) in enumerate(texts):
        lines.append(
            f'  t{i} [pos="{x:.1f},{net.height - y:.1f}!", shape=plaintext, style="", '
            f"{font()}label={in_quotes(text)}]\n"
        )
    strongest = palette.largest(line.number for line in net.edges)
    places = {line.id: place for line, place in _labels(net)}
    for line in net.edges:
        colour = palette.bar(_step(line.number, strongest), LIGHT)
        colour += "99" if len(net.edges) >= CROWDED else ""
        dashes = ", style=dashed" if line.number < 0.0 else ""
        lines.append(
            f'  {line.tail.id} -> {line.head.id} [id="{line.id}", color="{colour}", '
            f"penwidth={_pen(line, strongest, len(net.edges)):.2f}{dashes}]\n"
        )
        if line.id in places:
            (x, y), wide = places[line.id], width(line.label, 9.0)
            lines.append(
                f'  l{line.id} [pos="{x:.1f},{net.height - y:.1f}!", shape=box, penwidth=0, '
                f'fillcolor="{LIGHT["paper"]}", width={wide / 72:.3f}, height=0.17, '
                f"{font(9.0)}label={in_quotes(line.label)}]\n"
            )
    return "".join([*lines, "}\n"])


def _words(spot: Spot, radius: float) -> list[Word]:
    """What is written in a cell, one word a line."""
    cell = spot.cell
    if radius < 20.0 and cell.kind == "neuron":
        return []
    title = cell.title
    while width(title, 10.5, bold=True) > 56.0:
        title = title.removesuffix("…")[:-1] + "…"
    lines = [Word(title, "ink", True, 10.5)]
    if radius > 20.0 or cell.kind == "result":
        lines.append(Word(figure(cell.number), "value", False, 10.0))
        lines.append(Word(f"∂ {figure(cell.gradient)}", "gradient", False, 10.0))
    return lines


def _size(spot: Spot, radius: float) -> tuple[float, float]:
    """Width and height: neurons are round, inputs and the result are boxes."""
    if spot.cell.kind == "neuron":
        return 2 * radius, 2 * radius
    lines = _words(spot, radius)
    return max(word.width for word in lines) + 14.0, 13.0 * len(lines) + 8.0


def _spot(spot: Spot, radius: float, step: int) -> str:
    wide, high = _size(spot, radius)
    paint = (
        f'class="card" fill="{palette.fill(step, LIGHT)}" stroke="{palette.bar(step, LIGHT)}" '
        'stroke-width="1.6"'
    )
    if spot.cell.kind == "neuron":
        shape = f'<circle cx="{spot.x:.1f}" cy="{spot.y:.1f}" r="{radius:g}" {paint}/>'
    else:
        shape = (
            f'<rect x="{spot.x - wide / 2:.1f}" y="{spot.y - high / 2:.1f}" width="{wide:.1f}" '
            f'height="{high:.1f}" rx="4" {paint}/>'
        )
    lines = _words(spot, radius)
    top = spot.y - 13.0 * len(lines) / 2 + 10.0
    text = [
        words(spot.x, top + 13.0 * i, w.text, w.colour, w.size, w.bold, anchor="middle")
        for i, w in enumerate(lines)
    ]
    about = f"<title>{in_markup(_about(spot))}</title>"
    kind = f"node {palette.class_name(step)}"
    return f'<g class="{kind}" id="{spot.id}">{about}{shape}{"".join(text)}</g>'


def _about(spot: Spot) -> str:
    """What a pointer that rests on a cell reads."""
    cell = spot.cell
    place = f"{plain(cell.layer)}.{cell.title}" if cell.layer else cell.title
    biases = "".join(
        f"; bias {plain(b.name) or ''} {figure(float(b.data))}".replace("  ", " ")
        for b in cell.biases
    )
    return f"{place}: {figure(cell.number)}, ∂ {figure(cell.gradient)}{biases}"


def _about_edge(line: Line) -> str:
    names = f"{line.tail.cell.title} → {line.head.cell.title}"
    if line.weight is None:
        return names
    if isinstance(line.weight, float):
        return f"{names}: {figure(line.weight)}"
    return f"{names}: {plain(line.weight.name)} {figure(float(line.weight.data))}"


def _scrap(x: float, y: float, text: str, size: float) -> str:
    """Text on a scrap of paper, to be read in front of edges."""
    wide = width(text, size) + 4.0
    return (
        f'<rect x="{x - wide / 2:.1f}" y="{y - 7:.1f}" width="{wide:.1f}" height="14" rx="3" '
        f'fill="{LIGHT["paper"]}" class="paper"/>'
        + words(x, y + 3.5, text, "quiet", size, anchor="middle")
    )


def _labels(net: Network) -> list[tuple[Line, tuple[float, float]]]:
    """The edges whose label has a place that no other covers, and its middle.

    The pointer reads the label of an edge that has none.
    """
    found: list[tuple[Line, tuple[float, float]]] = []
    for line in net.edges:
        x0, y0, x1, y1 = _ends(line, net.radius)
        places = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in LABEL_AT]
        free = (place for place in places if not any(_covers(line, place, *it) for it in found))
        place = next(free, None)
        if line.label and place:
            found.append((line, place))
    return found


def _covers(a: Line, place: tuple[float, float], b: Line, other: tuple[float, float]) -> bool:
    """Whether two labels at these places would lie on each other."""
    wide = (width(a.label, 10.0) + width(b.label, 10.0)) / 2 + 4.0
    return abs(place[0] - other[0]) < wide and abs(place[1] - other[1]) < 14.0


def _ends(line: Line, radius: float) -> tuple[float, float, float, float]:
    """From the right of one cell to the left of the next."""
    half_tail, half_head = (_size(spot, radius)[0] / 2 for spot in (line.tail, line.head))
    return line.tail.x + half_tail, line.tail.y, line.head.x - half_head, line.head.y


def _step(number: float, strongest: float) -> int:
    """The colour of an edge: never the pale end, which could not be seen."""
    step = palette.step(number, strongest)
    return step and (max(step, 3) if step > 0 else min(step, -3))


def _pen(line: Line, strongest: float, crowd: int) -> float:
    """How wide an edge is drawn: in proportion to its number, and thinner in a crowd."""
    if line.weight is None:
        return 0.8
    share = abs(line.number) / strongest if strongest and abs(line.number) <= strongest else 0.0
    thinner = 1.0 if crowd < CROWDED // 3 else 0.7 if crowd < CROWDED else 0.4
    return (0.7 + 3.3 * share) * thinner
