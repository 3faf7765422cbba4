"""Pictures of a graph: folded to what can be read, written as DOT, SVG, PNG, PDF and HTML."""

from autodiff.drawing.exploring import Exploration, explore
from autodiff.drawing.figure import Drawing, draw

__all__ = ["Drawing", "Exploration", "draw", "explore"]
