"""A picture as an HTML file that runs nothing and loads nothing."""

from autodiff.drawing.palette import DARK, LIGHT

STYLE = (
    f"body{{margin:1.5rem;background:{LIGHT['paper']}}}"
    f"@media (prefers-color-scheme:dark){{body{{background:{DARK['paper']}}}}}"
    "@media print{body{margin:0}svg{max-width:100%;max-height:98vh;height:auto}}"
)
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {hashes}">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Computation graph</title>
<style>{style}</style>
</head>
<body>
{svg}</body>
</html>
"""


def page(svg: str) -> str:
    """The page; its policy allows our two style sheets, by their hashes, and nothing else."""
    inside = svg[svg.index("<style>") + len("<style>") : svg.index("</style>")]
    return PAGE.format(hashes=f"{hash_of(STYLE)} {hash_of(inside)}", style=STYLE, svg=svg)


def hash_of(text: str) -> str:
    """The source expression of a content security policy that allows this very text."""
    from base64 import b64encode
    from hashlib import sha256

    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
