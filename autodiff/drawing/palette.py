"""Colours, once: for the DOT text, our own SVG and the pages, light and dark.

A gradient is shown three times over: as a number behind a `∂`, by its sign, and by the colour of
its box, blue for negative, orange for positive, stronger for larger. The scale is logarithmic:
`STEPS` steps over three decades below the largest gradient of the picture. Text keeps a contrast
of 4.5:1 on every fill.
"""

from collections.abc import Iterable
from math import ceil, inf, isfinite, log10

DECADES = 3
STEPS = 6
# Okabe and Ito's vermilion and blue, which everyone can tell apart.
POSITIVE, NEGATIVE = "#D55E00", "#0072B2"

Theme = dict[str, str]
# `quiet` is the text outside of boxes. A PNG with a transparent background does not know where it
# will stand: there, `ANYWHERE` is readable on white and on black.
ANYWHERE = "#757575"
LIGHT: Theme = {
    "paper": "#ffffff",
    "card": "#ffffff",
    "ink": "#222222",
    "value": "#00538a",
    "gradient": "#B84A00",
    "quiet": "#5c6166",
    "line": "#8a8a8a",
}
DARK: Theme = {
    "paper": "#16181c",
    "card": "#22262c",
    "ink": "#eceff1",
    "value": "#86c8ff",
    "gradient": "#ffb070",
    "quiet": "#a4abb3",
    "line": "#868e97",
}
TINT = {"light": 0.10, "dark": 0.22}  # how much of the hue the fill of the largest gradient takes


def mix(one: str, other: str, share: float) -> str:
    """The colour `share` of the way from one to the other."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2: 1 for equal colours, 21 for black on white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def step(gradient: float | None, largest: float) -> int:
    """Where a gradient stands on the scale: -STEPS .. STEPS, 0 for what is too small to matter."""
    if not gradient or not largest or gradient != gradient:
        return 0
    share = 1.0 if abs(gradient) == inf else abs(gradient) / largest
    size = min(STEPS, max(0, ceil(STEPS * (1.0 + log10(share) / DECADES)))) if share else 0
    return size if gradient > 0.0 else -size


def largest(numbers: Iterable[float | None]) -> float:
    """The largest size among the finite numbers: the upper end of the scale."""
    return max((abs(x) for x in numbers if x is not None and isfinite(x)), default=0.0)


def fill(step: int, theme: Theme) -> str:
    """The fill of a box: a light tint, so that text stays readable on it."""
    most = TINT["light" if theme is LIGHT else "dark"]
    return mix(theme["card"], NEGATIVE if step < 0 else POSITIVE, most * abs(step) / STEPS)


def bar(step: int, theme: Theme) -> str:
    """The edge of a box, where the colour may be strong."""
    hue = NEGATIVE if step < 0 else POSITIVE
    if theme is DARK:
        hue = mix(hue, "#ffffff", 0.25)
    return mix(theme["line"], hue, 0.25 + 0.75 * abs(step) / STEPS) if step else theme["line"]


def class_name(step: int) -> str:
    """The CSS class of a step: g0, p1 .. p6, m1 .. m6."""
    return f"{'p' if step > 0 else 'm' if step < 0 else 'g'}{abs(step)}"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = [c / 255 for c in _channels(colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
