"""The modules that an idle bot loads if only Telegram is on, and the memory that it takes."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.context import without
from subscriptions.store.database.store import Store
from tests.fakes.process import ROOT
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import INBOX
from tests.patience import PATIENCE
from tests.programs.faults.soak.program import running_program

# bytes of resident memory; the docs promise 120 MB. Included are the web pages, all modules, and memory that Python's
# compiler leaves if it compiles the modules at each start
MOST = 119e6
UNUSED = {
    "alembic",  # the schema is already the newest
    "apprise",  # no destination of Apprise is set
    "babel",  # no message is rendered
    "bs4",  # no HTML page is read
    "cryptography",  # there are no encrypted tokens
    "httpx._main",
    "jinja2",
    "pygments",
    "requests",  # needed by apprise alone
    "rich.console",
    "slack_sdk",
    "psycopg",  # the database is an SQLite file
    "procrastinate",
    "bot.delivery.cluster",
    "bot.platforms.slack.adapter",
    "bot.demo",
}
_RUN = """
import pathlib, sys
from bot.__main__ import main
try:
    main()
finally:
    pathlib.Path("loaded").write_text("\\n".join(sys.modules))
"""


@pytest.fixture
def environment(tmp_path: Path, telegram: FakeTelegram) -> dict[str, str]:
    """The environment of a bot with Telegram only. Its database is empty and has the newest schema."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text(INBOX)
    store = Store(f"sqlite:///{tmp_path}/paperwire.db")
    store.open(now=datetime.now(UTC))
    store.close()
    return {
        "PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/paperwire.db",
        "PAPERWIRE_TELEGRAM_TOKEN": TOKEN,
        "PAPERWIRE_TELEGRAM_API_URL": telegram.url,
    }


def test_nothing_is_loaded_that_nobody_uses(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _RUN, "run", "--once"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set((tmp_path / "loaded").read_text().split())
    assert {"telegram", "httpx", "bot.platforms.telegram.adapter"} <= loaded, "the platform is on"
    assert loaded & UNUSED == set()


@pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc")
def test_an_idle_process_is_small(tmp_path: Path, environment: dict[str, str], telegram: FakeTelegram) -> None:
    with running_program(tmp_path, environment) as program:
        assert telegram.queue.asked.wait(PATIENCE), "it listens"
        taken = program.sample(0).memory
    assert taken < MOST


def test_parts_left_out_of_a_library_can_be_imported() -> None:
    sys.modules.pop("colorsys", None)
    with without("colorsys"), pytest.raises(ImportError):
        import colorsys  # noqa: PLC0415 - the import is what is tested
    import colorsys  # noqa: PLC0415 - as above

    with without("colorsys"):
        import colorsys as again  # noqa: PLC0415 - as above
    assert again is colorsys is sys.modules["colorsys"]
