"""What every page can do: be printed, saved, and shown in a notebook."""

import sys
from pathlib import Path
from typing import Any

from autodiff.formula.figures import Figures
from autodiff.formula.layout import Layout
from autodiff.formula.page import Page
from autodiff.formula.terms import Term
from autodiff.formula.text import Text

MOST_TERMS = 4  # of a sum, before its middle is left out


class Showing:
    """A page and its renderings."""

    def __init__(self, page: Page, figures: Figures, most_terms: int | None = MOST_TERMS) -> None:
        self.page = page
        self.figures = figures
        self.most_terms = most_terms

    def write(self, term: Term) -> str:
        """A formula on one line of text."""
        return Text(self.figures).write(term)

    def text(self, *, ascii: bool = False) -> str:
        """The page as text of at most 88 columns; in plain ASCII on request."""
        return Layout(self.page, self.figures, self.most_terms, ascii=ascii).text()

    def full(self) -> "Showing":
        """The same page with nothing left out of long sums."""
        import copy

        other = copy.copy(self)
        other.most_terms = None
        return other

    def latex(self) -> str:
        """The page as LaTeX (`aligned` blocks) that KaTeX and MathJax both take."""
        from autodiff.formula.tex import tex

        return tex(self.page, self.figures, self.most_terms)

    def html(self) -> str:
        """The page as an HTML fragment: a table with MathML in its cells."""
        from autodiff.formula.html import html

        return html(self.page, self.figures, self.most_terms)

    def save(self, path: "str | Path") -> Path:
        """Write the page to a .tex, .html, .txt or .json file and return its path."""
        path = Path(path)
        writers: dict[str, Any] = {
            ".tex": self.latex,
            ".html": lambda: _document(self.html()),
            ".txt": self.text,
            ".json": lambda: _json(self),
        }
        if path.suffix not in writers:
            raise ValueError(
                f"{path.name!r}: the file's ending chooses the format: {', '.join(writers)}"
            )
        text = writers[path.suffix]()
        path.write_text(text + "\n", encoding="utf-8")
        return path

    def __str__(self) -> str:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:
            "∂σ½·−√⁺≈".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return self.text(ascii=True)
        return self.text()

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/plain": self.text(),
            "text/latex": f"$${self.latex()}$$",
            "text/html": self.html(),
        }


def _document(body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n<title>Derivation</title>\n" + body + "\n</html>"
    )


def _json(page: Any) -> str:
    import json

    return json.dumps(page.to_dict(), ensure_ascii=False, indent=1)
