"""Makes a corpus small: of all inputs the shortest that reach something that no other reaches."""

import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.programs.fuzz.targets import CORPUS, TARGETS, file_name

MOST = 150  # inputs that are kept of a target
LONGEST = 3000  # bytes of an input that is kept

Reached = frozenset[tuple[CodeType, int, int]]  # (function, from line, to line)


def keep_smallest(name: str, *folders: Path) -> int:
    """Writes the smallest corpus that reaches all that these folders and the kept one reach; returns how many inputs it has."""
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    paths = [path for folder in (*folders, kept) for path in folder.iterdir()]
    found = sorted(
        {path.read_bytes() for path in paths if path.stat().st_size <= LONGEST}, key=lambda data: (len(data), data)
    )
    chosen = _smallest(name, found)
    for path in kept.iterdir():
        if path.name not in {file_name(data) for data in chosen}:
            path.unlink()
    for data in chosen:
        (kept / file_name(data)).write_bytes(data)
    return len(chosen)


def _smallest(name: str, found: list[bytes]) -> list[bytes]:
    """Returns inputs that together reach all, by the usual greedy choice: always the one that reaches most that is new."""
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
    """Returns the steps from line to line that an input takes in the target's code."""
    target = TARGETS[name]
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
    threading.settrace(enter)  # commands run in threads
    try:
        with suppress(Exception):  # findings are reported elsewhere
            target.check(data)
    finally:
        threading.settrace(previous)
        sys.settrace(previous)
    return frozenset(steps)
