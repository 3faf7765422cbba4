"""What is compiled when the package is built; everything else about it is in pyproject.toml.

Each extension is optional. Without a compiler, or without the headers of Python, the build says so
and goes on: the package then runs in Python alone (`autodiff info` tells).
"""

import platform
import sys
import sysconfig
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# The same bits as Python: no fused multiply-add, and never -ffast-math. MSVC does neither unasked.
OPTIONS = {"unix": ["-O3", "-g0", "-std=c11", "-ffp-contract=off", "-fvisibility=hidden"]}

# The lane interpreter is compiled once for each width; which one runs is decided when it is loaded.
# Its tables are read as vectors and as numbers, so types may alias. No number of it wraps around,
# though Python asks for -fwrapv, which costs some percent.
LANES = ["-D_POSIX_C_SOURCE=200809L", "-fno-strict-aliasing", "-fno-math-errno", "-fno-wrapv"]
SETS = {"lanes_1": [], "lanes_2": []}
if platform.machine().lower() in ("x86_64", "amd64"):
    SETS["lanes_4"] = ["-mavx2", "-mfma"]
    SETS["lanes_8"] = ["-mavx512f", "-mavx512dq", "-mfma", "-mprefer-vector-width=512"]

VALUE = "value attributes walk".split()
NODES = """
    arrays hashing ops nodes simplify handles builder tape nodes_module
    trace alike sums slopes recording
    layout ordering grouping placing packing
    writing segments choosing finishing
""".split()
NODES_HEADERS = "arrays hashing nodes trace layout writing value".split()
MACHINE = "machine instruction_sets buffers memory reading running bound".split()
HEADERS = """
    machine instruction_sets buffers reading running
    steps products totals lanes elementary rows kernels
""".split()

EXTENSIONS = [
    Extension(
        "autodiff.native.value",
        [f"autodiff/native/{name}.c" for name in VALUE],
        depends=[f"autodiff/native/{name}.h" for name in ("value", "compiled", "scalars")],
        optional=True,
    ),
    Extension(
        "autodiff.native.nodes",
        [f"autodiff/native/{name}.c" for name in NODES],
        depends=[f"autodiff/native/{name}.h" for name in NODES_HEADERS],
        optional=True,
    ),
    Extension(
        "autodiff.native.machine",
        [f"autodiff/native/{name}.c" for name in (*MACHINE, *SETS)],
        depends=[f"autodiff/native/{name}.h" for name in HEADERS],
        define_macros=[(f"HAVE_{name.upper()}", "1") for name in SETS],
        extra_compile_args=LANES,
        optional=True,
    ),
]  # fmt: skip


class Build(build_ext):
    """Compiles with the options of the compiler at hand, and each lane width with its own."""

    def build_extensions(self) -> None:
        kind = self.compiler.compiler_type
        for ext in self.extensions:
            ext.extra_compile_args = [*OPTIONS.get(kind, []), *ext.extra_compile_args]
        if kind == "unix":
            self.compiler._compile = with_its_set(self.compiler._compile)
        super().build_extensions()


def with_its_set(compile_one: Any) -> Any:
    """The same, with the flags of the lane width that a source is for."""

    def compile_with_its_set(
        obj: str, src: str, ext: str, cc_args: Any, extra: list[str], pp_opts: Any
    ) -> None:
        compile_one(obj, src, ext, cc_args, [*extra, *SETS.get(Path(src).stem, [])], pp_opts)

    return compile_with_its_set


# The C code relies on reference counts and on the lock of the interpreter.
supported = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
setup(ext_modules=EXTENSIONS if supported else [], cmdclass={"build_ext": Build})
