"""All targets by name, and the stored corpus of each."""

import hashlib
from pathlib import Path
from typing import Final

from tests.programs.fuzz import asked, typed
from tests.programs.fuzz.documents import DIGESTS
from tests.programs.fuzz.talk import CONVERSATIONS
from tests.programs.fuzz.target import Target

TARGETS: Final[dict[str, Target]] = {
    "digests": DIGESTS,
    "queries": typed.QUERIES,
    "sentences": typed.SENTENCES,
    "times": typed.TIMES,
    "schedules": typed.SCHEDULES,
    "lines": typed.LINES,
    "conversations": CONVERSATIONS,
    "telegram": asked.UPDATES,
    "slack": asked.PAYLOADS,
    "http": asked.CONNECTIONS,
}

MOST: Final = 150  # most inputs that are stored for a target
LONGEST: Final = 3000  # most bytes of a stored input
CORPUS: Final = Path(__file__).parent / "corpus"


def kept(name: str) -> dict[str, bytes]:
    """Returns file name → input of a target's stored corpus."""
    folder = CORPUS / name
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def file_name(data: bytes) -> str:
    """Returns the file name under which an input is stored."""
    return hashlib.sha256(data).hexdigest()[:16]
