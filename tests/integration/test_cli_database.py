"""The subcommands check, db, backup and restore."""

import socket
import sqlite3
from contextlib import closing

import pytest

from bot.platforms.slack.manifest import scopes_of
from subscriptions.store.database.schema import HEAD
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import PAGE, Terminal

MORNING = "2026-01-22T06:00:00Z"
LATER = "2026-01-22T12:00:00Z"


def questions(terminal: Terminal, *arguments: str) -> dict[str, dict[str, object]]:
    """Returns the findings of `check` by question; of several findings for one question, the one with something to mend."""
    found = sorted(terminal("check", *arguments, "--json").json, key=lambda finding: bool(finding["mend"]))
    return {str(finding["question"]): finding for finding in found}


def test_checking_a_fresh_installation_makes_nothing(terminal: Terminal) -> None:
    ended = terminal("check", "--offline")
    assert ended.status == 0
    for question in ("Settings", "Database", "Newest copy", "Templates", "Clock", "Proxy"):
        assert question in ended.out
    assert not terminal.database.exists()


def test_an_installation_that_works_is_well(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    found = questions(terminal)
    assert f"schema {HEAD}" in str(found["Database"]["answer"])
    assert str(found["Telegram"]["answer"]) == "off, it has no token"
    assert not any(finding["mend"] for finding in found.values())


def test_arxiv_that_cannot_be_reached_gets_no_tick(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the settings name no source, there is nothing to mend."""

    def no_host(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", no_host)
    terminal.file("paperwire.toml", "")
    ended = terminal("check")
    assert ended.status == 0
    assert [line[0] for line in ended.out.splitlines() if "Source arxiv" in line] == ["·", "·"]


def test_what_is_wrong_is_named_with_its_cure(terminal: Terminal) -> None:
    terminal.set("TELEGRAM_TOKE", "x")
    terminal.file("paperwire.db", "no database at all, and longer than a header of one hundred bytes " * 3)
    ended = terminal("check", "--offline")
    assert ended.status == 1
    assert "Did you mean PAPERWIRE_TELEGRAM_TOKEN?" in ended.out
    assert "is not a paperwire database" in ended.out


def test_a_setting_that_cannot_be_used_ends_check_too(terminal: Terminal) -> None:
    terminal.set("TIMEZONE", "secret-nonsense")
    ended = terminal("check", "--offline")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("PAPERWIRE_TIMEZONE cannot be used")
    assert "secret-nonsense" not in ended.err


def test_tokens_and_scopes_are_asked_for(terminal: Terminal) -> None:
    with FakeTelegram() as telegram, FakeSlack() as slack:
        terminal.set("TELEGRAM_TOKEN", TOKEN)
        terminal.set("TELEGRAM_API_URL", telegram.url)
        terminal.set("SLACK_BOT_TOKEN", SLACK_TOKEN)
        terminal.set("SLACK_API_URL", slack.url)
        for name in scopes_of():
            slack.grants(name)
        found = questions(terminal)
        assert "the token works" in str(found["Telegram"]["answer"])
        assert str(found["Slack scopes"]["answer"]) == "all are granted"
        assert "Slack" not in questions(terminal, "--offline")

        slack.withdraws("chat:write")
        telegram.revokes()
        found = questions(terminal)
        assert str(found["Slack scopes"]["answer"]) == "without chat:write: nothing works"
        assert "PAPERWIRE_TELEGRAM_TOKEN" in str(found["Telegram"]["cure"])
        assert all(found[question]["mend"] for question in ("Telegram", "Slack scopes"))
        slack.grants("chat:write")
        slack.withdraws("channels:history")
        assert not questions(terminal)["Slack scopes"]["mend"]

        shown = terminal("check")
        assert shown.status == 1
        assert TOKEN not in shown.out + shown.err
        assert SLACK_TOKEN not in shown.out + shown.err


def test_another_bot_s_database_is_told(terminal: Terminal) -> None:
    with FakeTelegram() as telegram:
        terminal.set("TELEGRAM_TOKEN", TOKEN)
        terminal.set("TELEGRAM_API_URL", telegram.url)
        terminal("deliver")
        assert not questions(terminal)["Telegram"]["mend"]
        with closing(sqlite3.connect(terminal.database)) as database, database:
            database.execute("UPDATE platform SET bot = '999' WHERE name = 'telegram'")
        assert "belongs to another bot" in str(questions(terminal)["Telegram"]["answer"])


def test_a_platform_that_is_down_is_told(terminal: Terminal) -> None:
    terminal.set("TELEGRAM_TOKEN", TOKEN)
    terminal.set("TELEGRAM_API_URL", "http://127.0.0.1:9")
    found = questions(terminal)
    assert found["Telegram"]["mend"]
    assert "does not answer" in str(found["Telegram"]["answer"])


def test_the_schema_can_be_asked_for_and_brought_up(terminal: Terminal) -> None:
    assert f"There is no database at {terminal.database}." in terminal("db", "current").err
    assert terminal("db", "upgrade").out == f"✓ The schema is at {HEAD}.\n"
    assert terminal("db", "current").out == f"{HEAD}\n"
    ended = terminal("db")
    assert ended.status == 2
    assert "upgrade" in ended.out


def test_a_first_start_makes_the_database_without_alembic(terminal: Terminal) -> None:
    program = "import sys; from bot.cli import run; run(sys.argv[1:]); print('alembic' in sys.modules)"
    assert terminal.python(program, "db", "upgrade").out.splitlines() == [f"✓ The schema is at {HEAD}.", "False"]


def test_a_copy_holds_everything_and_comes_back(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    assert terminal("backup", "copies/good.db").out.startswith("✓ copies/good.db, ")
    before = terminal("export", "--all").out
    terminal("unsubscribe", "all", "--as", "console:me")
    changed = terminal("export", "--all").out

    ended = terminal("restore", "copies/good.db")
    assert ended.status == 0
    assert "may be sent again; --lost-at TIME counts it as sent." in ended.out
    assert terminal("export", "--all").out == before

    (kept,) = (terminal.folder / "backups").glob("replaced-*.db")
    assert str(kept) in ended.out
    assert terminal("restore", str(kept)).status == 0
    assert terminal("export", "--all").out == changed


def test_nothing_that_was_due_before_the_loss_is_sent_twice(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE)
    terminal("subscribe", "graph", "--as", "console:me", "--now", MORNING)
    terminal("subscribe", "diffusion", "--as", "console:me", "--every", "daily", "--at", "8", "--now", MORNING)
    terminal("ingest", "day.md", "--now", MORNING)
    terminal("backup", "night.db")
    assert terminal("deliver", "--now", LATER, "--json").json["sent"] > 0
    ended = terminal("restore", "night.db", "--lost-at", LATER)
    assert ended.status == 0
    assert "Deliveries that count as sent: 1." in ended.out
    after = terminal("deliver", "--now", "2026-01-22T13:00:00Z", "--json").json
    assert after == {"planned": 0, "sent": 0, "papers": 0, "waiting": 0, "unclear": 0, "dead": 0}


def test_papers_due_before_a_swapped_copys_loss_count_as_sent(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE)
    terminal("subscribe", "graph", "--as", "console:me", "--now", MORNING)
    terminal("ingest", "day.md", "--now", MORNING)
    said = [terminal("restore", "--lost-at", LATER).out for _ in range(2)]
    assert said == ["✓ Deliveries that count as sent: 1.\n", "✓ Deliveries that count as sent: 0.\n"]
    assert terminal("deliver", "--now", "2026-01-22T13:00:00Z", "--json").json["planned"] == 0


def test_a_restore_names_a_copy_or_the_moment_of_the_loss(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    ended = terminal("restore")
    assert (ended.status, ended.out) == (2, "")
    assert "Say which copy to put back, or when the database was lost." in ended.err


def test_a_restore_into_nothing_makes_the_database(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "copy.db")
    for path in terminal.folder.glob("paperwire.db*"):
        path.unlink()
    ended = terminal("restore", "copy.db")
    assert (ended.status, "is kept" in ended.out) == (0, False)
    assert len(terminal("subscriptions", "--json").json) == 1


def test_a_killed_restore_leaves_nothing_for_the_next_one(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "copy.db")
    begun = terminal.folder / "paperwire.db.restoring"
    begun.write_bytes((terminal.folder / "copy.db").read_bytes())
    with closing(sqlite3.connect(begun)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("DELETE FROM subscription")
        connection.commit()
        log = begun.with_name(begun.name + "-wal").read_bytes()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    begun.with_name(begun.name + "-wal").write_bytes(log)
    assert terminal("restore", "copy.db").status == 0
    assert len(terminal("subscriptions", "--json").json) == 1
    assert not list(terminal.folder.glob("*.restoring*"))


def test_a_damaged_database_is_replaced_and_kept(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "copy.db")
    damaged = b"damaged" * 1000
    terminal.database.write_bytes(damaged)
    ended = terminal("restore", "copy.db")
    assert ended.status == 0, ended.err
    assert len(terminal("subscriptions", "--json").json) == 1
    (kept,) = (terminal.folder / "backups").glob("replaced-*.db")
    assert kept.read_bytes() == damaged


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no file copy.db."),
        (b"no database, and longer than the header of a database is " * 3, "The copy copy.db is damaged."),
        (b"", "is not a copy of a paperwire database"),
        ("CREATE TABLE other (x)", "is not a copy of a paperwire database"),
        ("UPDATE alembic_version SET version_num = 'r99'", "was written by a newer paperwire"),
        (
            "UPDATE alembic_version SET version_num = '0018'",
            "copy.db was written by a paperwire from before its first release",
        ),
        ("UPDATE platform SET bot = '999' WHERE name = 'telegram'", "belongs to another Telegram bot"),
    ],
)
def test_a_copy_that_is_none_changes_nothing(terminal: Terminal, content: bytes | str | None, sentence: str) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    with closing(sqlite3.connect(terminal.database)) as database, database:
        database.execute("INSERT INTO platform (name, bot, bot_name) VALUES ('telegram', '1', '')")
    if isinstance(content, bytes):
        terminal.file("copy.db", content)
    elif content is not None:
        if not content.startswith("CREATE"):
            terminal("backup", "copy.db")
        with closing(sqlite3.connect(terminal.folder / "copy.db")) as copy, copy:
            copy.execute(content)
    before = terminal("export", "--all").out
    ended = terminal("restore", "copy.db")
    assert (ended.status, ended.out) == (1, "")
    assert sentence in ended.err
    assert terminal("export", "--all").out == before
    assert not list(terminal.folder.glob("*.restoring*"))


def test_a_loss_in_the_future_is_wrong_usage(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "copy.db")
    assert terminal("restore", "copy.db", "--lost-at", "2190-01-01").status == 2
    assert terminal("restore", "copy.db", "--lost-at", "noon").status == 2


def test_a_copy_never_overwrites_what_is_no_copy(terminal: Terminal) -> None:
    assert f"There is no database at {terminal.database}." in terminal("backup", "copy.db").err
    terminal("subscribe", "graph", "--as", "console:me")
    terminal.file("letter.txt", "Dear Ada,")
    for target, sentence in (
        ("letter.txt", "letter.txt is not a copy of a database"),
        ("paperwire.db", "A database cannot be its own copy."),
        (".", ". is a folder."),
    ):
        ended = terminal("backup", target)
        assert (ended.status, ended.out) == (2, "")
        assert sentence in ended.err
    assert terminal("backup", "copy.db").status == 0
    assert terminal("backup", "copy.db").status == 0


KILLED = """
import os, shutil, sqlite3, sys
from contextlib import closing
from datetime import datetime, UTC
from pathlib import Path
from subscriptions.store.database.store import Store
from subscriptions.service.backups import restore
there, folder, now = sys.argv[1], Path.cwd(), datetime(2026, 1, 22, 12, tzinfo=UTC)
STEPS = {"open", "os.rename", "os.remove", "shutil.copyfile", "sqlite3.connect"}

def restored(copy, stop):
    done = 0
    def hook(event, arguments):
        nonlocal done
        if event in STEPS and str(folder) in str(arguments[0]):
            done += 1
            if done == stop:
                os._exit(9)
    sys.addaudithook(hook)
    store = Store(f"sqlite:///{folder}/paperwire.db")
    restore(store, folder / copy, copies=folder / "backups", lost_at=now, now=now)
    store.close()
    os._exit(0)

def in_a_process(copy, stop):
    pid = os.fork()
    if pid == 0:
        try:
            restored(copy, stop)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

step, status = 1 + ["whole", "damaged", "gone"].index(there), 9  # each of the three takes every third step
while status == 9:
    for path in folder.glob("paperwire.db*"):
        path.unlink()
    if there == "whole":
        shutil.copyfile("second.db", "paperwire.db")
    if there == "damaged":
        Path("paperwire.db").write_bytes(b"damaged" * 1000)
    status = in_a_process("first.db", step)
    assert there == "gone" or Path("paperwire.db").exists(), step
    assert in_a_process("second.db", 0) == 0, step
    with closing(sqlite3.connect("paperwire.db")) as database:
        found = database.execute("SELECT text FROM subscription ORDER BY number").fetchall()
        assert found == [("graph",), ("tree",)], (step, found)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",), step
    assert not list(folder.glob("*.restoring*")), step
    step += 3
assert status == 0, status
print(step)
"""


@pytest.mark.parametrize("there", ["whole", "damaged", "gone"])
def test_a_restore_killed_at_any_step_can_be_repeated(terminal: Terminal, there: str) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "first.db")
    terminal("subscribe", "tree", "--as", "console:me")
    terminal("backup", "second.db")
    ended = terminal.python(KILLED, there)
    assert ended.status == 0, ended.err
    assert int(ended.out) > 10  # the steps were counted


def test_leftovers_of_a_lost_database_do_not_reach_the_copy(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "copy.db")
    with closing(sqlite3.connect(terminal.database)) as database:
        database.execute("DELETE FROM subscription")
        database.commit()
        log = (terminal.folder / "paperwire.db-wal").read_bytes()
    terminal.database.unlink()
    terminal.file("paperwire.db-wal", log)
    assert terminal("restore", "copy.db").status == 0
    assert len(terminal("subscriptions", "--json").json) == 1
