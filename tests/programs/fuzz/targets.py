"""All targets by name, and the corpus that is kept of each."""

import hashlib
from pathlib import Path
from typing import Final

from tests.programs.fuzz.asked import CONNECTIONS, PAYLOADS, UPDATES
from tests.programs.fuzz.documents import DIGESTS
from tests.programs.fuzz.talk import CONVERSATIONS
from tests.programs.fuzz.target import Target
from tests.programs.fuzz.typed import LINES, QUERIES, SCHEDULES, SENTENCES, TIMES

TARGETS: Final[dict[str, Target]] = {
    "digests": DIGESTS,
    "queries": QUERIES,
    "sentences": SENTENCES,
    "times": TIMES,
    "schedules": SCHEDULES,
    "lines": LINES,
    "conversations": CONVERSATIONS,
    "telegram": UPDATES,
    "slack": PAYLOADS,
    "http": CONNECTIONS,
}

CORPUS: Final = Path(__file__).parent / "corpus"


def kept(name: str) -> dict[str, bytes]:
    """Returns the kept inputs of a target by the names of their files."""
    folder = CORPUS / name
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def file_name(data: bytes) -> str:
    """Returns the name under which an input is kept."""
    return hashlib.sha256(data).hexdigest()[:16]
