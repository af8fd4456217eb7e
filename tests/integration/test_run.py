"""The process `paperwire run`: its work, its log and its memory."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.cli import log
from bot.settings import Settings
from subscriptions.database.store import Store
from tests import forked
from tests.fakes.process import Remote
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.watchman import Watchman
from tests.given_settings import settings_of
from tests.integration import cli
from tests.integration.program import free_port
from tests.patience import PATIENCE

# people use these words in their messages; the program's own texts do not contain them
WORDS = ("zebrafinch", "warbler", "nuthatch", "goldcrest", "wheatear", "dunnock", "siskin", "bunting")
SECRET = TOKEN.partition(":")[2]
COUNTED = (
    'paperwire_request_seconds_count{outcome="answered",platform="telegram"} ',
    'paperwire_messages_total{kind="reply",outcome="sent",platform="telegram"} ',
    "paperwire_planning_seconds_count ",
    "process_resident_memory_bytes ",
)


def talks(remote: Remote) -> None:
    """Three people and a group write to the program. One of its posts gets a page of a proxy as the answer."""
    remote.call("waits_for", "sendMessage", 2, seconds=50)
    remote.call("answers", "echo page", 1, method="sendMessage")
    for person, texts in {
        "4242": ["/name 1 warbler"],
        "4243": ["/sub -nuthatch", "goldcrest", "/search wheatear"],
        "4244": ["/pause dunnock", "/siskin"],
    }.items():  # a chat gets at most three messages at once
        for text in texts:
            remote.call("user_writes", text, person)
    remote.call("user_writes", "/sub@paperwire_test_bot bunting", "-10077", by="4242")
    remote.call("waits_for", "sendMessage", 9, seconds=50)


def asked(url: str, page: str) -> httpx.Response:
    return httpx.get(f"{url}/{page}", timeout=PATIENCE, trust_env=False)


def test_a_process_works_and_its_log_holds_no_words(tmp_path: Path, remote: Remote) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    remote.call("user_writes", "/sub cs.* OR zebrafinch now", "4242")  # before the program starts
    remote.call("user_writes", "/set quiet off", "4242")  # so that the time of day does not matter
    with Watchman() as watchman:
        environ = {
            "PAPERWIRE_LOG_FORMAT": "json",
            "PAPERWIRE_LOG_LEVEL": "debug",
            "PAPERWIRE_ACCESS": "open",
            "PAPERWIRE_HEARTBEAT_URL": watchman.url,
        }
        with cli.Process(tmp_path, "run", fake=remote, port=port, environ=environ) as program:
            talks(remote)
            assert "unsub" in str(remote.call("menu", "default", "zh"))
            assert watchman.called.get(timeout=PATIENCE) == "/ping/sesame-4711"
            assert asked(url, "health/live").json() == {"live": True}
            missing = asked(url, "settings")
            assert (missing.status_code, missing.text.count("\n")) == (404, 1)
            (tmp_path / "inbox" / "a.md").write_text("# About\n\nThese are notes.\n")
            (tmp_path / "inbox" / "b.md").write_bytes(cli.DIGEST.read_bytes())
            remote.call("waits_for", "sendMessage", 10, seconds=50)
            remote.call("answers", "cut before", 1, method="sendMessage")
            remote.call("user_writes", "/list siskin", "4242")
            remote.call("waits_for", "sendMessage", 11, seconds=50)
            page = asked(url, "metrics").text
            assert [line for line in COUNTED if line not in page] == []
            words = re.findall(r"[\w.-]+", page)  # whole ones: the value of a metric may have the digits of a chat
            assert [hidden for hidden in (*WORDS, SECRET) if hidden in page] == []
            assert not {"4242", "4243", "4244", "-10077", "10077"} & set(words)
            remote.call("blocks", "4242")
            remote.call("answers", "404 page", 2, method="getUpdates")
    assert [hidden for hidden in (*WORDS, SECRET) if hidden in program.err] == []
    events = [json.loads(line) for line in program.err.splitlines()]
    assert all({"at", "level", "logger", "message", "worker"} <= event.keys() for event in events)
    sent = [event for event in events if event["message"].startswith("A message was sent")]
    assert sent
    assert all(event["chat"] == "telegram:4242" and event["delivery"] in event["message"] for event in sent)
    assert {event.get("source") for event in events if "papers in" in event["message"]} == {"daily"}
    assert any("a.md" in event["message"] for event in events)


@pytest.fixture
def begins(tmp_path: Path) -> Iterator[Callable[..., Settings]]:
    """Yields a function that begins to log with these settings. Afterwards, the fixture restores the old log."""
    root, ours = logging.getLogger(), logging.getLogger("paperwire")
    before = (list(root.handlers), root.level, ours.level)

    def begin(**values: str) -> Settings:
        environ = {f"PAPERWIRE_{name.upper()}": value for name, value in values.items()}
        settings = settings_of({"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", **environ}, tmp_path)
        log.start_logging(settings, quiet=False)
        return settings

    yield begin
    root.handlers, root.level, ours.level = before


def test_fields_hold_no_secret_and_replace_nothing(
    begins: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    begins(telegram_token=TOKEN, log_format="json")
    logging.getLogger("paperwire").warning(
        "Asked.",
        extra={"source": f"https://example.org/{TOKEN}", "chat": {"a": TOKEN}, "level": "debug", "at": "never"},
    )
    event = json.loads(capsys.readouterr().err)
    assert (event["source"], TOKEN in str(event)) == ("https://example.org/<secret>", False)
    assert (event["level"], event["message"]) == ("warning", "Asked.")
    assert event["at"] != "never"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_error_of_a_library_is_logged_without_its_words(
    log_format: str, begins: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    begins(log_format=log_format)
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["zebrafinch"]
    message = f"Task exception was never retrieved\nfuture: <Task exception={caught.value!r}>"
    logging.getLogger("asyncio").error(message, exc_info=caught.value)
    (line,) = capsys.readouterr().err.splitlines()
    assert "Task exception was never retrieved: KeyError in test_an_error" in line
    assert "zebrafinch" not in line


# bytes of resident memory; included are the web pages, all modules, and memory that Python's compiler leaves if it
# compiles the modules at each start
MOST_MEMORY = 120e6


@pytest.fixture
def only_telegram(tmp_path: Path, telegram: FakeTelegram) -> dict[str, str]:
    """The environment of a bot with Telegram only. Its database is empty and has the newest schema."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text(cli.INBOX)
    store = Store(f"sqlite:///{tmp_path}/paperwire.db")
    store.open(now=datetime.now(UTC))
    store.close()
    return {
        "PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/paperwire.db",
        "PAPERWIRE_TELEGRAM_TOKEN": TOKEN,
        "PAPERWIRE_TELEGRAM_API_URL": telegram.url,
    }


@pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc")
def test_an_idle_process_is_small(tmp_path: Path, only_telegram: dict[str, str], telegram: FakeTelegram) -> None:
    environ = forked.clean_environment(PAPERWIRE_WEB_PORT="0", **only_telegram)
    command = [sys.executable, "-m", "bot", "run"]  # a copy of this process would have more in its memory
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own program
        try:
            assert telegram.queue.asked.wait(PATIENCE), "it listens"
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        finally:
            process.kill()
    assert pages * os.sysconf("SC_PAGE_SIZE") < MOST_MEMORY


# bytes of resident memory; included are the web pages, all modules, and memory that Python's compiler leaves if it
# compiles the modules at each start
