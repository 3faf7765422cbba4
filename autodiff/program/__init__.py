"""From a recorded graph to a Program, one file for each pass.

trace       Values to nodes; equal ones are merged, `simplify` makes them simpler on the way
lanes       equal sub-graphs over different numbers become one, over an axis of lanes
sums        chains of + - * become sums of products
differentiate   the chain rule on nodes
lower       rows that a backend does not know
group       nodes that do the same at the same time
blocks      rows for what varies, used again when they are free
allocate    slots, and steps over columns of slots: the `Layout` that a backend runs
steps       these steps, as objects and packed

recording, structure, picks   calls of a function that record alike, and one Program for all of them
"""

from autodiff.program.program import Program

__all__ = ["Program"]
