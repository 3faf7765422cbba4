"""Writing a file so that a kill or a full disk leaves the old one or the new one, never half.

A temporary file in the same directory is written and brought to the disk (fsync), takes the place
of the old one in a single step, and then the directory is brought to the disk too.
"""

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def write_atomically(path: str | Path, text: str) -> None:
    """Put `text` in the file, as UTF-8. Raises OSError when that fails; the old file is whole then.

    A file that is there keeps its permissions, and a symbolic link stays one.
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; give the name of a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {path.parent}; make it first")
    number, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            _set_permissions(file.fileno(), path)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_directory(path.parent)


def _set_permissions(file: int, path: Path) -> None:
    """Those of the old file; for a new one what any program would give it."""
    if not hasattr(os, "fchmod"):  # Windows
        return
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    os.fchmod(file, mode)


def _sync_directory(directory: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
