"""The log: one event is one line, which a program can read, with nothing of what people wrote and no secret."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.log import say_for, start_logging
from bot.settings import Settings, load_settings
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import DIGEST, Process
from tests.integration.telegram_bot import running as app_of
from tests.make import FakeClock, ingested, paper, subscribes
from tests.patience import PATIENCE

# What people write in the story: none of it is a word of the program.
WORDS = ("zebrafinch", "warbler", "nuthatch", "goldcrest", "wheatear", "dunnock", "siskin", "bunting")
SECRET = TOKEN.partition(":")[2]
TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error|critical) [\w.]+: \S.*")
STARTUP = re.compile(
    r"(Health: http|Pages: http|No pages: |paperwire is on: |Database: /|Watching /|Nobody runs this bot yet|Stopping: finishing|Telegram: )"
)


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        yield fake


def story(folder: Path, remote: Remote, log_format: str) -> list[str]:
    """Runs a process through conversations, deliveries and faults. Returns the lines of its log."""
    (folder / "inbox").mkdir()
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    environ = {"PAPERWIRE_LOG_FORMAT": log_format, "PAPERWIRE_LOG_LEVEL": "debug", "PAPERWIRE_ACCESS": "open"}
    program = Process(folder, "run", fake=remote, environ=environ)
    try:
        remote.call("user_writes", "/sub cs.* OR zebrafinch now", "4242")
        remote.call("user_writes", "/set quiet off", "4242")  # so that the time of day does not matter
        remote.call("waits_for", "sendMessage", 2, chat="4242", seconds=50)
        remote.call("answers", "echo page", 1, method="sendMessage")
        for said in ("/name 1 warbler", "/sub -nuthatch", "goldcrest", "/search wheatear", "/pause dunnock", "/siskin"):
            remote.call("user_writes", said, "4242")
        remote.call("user_writes", "/sub@paperwire_test_bot bunting", "-10077", by="4242")
        remote.call("waits_for", "sendMessage", 8, chat="4242", seconds=50)
        (folder / "inbox" / "a.md").write_text("# About\n\nThese are notes.\n")
        (folder / "inbox" / "b.md").write_bytes(DIGEST.read_bytes())
        remote.call("waits_for", "sendMessage", 9, chat="4242", seconds=50)
        remote.call("answers", "cut before", 1, method="sendMessage")
        remote.call("user_writes", "/list siskin", "4242")
        remote.call("waits_for", "sendMessage", 10, chat="4242", seconds=50)
        remote.call("blocks", "4242")
        remote.call("serves_pages", "404 page", 2)
    finally:
        program.process.terminate()
        _, err = program.process.communicate(timeout=PATIENCE)
    assert program.process.returncode == 0, err
    return list(err.splitlines())


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_every_line_is_readable_and_holds_no_words_and_no_secret(
    log_format: str, tmp_path: Path, remote: Remote
) -> None:
    lines = story(tmp_path, remote, log_format)
    said = "\n".join(lines)
    for hidden in (*WORDS, SECRET):
        assert hidden not in said
    if log_format == "text":
        assert [line for line in lines if not TEXT.fullmatch(line) and not STARTUP.match(line)] == []
        assert re.search(r"A message was sent: delivery=\w+ chat=telegram:4242 worker=\d+$", said, re.MULTILINE)
        return
    events = [json.loads(line) for line in lines]
    assert all({"at", "level", "logger", "message", "worker"} <= event.keys() for event in events)
    sent = [event for event in events if event["message"].startswith("A message was sent")]
    assert sent
    assert all(event["chat"] == "telegram:4242" and event["delivery"] for event in sent)
    assert {event.get("source") for event in events if "papers in" in event["message"]} == {"daily"}


# ── the formatter ─────────────────────────────────────────────────────────────────────────────────────────────────────


def settings_with(tmp_path: Path, **values: str) -> Settings:
    environ = {f"PAPERWIRE_{name.upper()}": value for name, value in values.items()}
    return load_settings({"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", **environ}, tmp_path)


@pytest.fixture
def own_log() -> Iterator[logging.Logger]:
    """The program's logger; what a test sets up is taken back."""
    root, ours = logging.getLogger(), logging.getLogger("paperwire")
    before = (list(root.handlers), root.level, ours.level)
    yield ours
    root.handlers, root.level, ours.level = before


def test_a_secret_is_replaced_in_the_fields_as_well(
    tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_with(tmp_path, telegram_token=TOKEN, log_format="json"), quiet=False)
    own_log.warning("Asked.", extra={"source": f"https://example.org/{TOKEN}", "chat": {"a": TOKEN}})
    event = json.loads(capsys.readouterr().err)
    assert (event["source"], TOKEN in str(event)) == ("https://example.org/<secret>", False)


def test_a_field_cannot_stand_in_place_of_what_every_line_has(
    tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_with(tmp_path, log_format="json"), quiet=False)
    own_log.warning("Asked.", extra={"level": "debug", "at": "never"})
    event = json.loads(capsys.readouterr().err)
    assert (event["level"], event["message"]) == ("warning", "Asked.")
    assert event["at"] != "never"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_error_of_a_library_is_logged_without_its_words(
    log_format: str, tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_with(tmp_path, log_format=log_format), quiet=False)
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["zebrafinch"]
    message = f"Task exception was never retrieved\nfuture: <Task exception={caught.value!r}>"
    logging.getLogger("asyncio").error(message, exc_info=caught.value)
    (line,) = capsys.readouterr().err.splitlines()
    assert "Task exception was never retrieved: KeyError in test_an_error" in line
    assert "zebrafinch" not in line


def test_lines_for_the_operator_are_events_in_a_json_log(
    tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    for log_format, level in (("json", "error"), ("text", "error")):
        settings = settings_with(tmp_path, log_format=log_format, log_level=level)
        start_logging(settings, quiet=False)
        say_for(settings)("Watching /inbox")
    first, second = capsys.readouterr().err.splitlines()
    assert (json.loads(first)["message"], json.loads(first)["level"]) == ("Watching /inbox", "info")
    assert second == "Watching /inbox"


async def test_a_rendering_error_is_logged_without_its_words(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("zebrafinch")

    async with app_of(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        object.__setattr__(app.context, "render_delivery", fails)
        assert (await app.sender.deliver()).dead == 1
    (record,) = [one for one in caplog.records if "rendered" in one.getMessage()]
    assert re.fullmatch(r"Delivery \w+ cannot be rendered: KeyError in fails, line \d+", record.getMessage())
    assert (vars(record)["chat"], vars(record)["delivery"] in record.getMessage()) == ("telegram:1", True)
