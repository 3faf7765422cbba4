"""Strangers' formulas, evaluated in a process of their own that is ended when it takes too long.

`python -m autodiff.drawing.evaluating` reads a JSON text on each line and answers each with a line
of JSON: what a page shows, or a sentence that says what is wrong. `Evaluator` is the other end.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock, Timer

from autodiff.drawing.exploring import page_data
from autodiff.drawing.pagetext import as_json, running
from autodiff.expression import read_lines
from autodiff.syntax import WEB
from autodiff.value import Value

SECONDS = 2.0  # one evaluation
TOO_LONG = f"this takes longer than {SECONDS:g} seconds; try a smaller graph"
FAILED = "this could not be drawn"


def answer(text: str) -> str:
    """The graph of some lines as JSON: {"graph": ..., "code": ...}, or {"problem": "..."}."""
    try:
        graph = read_lines(text, {}, WEB)
        if not graph:
            return as_json({"problem": "write lines such as z = w*x + b"})
        data, code = page_data(_last(graph), {})
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        return as_json({"problem": str(error)})
    return as_json({"graph": data, "code": running(code)})


def _last(graph: dict[str, Value]) -> Value:
    """What the page is about: the last line that computes something."""
    values = list(graph.values())
    return next((value for value in reversed(values) if value.args), values[-1])


class Evaluator:
    """Answers texts through a process that lives until it is too slow, then through a new one."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = Lock()
        self._process: "subprocess.Popen[str] | None" = None  # noqa: UP037 - not at run time

    def answer(self, text: str) -> str:
        """The answer as JSON; never raises for what a text may hold."""
        with self._lock:
            for _ in range(2):  # the process may have been ended by someone else meanwhile
                line, slow = self._asked(text)
                if line:
                    return line
                self._stop()
                if slow:
                    return as_json({"problem": TOO_LONG})
            return as_json({"problem": FAILED})

    def _asked(self, text: str) -> tuple[str, bool]:
        """The process's answer, if any, and whether it was ended for taking too long."""
        process = self._running()
        assert process.stdin
        assert process.stdout
        ended: list[bool] = []

        def end() -> None:
            ended.append(True)
            _end(process)

        timer = Timer(self.seconds, end)
        timer.start()
        try:
            process.stdin.write(json.dumps(text) + "\n")
            process.stdin.flush()
            return process.stdout.readline(), bool(ended)
        except OSError:
            return "", bool(ended)
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            self._stop()
            here = str(Path(__file__).parents[2])
            path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autodiff.drawing.evaluating"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
                encoding="utf-8", start_new_session=True,
            )  # fmt: skip
            ready = self._process.stdout
            assert ready
            ready.readline()  # starting is not part of an evaluation
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process)
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    try:
                        stream.close()
                    except OSError:  # what was still to be written has no reader any more
                        continue


def _end(process: "subprocess.Popen[str]") -> None:
    """Kill the process, and the layout engine that it may have started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        return


def _main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(answer(json.loads(line)), flush=True)


if __name__ == "__main__":
    _main()
