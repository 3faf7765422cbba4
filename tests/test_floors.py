"""Imports only go down: the floors of the package, and what may stand where.

A module's floor is that of its first name below the package, so a subpackage stands on one floor;
inside it modules import each other freely, as long as there is no cycle.
"""

import ast
import json
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = (
    {
        "autodiff.fits",
        "autodiff.native",
        "autodiff.plane",
        "autodiff.real",
        "autodiff.syntax",
    },
    {"autodiff.activations", "autodiff.modes", "autodiff.op", "autodiff.powers", "autodiff.shares"},
    {"autodiff.ops", "autodiff.graph"},
    {"autodiff.value"},
    {"autodiff.copies", "autodiff.names"},
    {"autodiff.calculus", "autodiff.checks", "autodiff.expression"},
    {"autodiff.formula", "autodiff.program"},
    {"autodiff.export", "autodiff.backends"},
    {"autodiff.drawing"},
    {"autodiff"},  # __init__.py, the public face: what nn and the command line import
    {"nn"},
    {"autodiff.cli"},
    {"autodiff.__main__"},
)
LEVEL = {unit: level for level, units in enumerate(FLOORS) for unit in units}
OURS = {"autodiff", "nn"}
VAGUE = {"base", "common", "core", "helpers", "manager", "misc", "tools", "utils"}
MOST_LINES = 300


def module_name(path: Path) -> str:
    """The dotted name of a file; a package has the name of its directory."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(p): p for package in sorted(OURS) for p in sorted((ROOT / package).rglob("*.py"))
}


def unit(module: str) -> str:
    """What has a floor: `nn` as a whole, and in `autodiff` each file or directory."""
    return "nn" if module.split(".")[0] == "nn" else ".".join(module.split(".")[:2])


def statements(tree: ast.AST, inside: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Every import statement, and whether it stands inside a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, inside
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue  # for the type checker only; nothing is imported
        else:
            deeper = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from statements(node, inside or deeper)


def targets(statement: ast.stmt, module: str) -> Iterator[str]:
    """The modules an import statement names: `from autodiff import real` names autodiff.real."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        source = statement.module or ""
        if statement.level:
            package = (
                module.split(".") if FILES[module].name == "__init__.py" else module.split(".")[:-1]
            )
            above = package[: len(package) - statement.level + 1]
            source = ".".join([*above, source] if source else above)
        for alias in statement.names:
            inner = f"{source}.{alias.name}"
            yield inner if inner in FILES else source


def imports(module: str, inside: bool) -> set[str]:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    found = {
        target
        for node, where in statements(tree)
        if where == inside
        for target in targets(node, module)
    }
    return found - {module}


@pytest.mark.parametrize("module", FILES)
def test_every_module_has_a_floor(module: str) -> None:
    assert unit(module) in LEVEL, f"give {unit(module)} a floor in FLOORS"


@pytest.mark.parametrize("module", FILES)
def test_imports_at_module_level_go_down(module: str) -> None:
    for target in imports(module, inside=False):
        top = target.split(".")[0]
        if top not in OURS:
            assert top in sys.stdlib_module_names, (
                f"{module} imports {top}: third-party packages are imported where they are needed"
            )
        elif unit(target) != unit(module):
            assert LEVEL[unit(target)] < LEVEL[unit(module)], (
                f"{module} imports {target}, which is not below it"
            )


def test_there_is_no_cycle() -> None:
    graph = {
        module: {target for target in imports(module, inside=False) if target in FILES}
        for module in FILES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("modules import each other: " + " -> ".join(error.args[1]))


@pytest.mark.parametrize("module", [m for m in FILES if unit(m) not in {"nn", "autodiff.cli"}])
def test_only_the_command_line_knows_nn(module: str) -> None:
    for target in imports(module, inside=True) | imports(module, inside=False):
        assert unit(target) != "nn", f"{module} imports {target}"


@pytest.mark.parametrize("module", [m for m in FILES if unit(m) == "autodiff.cli"])
def test_the_command_line_imports_nn_where_it_needs_it(module: str) -> None:
    assert "nn" not in {unit(target) for target in imports(module, inside=False)}


@pytest.mark.parametrize("module", [m for m in FILES if unit(m) == "nn"])
def test_nn_uses_the_public_face(module: str) -> None:
    for target in imports(module, inside=True) | imports(module, inside=False):
        assert target.split(".")[0] != "autodiff" or target == "autodiff", (
            f"{module} imports {target}: nn uses what `import autodiff` gives, like any user"
        )


@pytest.mark.parametrize("module", FILES)
def test_modules_stay_short_and_well_named(module: str) -> None:
    lines = len(FILES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{module} has {lines} lines: split it by what its parts mean"
    vague = VAGUE & set(module.split("."))
    assert not vague, f"{module}: say what it does, not {vague}"


LOADED = """
import sys, json
before = set(sys.modules)
import autodiff
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""


def test_importing_autodiff_loads_nothing_else(run_python) -> None:
    done = run_python("-c", LOADED)
    assert done.returncode == 0, done.stderr
    others = set(json.loads(done.stdout)) - {"autodiff"} - sys.stdlib_module_names
    assert not others, f"import autodiff also loads {others}"
