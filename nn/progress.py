"""Progress: a bar on a terminal, a line for every tenth elsewhere, on the error stream."""

import sys
from typing import Any


class Progress:
    """`show(done, loss, rate)` after each epoch, `close()` at the end."""

    def __init__(self, total: int, first: int, shown: bool, unit: str = "epoch") -> None:
        self.total = total
        self.unit = unit
        self.lines = shown
        self.tenth = 10 * first // max(total, 1)
        self.bar: Any = None
        if shown and sys.stderr is not None and sys.stderr.isatty():
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return  # lines will do
            self.bar = tqdm(total=total, initial=first, unit=unit, leave=True)
            self.lines = False

    def show(self, done: int, loss: float, rate: float) -> None:
        if self.bar is not None:
            self.bar.set_postfix(loss=f"{loss:.4g}", rate=f"{rate:.3g}", refresh=False)
            self.bar.update(done - self.bar.n)
        elif self.lines and (10 * done // max(self.total, 1) > self.tenth or done == self.total):
            self.tenth = 10 * done // max(self.total, 1)
            print(
                f"{self.unit} {done}/{self.total}  loss {loss:.4g}  rate {rate:.3g}",
                file=sys.stderr,
            )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
