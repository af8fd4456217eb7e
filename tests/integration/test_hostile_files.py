"""Files that are too large, texts that are very long, and names and texts with control codes of a terminal."""

import json
import logging
import re
import tracemalloc
from pathlib import Path
from urllib.parse import quote

import pytest

from bot import digests
from bot.cli.log import start_logging
from bot.digests import names
from bot.digests.files import MAX_BYTES, read_file
from bot.settings import SourceSettings
from subscriptions.chats.known import listed
from subscriptions.database.store import Store
from subscriptions.errors import UnreadableInput
from tests import source_harness
from tests.clock import FakeClock
from tests.fakes.arxiv import FakeArxiv
from tests.given_settings import settings_of
from tests.integration import cli
from tests.integration.cli import Terminal
from tests.integration.web_site import open_pages


async def test_a_file_of_three_gib_is_refused_before_it_is_read(
    store: Store, clock: FakeClock, arxiv: FakeArxiv, tmp_path: Path
) -> None:
    path = tmp_path / "huge.md"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # the file is sparse, so it takes no space on the disk
    tracemalloc.start()
    try:
        feeding = await source_harness.polled(store, clock, arxiv, SourceSettings(name="inbox", path=path))
        _, peak = tracemalloc.get_traced_memory()
        with pytest.raises(UnreadableInput, match=r"huge\.md: larger than 16 MiB"):
            read_file(str(path))
        _, peak_of_arguments = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (receipt,) = feeding.receipts("inbox")
    assert receipt.detail == f"{path}: larger than 16 MiB."
    assert max(peak, peak_of_arguments) < MAX_BYTES // 4


def entry(title: str = "Sand", names: str = "Ada Example", abstract: str = "Grains.") -> str:
    return f"### [1] [{title}](https://arxiv.org/abs/2601.00001)\n*{names}*\n\nTL;DR: sand.\n\nAbstract: {abstract}\n\n"


def test_a_paper_with_a_million_authors_keeps_twenty_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    page = f"# cs.LG\n\n{entry(names='Ada Example,' * 1_000_000)}".encode()
    # so that nothing is imported while memory is traced
    digests.read_digest(f"# cs.LG\n\n{entry()}".encode(), "page.md")
    tracemalloc.start()
    try:
        read = digests.read_digest(page, "page.md")
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(read.entries[0].authors) == names.MOST_AUTHORS
    assert [(one.code, one.count) for one in read.warnings if one.code == "long_fields"] == [("long_fields", 1)]
    assert kept < len(page) // 4
    assert peak < 7 * len(page)  # without a limit of authors, this would be 16 times the length


# names and texts of others move no cursor, end no line and reverse no text

ODD_NAME = "a\n✓ all is well\x1b[2J\u202egnp\u2066\u2028.md"
SHOWN = "a\\u000a✓ all is well\\u001b[2J\\u202egnp\\u2066\\u2028.md"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(terminal: Terminal) -> Terminal:
    terminal.file(ODD_NAME, cli.PAGE.replace("](http", " \u202egnihtemos \u2066\u200f](http", 1))
    terminal.file(f"no digest {ODD_NAME}", "# About\n\nThese are notes.\n")
    terminal.file("paperwire.toml", '[[source]]\nname = "inbox"\npath = "*.md"\n')
    return terminal


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "--papers", "."), ("sources",), ("run", "--once"), ("match", "cs.LG", "."), ("ingest", f"nowhere {ODD_NAME}"),
    ],
    ids=lambda arguments: " ".join(arguments).partition(" nowhere")[0],
)  # fmt: skip
def test_a_name_or_title_is_shown_and_not_obeyed(hostile: Terminal, arguments: tuple[str, ...]) -> None:
    if arguments == ("sources",):
        hostile("sources", "poll")
    ended = hostile(*arguments)
    said = ended.out + ended.err
    assert not OBEYED.search(said), ascii(said)
    assert not any(line.startswith("✓ all is well") for line in said.splitlines())
    assert "\\u202e" in said


@pytest.mark.parametrize("arguments", [("inspect", "--json", "--papers", "."), ("ingest", "--json", ".")])
def test_json_has_the_same_text_without_terminal_codes(hostile: Terminal, arguments: tuple[str, ...]) -> None:
    ended = hostile(*arguments)
    assert not OBEYED.search(ended.out), ascii(ended.out)
    assert json.loads(ended.out)
    assert (
        ODD_NAME in json.dumps(json.loads(ended.out), ensure_ascii=False).encode().decode("unicode_escape", "ignore")
        or "\\n✓ all is well" in ended.out
    )


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_event_of_the_log_is_one_line_whatever_it_names(
    log_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_of({"PAPERWIRE_LOG_FORMAT": log_format}, tmp_path), quiet=False)
    logging.getLogger("paperwire").warning("%s cannot be read.", ODD_NAME, extra={"source": ODD_NAME})
    logging.getLogger().handlers.clear()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not OBEYED.search(said.rstrip("\n")), ascii(said)
    if log_format == "json":
        assert json.loads(said).items() >= {"message": f"{ODD_NAME} cannot be read.", "source": ODD_NAME}.items()
    else:
        assert f"{SHOWN} cannot be read." in said


# what programs can send to the pages, and browsers cannot

ODD = "a\x00b \x01\x1b[2J \x7f"
CONTROLS = set("\x00\x01\x1b\x7f")


@pytest.mark.both_databases
async def test_characters_that_no_database_keeps_are_left_out(
    database_url: str, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_pages(tmp_path, clock, database_url, access="open") as pages:
        browser = pages.browser()
        await browser.opens()
        assert "✓ 1" in await browser.says(f"/sub diffusion {ODD}")
        for said in (f"/name 1 {ODD}", f"/{ODD}", f"/set timezone {ODD}", ODD, f"/set lang {ODD}", f"/privacy {ODD}"):
            assert not set(await browser.says(said)) & CONTROLS, said
        for path, fields in {
            "/chat/say": {"once": ODD, "text": "/list"},
            "/chat/press": {"press": ODD, "message": "1"},
        }.items():
            answer = await browser.posts(path, fields)
            assert answer.status_code < 500, path
        for path in ("/?before=", "/?language="):
            answer = await browser.opens(f"{path}{quote(ODD)}")
            assert answer.status_code in (200, 303), path
            assert not set(answer.text) & CONTROLS, path
        (one,) = pages.app.store.read_now(listed, None)
        assert (one.subscription.text, one.subscription.name) == ("diffusion ab [2J", "ab [2J")
    assert not [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "WARNING")]
