r"""Which Value of the graph is meant by a name that a person wrote.

People write `target_{o1}`, `\mathrm{target}_{o1}`, `targeto1` or (with a slip of the finger)
`target_01` for `target_o1`. What is exact comes first; then the rules of `names.find`; then the
name without the typography; then the letter o and the digit 0 taken for each other, which is
remarked on.
"""

import re
from collections.abc import Mapping

from autodiff.formula.delta import delta_name
from autodiff.formula.symbols import GREEK, visible
from autodiff.formula.text import to_ascii
from autodiff.names import find
from autodiff.value import Value

DRESS = re.compile(
    r"\\(?:mathrm|mathit|mathbf|mathsf|operatorname|text|textrm|boldsymbol)(?![A-Za-z])"
)
SHOWN = 10


def plain(name: str) -> str:
    r"""A name without its typography: what `\mathrm{out}_{h1}` and `out_h1` have in common.

    >>> plain(r"\mathrm{out}_{h_{1}}"), plain("w_22^(2)"), plain("delta_o1")
    ('outh1', 'w222', 'δo1')
    """
    name = re.sub("[A-Za-z]+", lambda m: GREEK.get(m[0], m[0]), DRESS.sub("", name))
    return re.sub(r"[\\{}()_^,\s]", "", name).replace("′", "'")


def _bare(name: str) -> str:
    """A name without the brackets and commands of LaTeX."""
    return re.sub(r"[{}\s\\]", "", DRESS.sub("", name)) or name


def folded(name: str) -> str:
    """A plain name in which the digit 0 and the letter o are one."""
    return plain(name).replace("0", "o").replace("O", "o")


def stem(label: str) -> str:
    """What a label is without its index: `out_o1` and `out_h2` are both an out.

    >>> stem("out_o1"), stem("w5"), stem("δ_h1"), stem("w_22^(2)")
    ('out', 'w', 'δ', 'w')
    """
    found = re.match(r"[^\W\d_]+", label.rpartition(".")[2])
    return found[0] if found else label


class ClaimNames:
    """Finds the Values behind `y` by the names that a claim uses."""

    def __init__(
        self,
        y: Value,
        labels: Mapping[Value, str],
        extra: Mapping[Value, str],
        renames: Mapping[str, Value],
    ) -> None:
        self.y = y
        self.labels = labels
        self.extra = extra
        self.renames = renames
        self.remarks: list[str] = []
        self.repeated: dict[str, list[str]] = {}  # names taken for the first of several Values
        self._exact: dict[str, Value] = {}
        self._plain: dict[str, list[Value]] = {}
        self._folded: dict[str, list[Value]] = {}
        self._deltas: dict[str, list[Value]] | None = None
        self._found: dict[str, Value | None] = {}
        for node, label in labels.items():
            for spelled in (label, visible(label), to_ascii(visible(label))):
                self._exact.setdefault(spelled, node)
            self._plain.setdefault(plain(label), []).append(node)
            self._folded.setdefault(folded(label), []).append(node)
        self._exact |= renames
        self._lengths = sorted(
            {len(name) for name in self._exact if re.search(r"\w", name)}, reverse=True
        )

    def longest_at(self, text: str, at: int) -> int:
        """How many characters from `at` on are a label, taken whole; 0 where none stands."""
        for length in self._lengths:
            word = text[at : at + length]
            if len(word) == length and word in self._exact and not word[0].isspace():
                after = text[at + length : at + length + 1]
                if not (_in_word(word[-1]) and after and _in_word(after)):
                    return length
        return 0

    def resolve(self, word: str) -> Value | None:
        """The Value that is meant, or None. ValueError, listing them, when it may be several."""
        if word not in self._found:
            self._found[word] = self._resolve(word)
        return self._found[word]

    def _resolve(self, word: str) -> Value | None:
        if word in self._exact:
            node = self._exact[word]
            self._note_repeats(word, node)
            return node
        bare = _bare(word)
        if bare in self._exact:
            return self._exact[bare]
        try:
            return find([self.y], word, self.extra)
        except ValueError as problem:
            if "may be any of" in str(problem):
                raise
        by_dress = self._only(word, self._plain.get(plain(word), []))
        if by_dress is not None:
            return by_dress
        by_delta = self.delta(word)
        if by_delta is not None:
            return by_delta
        by_shape = self._only(word, self._folded.get(folded(word), []))
        if by_shape is not None and ("0" in word or "O" in word or "o" in word):
            label = self.labels[by_shape]
            self.remarks.append(f"{word} is read as {label} (the letter o, not the digit 0).")
            return by_shape
        return None

    def delta(self, word: str) -> Value | None:
        """The pre-activation whose delta is meant: δ_o1 belongs to sum_o1."""
        if not plain(word).startswith("δ"):
            return None
        if self._deltas is None:
            inner = {
                node.args[0] for node in self.labels if len(node.args) == 1 and node.op != "alias"
            }
            self._deltas = {}
            for node, label in self.labels.items():
                if node.args and not label.startswith("δ"):
                    self._deltas.setdefault(plain(delta_name(label)), []).append(node)
            for key, nodes in self._deltas.items():
                self._deltas[key] = [n for n in nodes if n in inner] or nodes
        return self._only(word, self._deltas.get(plain(word), []))

    def is_delta(self, word: str) -> bool:
        """Whether a word that resolves stands for a derivative, not for a Value of that name."""
        named = word in self._exact or bool(self._plain.get(plain(word)))
        return not named and plain(word).startswith("δ")

    def unknown(self, word: str) -> str:
        """Why a word stands for nothing, with near names or those of the same stem."""
        bare = _bare(word)
        try:
            find([self.y], bare, self.extra)
        except ValueError as problem:
            said = str(problem)
            alike = [label for label in self.labels.values() if stem(label) == stem(bare)]
            if "did you mean" not in said and alike:
                near = ", ".join(map(visible, alike[:SHOWN]))
                said = f"no Value here is called {visible(bare)}; did you mean one of {near}?"
            return said
        return f"{visible(word)} cannot be used here"

    def _only(self, word: str, nodes: list[Value]) -> Value | None:
        if len(nodes) > 1:
            several = ", ".join(visible(self.labels[node]) for node in nodes[:SHOWN])
            more = f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
            raise ValueError(f"{visible(word)} may be any of {several}{more}: say which")
        return nodes[0] if nodes else None

    def _note_repeats(self, word: str, node: Value) -> None:
        if word not in self.renames:
            repeats = [label for label in self.labels.values() if label.rpartition("#")[0] == word]
            if repeats:
                self.repeated[word] = [f"{word}#1", *repeats[:SHOWN]]


def _in_word(character: str) -> bool:
    return (character.isalnum() or character == "_") and character not in "⁰¹²³⁴⁵⁶⁷⁸⁹½¼¾"
