"""What releases left on people's disks: a database of each kind, the operator's settings and the unit of systemd.

Each folder was made once, by the program of its release, with `python -m tests.releases VERSION` (`__main__`). It never
changes afterwards: newer programs must go on with it (tests/integration/test_upgrade.py).
"""

import lzma
from pathlib import Path

import psycopg

FOLDER = Path(__file__).parent
RELEASES = sorted(path.name for path in FOLDER.iterdir() if (path / "paperwire.toml").exists())
FILE = "paperwire.db.xz"  # a SQLite database
DUMP = "paperwire.sql.xz"  # what pg_dump wrote
TOLD = "told.json"  # what the program of the release said: the addresses of a feed, and an export of all chats


def load(version: str, url: str) -> None:
    """Puts the database of a release where `url` names none yet, or an empty one."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        file.write_bytes(lzma.decompress((FOLDER / version / FILE).read_bytes()))
        return
    with psycopg.connect(url) as connection:
        connection.execute(lzma.decompress((FOLDER / version / DUMP).read_bytes()))
