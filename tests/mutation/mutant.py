"""One mutant of a Cosmic Ray session: where it differs, and how it takes the original's place."""

import ast
import difflib
import inspect
import os
import warnings
from collections.abc import Iterator, Set
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import WorkItem


class Mutant:
    def __init__(self, item: WorkItem) -> None:
        (mutation,) = item.mutations
        operator = get_operator(mutation.operator_name)(**mutation.operator_args)
        self.job = item.job_id
        self.module = mutation.module_path
        self.path = str(Path(mutation.module_path).resolve())
        self.row, self.column = mutation.start_pos
        self.before = self.module.read_text(encoding="utf-8")
        after = mutate_code(self.before, operator, mutation.occurrence)
        self.after = self.before if after is None else after  # there are not so many any more

    def diff(self) -> str:
        texts = self.before.splitlines(), self.after.splitlines()
        names = f"a/{self.module}", f"b/{self.module}"
        return "\n".join(difflib.unified_diff(*texts, *names, lineterm=""))

    def is_still(self, diff: str) -> bool:
        """Whether the same is mutated as in `diff`: the module may have been changed meanwhile."""
        now, then = (
            [line for line in text.splitlines()[2:] if line[:1] in "+-"]
            for text in (self.diff(), diff)
        )
        return now == then

    def pairs(self) -> list[tuple[CodeType, CodeType]]:
        """The module's body and everything defined in it, before and after."""
        return list(zip(nested(self.code(self.before)), nested(self.code(self.after)), strict=True))

    def code(self, text: str) -> CodeType:
        with warnings.catch_warnings(action="ignore"):
            return compile(text, self.path, "exec", dont_inherit=True)

    def is_python(self) -> bool:
        try:
            self.code(self.after)
        except SyntaxError:
            return False
        return True

    def runs_at_import(self, called: Set[CodeType]) -> bool:
        """Whether the mistake lies in a body, or in a function that is `called` during imports."""
        try:
            pairs = self.pairs()
        except (SyntaxError, ValueError):  # no Python any more; a function more or less
            return True
        return any(
            old in called
            or not old.co_flags & inspect.CO_OPTIMIZED  # of a module or a class
            or old.co_freevars != new.co_freevars  # cannot be exchanged
            for old, new in pairs
            if alone(old) != alone(new)
        )

    def replace(self, functions: dict[CodeType, list[FunctionType]]) -> None:
        """Exchange the code of the functions that there are."""
        for old, new in self.pairs():
            for function in functions.get(old, ()) if old != new else ():
                function.__code__ = new

    def replace_source(self) -> None:
        """What is imported from now on is the mutant."""
        original = SourceFileLoader.get_code

        def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
            if os.path.abspath(loader.path) == self.path:
                return self.code(self.after)
            return original(loader, name)

        SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]

    def lines(self) -> tuple[range, range]:
        """Those of the innermost statement (of its head, if it has a body), and of the function."""
        place = self.row, self.column
        statement = function = range(1, self.before.count("\n") + 2)
        for node in ast.walk(ast.parse(self.before)):  # what is inside comes later
            if isinstance(node, ast.stmt | ast.ExceptHandler | ast.Lambda):
                first, last = node.lineno, node.end_lineno or node.lineno
                if (first, node.col_offset) <= place < (last, node.end_col_offset or 0):
                    body = getattr(node, "body", None)
                    if isinstance(node, ast.FunctionDef | ast.Lambda):
                        function = range(first, last + 1)
                    if isinstance(body, list) and self.row < body[0].lineno:
                        last = body[0].lineno - 1
                    statement = range(first, last + 1)
        return statement, function


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def alone(code: CodeType) -> CodeType:
    """The code without what is defined within it."""
    consts = tuple(None if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=consts)
