"""What is compiled when the package is built; everything else about it is in pyproject.toml.

Each extension is optional. Without a compiler, or without the headers of Python, the build says so
and goes on: the package then runs in Python alone (`autodiff info` tells).
"""

import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# The same bits as Python: no fused multiply-add, and never -ffast-math. MSVC does neither unasked.
OPTIONS = {"unix": ["-O3", "-g0", "-std=c11", "-ffp-contract=off", "-fvisibility=hidden"]}

EXTENSIONS = [Extension("autodiff.native.value", ["autodiff/native/value.c"], optional=True)]


class Build(build_ext):
    """Compiles with the options of the compiler at hand."""

    def build_extension(self, ext: Extension) -> None:
        common = OPTIONS.get(self.compiler.compiler_type, [])
        ext.extra_compile_args = [*common, *ext.extra_compile_args]
        super().build_extension(ext)


# The C code relies on reference counts and on the lock of the interpreter.
supported = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
setup(ext_modules=EXTENSIONS if supported else [], cmdclass={"build_ext": Build})
