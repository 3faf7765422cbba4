"""A call of a function as arrays: what it recorded, node after node in the order it was made.

The same function records the same ops in the same order as long as it takes the same way through
its loops. What changes from call to call is then only what the operands are: which parameter was
looked up in a table, which number was given, which of some results was picked. So a recording has
a `key`, that says everything except what the operands are, and `links`, a number for each operand.
All is done by functions of C on whole lists, or by one of our own (`native/recording.c`), since a
pass in Python would cost as much as `backward()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import chain, repeat

from autodiff import native
from autodiff.op import number
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

NUMBER, PARAMETER = -1, -2  # links of what is no node; node i of the recording has link i


class Recording:
    """The nodes that a call made, as arrays; `of` makes one.

    * `key`: equal for recordings that differ only in what their operands are.
    * `links`: for each operand of each node, where it comes from; `lengths()`: how many each has.
    * `rows`: the indices of the parameters among the operands, in order.
    * `numbers`: the numbers among them, in order; `identities`: which are one Value.
    * `root`: which node is the result. `nodes`: the Values themselves.
    """

    __slots__ = ("identities", "key", "links", "nodes", "numbers", "root", "rows")

    key: bytes
    links: Any
    rows: Any
    numbers: Any
    identities: Any
    root: int
    nodes: list[Value]

    @staticmethod
    def of(root: Value, nodes: list[Value], index: Mapping[Value, int]) -> Any:
        """The recording of nodes in the order they were made, or None if nodes that were made
        before are among the operands. `index` has the parameters, in order.
        """
        arrays = arrays_of(root, nodes, index)
        if arrays is None:
            return None
        import numpy as np

        found = Recording()
        found.nodes = nodes
        found.key, found.root, links, rows, numbers, identities = arrays
        found.links = np.frombuffer(links, np.int32)
        found.rows = np.frombuffer(rows, np.int32)
        found.numbers = np.frombuffer(numbers, np.float64)
        found.identities = np.frombuffer(identities, np.uint64)
        return found

    def lengths(self) -> Any:
        """How many operands each node has."""
        import numpy as np

        return np.array([len(node.operands) for node in self.nodes], np.int32)

    def uses(self) -> Any:
        """For each operand an integer that says how it is used: by which op, between which others
        in the order of the recording, and as which of its operands.
        """
        import numpy as np

        names, codes = np.unique(["", *[node.op for node in self.nodes], ""], return_inverse=True)
        around = (codes[:-2] * len(names) + codes[1:-1]) * len(names) + codes[2:]
        lengths = self.lengths()
        users = np.repeat(np.arange(len(self.nodes)), lengths)
        places = np.arange(len(self.links)) - (np.cumsum(lengths) - lengths)[users]
        return around[users] * (int(lengths.max()) + 1) + places


@native.fast_pass
def arrays_of(root: Value, nodes: list[Value], index: Mapping[Value, int]) -> Any:
    """(key, root, links, rows, numbers, identities) of a Recording, or None; see there."""
    import numpy as np

    places: dict[Any, int] = {p: PARAMETER - i for p, i in index.items()}
    places.update(zip(nodes, range(len(nodes)), strict=True))
    if places.get(root, -1) < 0:
        return None
    operands = [node.operands for node in nodes]
    flat = list(chain.from_iterable(operands))
    links = np.array(list(map(places.get, flat, repeat(NUMBER))), np.int32)
    given: list[Any] = [flat[i] for i in np.flatnonzero(links == NUMBER).tolist()]
    if any(type(x) is not float and x.operands for x in given):
        return None
    numbers = [x if type(x) is float else number(x.data) for x in given]
    identities = [i if type(x) is float else id(x) for i, x in enumerate(given)]
    digest = blake2b("\n".join([str(places[root]), *[node.op for node in nodes]]).encode())
    digest.update(np.array(list(map(len, operands)), np.int32).tobytes())
    digest.update(np.clip(links, PARAMETER, 0).astype(np.int8).tobytes())  # kinds of operands
    return (
        digest.digest(),
        places[root],
        np.maximum(links, PARAMETER),
        PARAMETER - links[links <= PARAMETER],
        np.array(numbers, np.float64),
        np.array(identities, np.uint64),
    )
