"""Finds problems of the places where database and copies lie: a layer of a container, rights of others."""

import re
from collections.abc import Iterator
from pathlib import Path

from bot.operation.checks._finding import Finding
from subscriptions.errors import Sentence

MOUNTS = Path("/proc/self/mountinfo")  # of Linux
_LAYERS = frozenset({"overlay", "aufs"})  # file systems of containers' layers
_OCTAL = re.compile(r"\\([0-7]{3})")
_OTHERS = 0o077


def mounts() -> str:
    """Returns the mounts as Linux lists them; "" on other systems."""
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def check_storage(database: Path, copies: Path, mounted: str) -> Iterator[Finding]:
    """Yields a finding for each problem of the places of the database and its copies. `mounted`: see `mounts`."""
    if database.exists() and is_in_layer(database.resolve(), mounted):
        yield Finding(
            question=Sentence("Database"),
            answer=Sentence("it lies in a layer of a container, and is lost with the container"),
            cure=Sentence("Mount a volume for its folder, as docs/operating.md does with -v paperwire:/data."),
            mend=True,
        )
    kept = sorted(copies.glob("*.db")) if copies.is_dir() else []
    for file in (database, *kept):
        if file.exists() and file.stat().st_mode & _OTHERS:
            yield Finding(
                question=Sentence("Rights"),
                answer=Sentence("others on this machine may read {file}", {"file": file}),
                cure=Sentence("Take their rights away: chmod 600 {file}", {"file": file}),
                mend=True,
            )
            return


def is_in_layer(file: Path, mounted: str) -> bool:
    """Returns whether a file lies in a layer of a container: on none of its volumes."""
    found: tuple[int, str] = (-1, "")
    for line in mounted.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and after:  # noqa: PLR2004 - proc(5): the fifth is where it is mounted
            place = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]))
            if file.is_relative_to(place):
                found = max(found, (len(place.parts), after.split()[0]))
    return found[1] in _LAYERS
