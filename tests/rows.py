"""Rows that a test adds to the table of ops, and takes away again."""

from collections.abc import Iterator
from contextlib import contextmanager

from autodiff import Value, op


@contextmanager
def user_rows() -> Iterator[None]:
    """Within this block rows may be added; after it, the table and Value are as before."""
    rows, aliases, methods = dict(op.TABLE), dict(op._ALIASES), set(vars(Value))
    try:
        yield
    finally:
        for table, before in ((op.TABLE, rows), (op._ALIASES, aliases)):
            table.clear()
            table.update(before)
        for name in set(vars(Value)) - methods:
            delattr(Value, name)
