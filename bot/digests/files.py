"""Reads files, folders and standard input: how large one may be, which files of a folder count (no hidden ones)."""

import glob
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.digests.decoding import MAX_BYTES
from bot.failures import UnreadableInput
from subscriptions.errors import Sentence

STDIN = "-"
_BYTE = re.compile(r"\\x([0-9a-f]{2})")  # of a name that is not UTF-8, see `in_utf8`


def paths_of(paths: Iterable[str]) -> Iterator[str]:
    """Yields the paths of the documents that arguments name: a file, all files below a folder, `-` for stdin.

    Folders are listed by name, without hidden files.
    """
    for path in paths:
        if path != STDIN and os.path.isdir(path):  # noqa: PTH112  names are kept as they were typed
            yield from _files_below(path)
        else:
            yield path


def read_file(path: str) -> bytes:
    """Returns the bytes of a file, or of standard input for `-`.

    Raises UnreadableInput, also if it is larger than 16 MiB.
    """
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
            _refuse_size(path, len(data))
            return data
        return bytes_of(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError | ValueError) -> UnreadableInput:
    """Returns the error for a file that cannot be read."""
    reason = str(error)
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    return UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": path, "reason": reason}))


def bytes_of(path: str) -> bytes:
    """Returns the bytes of a file, after checking its size. Raises OSError, ValueError, UnreadableInput."""
    with Path(path).open("rb") as file:
        _refuse_size(path, os.fstat(file.fileno()).st_size)
        data = file.read(MAX_BYTES + 1)
    _refuse_size(path, len(data))
    return data


def _refuse_size(path: str, size: int) -> None:
    if size > MAX_BYTES:
        raise UnreadableInput(Sentence("{name}: larger than {limit} MiB.", {"name": path, "limit": MAX_BYTES >> 20}))


def _files_below(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(here, name)  # noqa: PTH118  names are kept as they were typed
            if not name.startswith(".") and _stamp(path):
                yield path


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Properties of a file that change with its content."""

    size: int
    changed: int  # nanoseconds of the file system; compared only with other values of the same file
    inode: int


def list_folder(pattern: str) -> dict[str, FileStamp]:
    """Returns the files that match a pattern such as `inbox/*.md` or `inbox/**/*.md`; a folder means all files in it.

    Hidden files are left out. Returns {} if the folder does not exist (it may still be made). Raises UnreadableInput if
    the folder cannot be listed.
    """
    folder = folder_of(pattern)
    if barred := barred_at(folder):
        raise UnreadableInput(Sentence("{name}: the folder cannot be read; check its rights.", {"name": str(barred)}))
    if not is_there(folder):
        return {}
    inside = os.path.relpath(pattern, folder)
    if inside in (os.curdir, "**") or inside.endswith("/**"):
        inside = f"{inside}/*"
    # `**` follows no link here, unlike that of the module glob: it could lead round or through the whole machine
    found, depth = {}, len(folder.parts)
    for path in folder.glob(inside):
        is_hidden = any(part.startswith(".") for part in path.parts[depth:])
        if not is_hidden and (stamp := _stamp(name := str(path))):
            found[name] = stamp
    return found


def is_missing(pattern: str) -> bool:
    """Returns whether a path without wildcards does not exist: it has not come yet, or its name is mistyped."""
    return not (glob.has_magic(pattern) or _may_exist(pattern))


def is_there(folder: Path) -> bool:
    """Returns whether it is a folder; False if this user may not know, see `barred_at`."""
    return os.path.isdir(folder)  # noqa: PTH112


def barred_at(folder: Path) -> Path | None:
    """Returns the folder, or the outermost folder around it, that this user may not read or enter.

    None if there is none.

    What is below such a folder can be neither seen nor denied: a method of `Path` raises PermissionError for it.
    """
    for one in (*reversed(folder.parents), folder):
        try:
            is_folder = stat.S_ISDIR(one.stat().st_mode)
        except PermissionError:  # also where `os.access` promises more than a network's file system keeps
            return one
        except (OSError, ValueError):
            return None
        if is_folder and not os.access(one, os.R_OK | os.X_OK if one == folder else os.X_OK):
            return one
    return None


def _may_exist(path: str) -> bool:
    return os.path.exists(path) or barred_at(Path(path).parent) is not None  # noqa: PTH110  as `barred_at`


def in_utf8(path: str) -> str:
    """Returns a path as it can be stored: a byte that is not UTF-8 becomes its number."""
    return os.fsencode(path).decode(errors="backslashreplace")


def is_gone(path: str) -> bool:
    """Returns whether a file that could not be read is not there any more; False for "", the folder itself.

    `path` is as `in_utf8` returns it.
    """
    named = _BYTE.sub(lambda found: os.fsdecode(bytes.fromhex(found[1])), path)
    return path != "" and not (_may_exist(path) or _may_exist(named))


def folder_of(pattern: str) -> Path:
    """Returns the folder in which the files of a pattern are searched.

    For the path of a folder, returns that folder.
    """
    folder = Path(pattern)
    if not is_there(folder):
        folder = folder.parent
    while glob.has_magic(str(folder)) and not is_there(folder):
        folder = folder.parent
    return folder


def _stamp(path: str) -> FileStamp | None:
    """Returns the stamp of a file, None if it is gone or is no regular file."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    if stat.S_ISREG(found.st_mode):
        return FileStamp(found.st_size, found.st_mtime_ns, found.st_ino)
    return None
