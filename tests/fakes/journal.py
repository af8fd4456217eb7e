"""The journal of a fake platform: every message that the platform accepted.

Tests check deliveries by the journal only.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message that the platform accepted, or one edit of a message."""

    at: float  # wall clock time, seconds since 1970
    kind: str  # "post", "edit", "file" or "ephemeral"
    chat: str
    thread: str = ""  # Telegram's message_thread_id, Slack's thread_ts
    id: str  # the platform's id of the message
    text: str  # the text that people see, or the content of a file
    name: str = ""  # of a file
    delivery: str = ""  # from Slack's metadata
    number: int = 0
    silent: bool = False
    concurrent: int = 1  # open requests of this chat at that moment, including this one
    payload: dict[str, Any] = dataclasses.field(default_factory=dict)  # the arguments of the call, unchanged


class Journal:
    """Entries in order of arrival, in memory.

    If there is a path, each entry is also appended to this file as a line of JSON.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def write(self, entry: Entry) -> None:
        self._entries.append(entry)
        if self._file:
            self._file.write(json.dumps(dataclasses.asdict(entry), ensure_ascii=True) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
