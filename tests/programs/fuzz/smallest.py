"""Reduces a corpus to the shortest inputs that each reach code that no other input reaches."""

import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.programs.fuzz import targets

MOST = 150  # most inputs that are stored for a target
LONGEST = 3000  # most bytes of a stored input

Reached = frozenset[tuple[CodeType, int, int]]  # (function, from line, to line)


def keep_smallest(name: str, *folders: Path) -> int:
    """Writes the smallest corpus that reaches everything that these folders and the stored corpus reach. Returns its size."""
    kept = targets.CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    paths = [path for folder in (*folders, kept) for path in folder.iterdir()]
    found = sorted(
        {path.read_bytes() for path in paths if path.stat().st_size <= LONGEST}, key=lambda data: (len(data), data)
    )
    chosen = _smallest(name, found)
    for path in kept.iterdir():
        if path.name not in {targets.file_name(data) for data in chosen}:
            path.unlink()
    for data in chosen:
        (kept / targets.file_name(data)).write_bytes(data)
    return len(chosen)


def _smallest(name: str, found: list[bytes]) -> list[bytes]:
    """Returns inputs that together reach everything. Greedy: always takes the input that reaches the most new steps."""
    reached = {data: _reached(name, data) for data in found}
    everything: set[tuple[CodeType, int, int]] = set()
    chosen: list[bytes] = []
    while reached and len(chosen) < MOST:
        best = max(reached, key=lambda data: (len(reached[data] - everything), -len(data)))
        new = reached.pop(best) - everything
        if not new:
            break
        everything |= new
        chosen.append(best)
        reached = {data: left for data, steps in reached.items() if (left := steps - everything)}
    return chosen


def _reached(name: str, data: bytes) -> Reached:
    """Returns the steps from line to line that an input causes in the target's code."""
    target = targets.TARGETS[name]
    roots = tuple(part.replace(".", "/") for part in target.code)
    steps: set[tuple[CodeType, int, int]] = set()
    ours: dict[CodeType, bool] = {}

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        code = frame.f_code
        if code not in ours:
            ours[code] = any(f"/{root}" in code.co_filename for root in roots)
        if not ours[code]:
            return None
        before = 0

        def step(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal before
            if event == "line":
                steps.add((code, before, frame.f_lineno))
                before = frame.f_lineno
            return step

        return step

    previous = sys.gettrace()
    sys.settrace(enter)
    threading.settrace(enter)  # commands run in other threads
    try:
        with suppress(Exception):  # another place reports findings
            target.check(data)
    finally:
        threading.settrace(previous)
        sys.settrace(previous)
    return frozenset(steps)
