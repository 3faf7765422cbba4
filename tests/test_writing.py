"""Writing: whatever happens in the middle, the old file or the new one is there, whole."""

import contextlib
import errno
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nn import MLP, load, save
from nn.writing import write_atomically

ROOT = Path(__file__).parent.parent


def test_a_new_file_and_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("first, äöü\n", "second"):
        write_atomically(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    (tmp_path / "plain").touch()
    write_atomically(path, "x")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    path.chmod(0o600)
    write_atomically(path, "y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "to" / "a.txt")
    write_atomically(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "to" / "a.txt").read_text() == "x"


def test_no_place_to_write(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        write_atomically(tmp_path, "x")
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        write_atomically(tmp_path / "none" / "a.txt", "x")


@pytest.mark.parametrize("function", ["fsync", "replace", "fdopen"])
def test_a_failing_disk_leaves_the_old_file(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")

    def full(*args: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, full)
        with pytest.raises(OSError, match="No space left"):
            write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


FULL = """
import resource
from nn import MLP, load, save
save(MLP(2, [2, 1], seed=1), "m.json")
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    save(MLP(2, [40, 40, 1], seed=2), "m.json")
except OSError as error:
    print("refused", error.errno)
print(load("m.json"))
"""


def test_a_disk_that_takes_no_more(run_python: Any, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    done = run_python("-c", FULL)
    shown = f"refused {errno.EFBIG}\nMLP(2, [2, 1], sigmoid: 9 parameters)\n"
    assert done.stdout == shown, done.stderr
    assert os.listdir(tmp_path) == ["m.json"]


SAVING = """
import sys
from nn import MLP, save
models = [MLP(2, [30, 1], seed=k, names="layer") for k in (1, 2)]
print("ready", flush=True)
k = 0
while True:
    save(models[k % 2], "m.json")
    k += 1
"""


def killed_while_saving(directory: Path, moments: int, seed: int) -> None:
    rng = random.Random(seed)
    whole = [MLP(2, [30, 1], seed=k, names="layer").predict([0.1, 0.5]) for k in (1, 2)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    save(MLP(2, [30, 1], seed=1, names="layer"), directory / "m.json")
    for _ in range(moments):
        child = subprocess.Popen(
            [sys.executable, "-c", SAVING],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.02))
        child.kill()
        child.wait()
        child.stdout.close()
        assert load(directory / "m.json").predict([0.1, 0.5]) in whole
        for left in directory.glob(".m.json.*"):  # what a kill leaves behind is never read
            with contextlib.suppress(OSError):
                left.unlink()


def test_killed_while_saving(tmp_path: Path) -> None:
    killed_while_saving(tmp_path, 8, seed=1)


@pytest.mark.slow
def test_killed_while_saving_at_200_moments(tmp_path: Path) -> None:
    killed_while_saving(tmp_path, 200, seed=2)
