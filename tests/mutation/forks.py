"""Run the mutants of a Cosmic Ray session without a new pytest for each; see docs/testing.md.

    python tests/mutation/forks.py tests/mutation/program.toml program.sqlite 3

Cosmic Ray starts Python, imports everything and collects the tests for every mutant. Here that is
done once: a child is forked for each mutant, puts the mutated code in the place of the original, in
memory, and runs the tests that reach the mutated statement until one fails. First come those that
failed for other mutants, then the quickest.

What runs while modules are imported (tables, decorators, default values, functions that are called
then) cannot be exchanged afterwards. These mutants come last: each gets a child that has imported
third-party packages only, imports the mutated source, and chooses from all tests.

The last argument is for how many seconds tests are tried on one mutant; what takes longer than a
tenth of that by itself is left out. `again` in its place tries what survived so far with all tests;
survivors in lines that were changed since are left out, and want a session of their own.

Results go into the session, where `cr-report` finds them: of a mutant that was killed the test that
failed or was stopped, of one that survived how many tests were tried.
"""

import gc
import importlib
import json
import os
import resource
import select
import shlex
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from itertools import accumulate
from types import CodeType, FrameType, FunctionType
from typing import Any

import coverage
import hypothesis
import mpmath  # noqa: F401 - not once for each mutant
import numpy  # noqa: F401
import pytest
from cosmic_ray.config import load_config
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult
from mutant import Mutant

MEMORY = 4 << 30  # bytes that a child may ask for
PATIENCE = 20  # seconds, and times as long as usual, before a test is stopped
OUTPUT = os.fdopen(os.dup(1), "w")


class Tests:
    """A plugin that tells which test begins, and takes those first that are likely to fail soon."""

    def __init__(self, seconds: dict[str, float], most: float) -> None:
        self.most = most  # seconds, together
        self.seconds = seconds  # of the tests that may run: they pass when nothing is mutated
        self.kills: Counter[str] = Counter()  # what killed mutants before comes first
        self.pipe = -1

    def pytest_sessionstart(self) -> None:
        # The first example that fails will do.
        quick = hypothesis.settings(phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
        hypothesis.settings.register_profile("mutants", quick)
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.seconds:
            items[:] = self.chosen(items, self.seconds)

    def chosen(self, items: list[pytest.Item], names: Collection[str]) -> list[pytest.Item]:
        known = [item for item in items if item.nodeid in names and item.nodeid in self.seconds]
        known.sort(key=lambda item: (-self.kills[item.nodeid], self.seconds[item.nodeid]))
        ends = accumulate(self.seconds[item.nodeid] for item in known)
        return [item for item, end in zip(known, ends, strict=True) if end <= self.most]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.pipe >= 0:
            os.write(self.pipe, f"{nodeid}\n".encode())


class Functions(Tests):
    """A plugin that runs mutants of functions in the place of the tests."""

    def __init__(self, database: WorkDB, items: list[WorkItem], most: float) -> None:
        super().__init__({}, most)
        self.database = database
        self.items = items
        self.left: list[str] = []  # the mutants that are not run here
        self.modules = {item.mutations[0].module_path for item in items}
        self.paths = {str(module.resolve()) for module in self.modules}
        self.called: set[CodeType] = set()  # while modules were imported
        self.functions: dict[CodeType, list[FunctionType]] = defaultdict(list)
        self.not_passed: set[str] = set()

    def pytest_collection(self) -> None:
        def notice(frame: FrameType, event: str, _: Any) -> None:
            if event == "call" and frame.f_code.co_filename in self.paths:
                self.called.add(frame.f_code)

        sys.setprofile(notice)

    def pytest_collection_finish(self) -> None:
        for module in self.modules:
            name = ".".join(module.with_suffix("").parts)
            importlib.import_module(name.removesuffix(".__init__"))
        sys.setprofile(None)
        for function in gc.get_objects():
            if type(function) is FunctionType and function.__code__.co_filename in self.paths:
                self.functions[function.__code__].append(function)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed":
            self.not_passed.add(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.collect()
        gc.freeze()  # children share what is there
        self.seconds, skipped = answer(lambda: self.timed(session.items))
        reaching = answer(lambda: self.traced(session.items))
        unknown = set(reaching["not passed"]).difference(skipped)
        for mutant in map(Mutant, self.items):
            if mutant.runs_at_import(self.called):
                self.left.append(mutant.job)
                continue
            tests: set[str] = set()
            for lines in mutant.lines():  # of the statement, or else of the function
                for line in lines:
                    tests.update(reaching[mutant.path].get(str(line), ()))
                if tests:
                    break
            chosen = self.chosen(session.items, tests | unknown)

            def survives(mutant: Mutant = mutant, chosen: list[pytest.Item] = chosen) -> bool:
                mutant.replace(self.functions)
                return all(self.passes(item, following) for item, following in pairs(chosen))

            run(self.database, mutant, self, survives)
        return True

    def passes(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        failed = item.session.testsfailed
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return item.session.testsfailed == failed

    def timed(self, items: list[pytest.Item]) -> tuple[dict[str, float], list[str]]:
        """How long the tests take, and which are skipped."""
        seconds = {}
        for item, following in pairs(items):
            start = time.perf_counter()
            if self.passes(item, following):
                seconds[item.nodeid] = time.perf_counter() - start
            else:
                tell("fails without a mistake, left out:", item.nodeid)
        tell(f"{len(seconds)} tests, {sum(seconds.values()):.0f} s")
        seconds = {name: each for name, each in seconds.items() if each <= self.most / 10}
        tell(f"{len(seconds)} of them are tried, {sum(seconds.values()):.0f} s")
        return seconds, sorted(self.not_passed)

    def traced(self, items: list[pytest.Item]) -> dict[str, Any]:
        """Of each module, which tests reach a line; and those that do not pass under a tracer."""
        trace = coverage.Coverage(data_file=None, config_file=False, include=[*self.paths])
        trace.start()
        known = [item for item in items if item.nodeid in self.seconds]
        for item, following in pairs(known):
            trace.switch_context(item.nodeid)
            self.passes(item, following)
        trace.stop()
        reached = trace.get_data()
        lines = {path: reached.contexts_by_lineno(path) for path in self.paths}
        return {**lines, "not passed": sorted(self.not_passed)}


def pairs(items: list[pytest.Item]) -> list[tuple[pytest.Item, pytest.Item | None]]:
    """Each with the one after it, which pytest wants to know."""
    return list(zip(items, [*items, None][1:], strict=True))


def tell(*what: object) -> None:
    print(time.strftime("%H:%M:%S"), *what, file=OUTPUT, flush=True)


def answer(work: Callable[[], Any]) -> Any:
    """What `work()` returns in a child."""
    with tempfile.TemporaryFile("w+") as file:
        if (child := os.fork()) == 0:
            try:
                json.dump(work(), file)
                file.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        file.seek(0)
        return json.load(file)


def run(database: WorkDB, mutant: Mutant, tests: Tests, survives: Callable[[], bool]) -> None:
    """Note whether `survives()` in a child, which is stopped when a test takes too long."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        status = 1
        try:
            os.setpgid(0, 0)
            os.close(reading)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            tests.pipe = writing
            status = 0 if survives() else 1
        finally:
            os._exit(status)
    os.close(writing)
    test, tried = "before the first test", 0
    while True:
        limit = PATIENCE * (1 + tests.seconds.get(test, 2.0))
        if not select.select([reading], [], [], limit)[0]:
            os.killpg(child, signal.SIGKILL)
            test += " (stopped)"
            break
        if not (told := os.read(reading, 1 << 16)):
            break
        tried += told.count(b"\n")
        test = told.decode().splitlines()[-1]
    os.close(reading)
    if os.waitpid(child, 0)[1] == 0:
        record(database, mutant, TestOutcome.SURVIVED, f"{tried} tests")
    else:
        tests.kills[test] += 1
        record(database, mutant, TestOutcome.KILLED, test)


def is_current(item: WorkItem, result: WorkResult) -> bool:
    mutant = Mutant(item)
    current = mutant.is_still(result.diff or "")
    if not current:
        tell(f"has changed, left out: {mutant.module}:{mutant.row}:{mutant.column}")
    return current


def record(database: WorkDB, mutant: Mutant, verdict: TestOutcome, found: str) -> None:
    result = WorkResult(WorkerOutcome.NORMAL, found, verdict, mutant.diff())
    database.set_result(mutant.job, result)
    tell(verdict.value, f"{mutant.module}:{mutant.row}:{mutant.column}", found)


def main(settings: str, session: str, which: str = "inf") -> None:
    sys.path.insert(0, os.getcwd())  # as `python -m pytest` does
    command = shlex.split(load_config(settings)["test-command"])
    with use_db(session, WorkDB.Mode.open) as database:
        if which == "again":
            known = database.completed_work_items
            items = [
                item
                for item, result in known
                if result.test_outcome == TestOutcome.SURVIVED and is_current(item, result)
            ]
        else:
            items = [*database.pending_work_items]  # in random order
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    most = float("inf" if which == "again" else which)
    with tempfile.TemporaryDirectory() as directory:
        arguments = [
            *command[command.index("pytest") + 1 :],
            *["-s", "-p", "no:cacheprovider", "--assert=plain", f"--basetemp={directory}/tests"],
        ]

        def functions() -> tuple[dict[str, float], dict[str, int], list[str]]:
            with use_db(session, WorkDB.Mode.open) as database:
                pytest.main(arguments, [plugin := Functions(database, items, most)])
            return plugin.seconds, plugin.kills, plugin.left

        seconds, kills, left = answer(functions)
        tests = Tests(seconds, most)
        tests.kills.update(kills)
        with use_db(session, WorkDB.Mode.open) as database:
            for mutant in (Mutant(item) for item in items if item.job_id in left):

                def survives(mutant: Mutant = mutant) -> bool:
                    mutant.replace_source()
                    return pytest.main(arguments, [tests]) == 0

                if mutant.is_python():
                    run(database, mutant, tests, survives)
                else:
                    record(database, mutant, TestOutcome.INCOMPETENT, "no Python")


if __name__ == "__main__":
    main(*sys.argv[1:])
