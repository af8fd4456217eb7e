"""sources and sources poll: what happened at each source, and asking now."""

import json
from collections.abc import Iterator
from datetime import date

import pytest

from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import PAGE, Terminal, page
from tests.make import paper

NOW = ("--now", "2026-01-22T06:00:00Z")
THURSDAY = date(2026, 1, 22)


@pytest.fixture
def arxiv(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeArxiv]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FakeArxiv() as fake:
        fake.announces(THURSDAY, paper("Graphs that forget", "cs.LG"), paper("Nets", "cs.LG"))
        terminal.set("ALLOWED_HOSTS", "127.0.0.1")
        yield fake


def source(name: str, url: str, schedule: str = "every 30m") -> str:
    return f'[[source]]\nname = "{name}"\nurl = "{url}"\nschedule = "{schedule}"\n'


def test_before_the_first_look_every_source_is_listed_and_nothing_is_made(terminal: Terminal) -> None:
    (row,) = terminal("sources", "--json", *NOW).json
    assert row == {"name": "inbox", "state": "on", "last": None, "next_at": None}
    assert "never" in terminal("sources").out


def test_a_poll_brings_papers_and_leaves_a_receipt(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG", "arxiv"))
    ended = terminal("sources", "poll", "--json", *NOW)
    assert (ended.status, ended.err) == (0, "")
    (row,) = ended.json
    last = row.pop("last")
    assert row == {"name": "lg", "state": "on", "next_at": "2026-01-23T05:05:00Z"}
    assert (last["at"][:16], last["outcome"], last["detail"]) == ("2026-01-22T06:00", "new", "")
    counts = {"digests": 1, "papers": 2, "new": 2, "updated": 0, "unchanged": 0, "failed_summaries": 0}
    assert last["counts"] == counts
    assert terminal("sources", "--json", *NOW).json == [{**row, "last": last}]
    shown = terminal("sources", *NOW).out
    assert "lg" in shown
    assert "new: 2 new of 2" in shown


def test_one_source_can_be_asked_and_an_unknown_name_is_answered_with_those_there_are(
    terminal: Terminal, arxiv: FakeArxiv
) -> None:
    arxiv.holds("/list.md", PAGE)
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG") + source("list", f"{arxiv.url}/list.md"))
    (row,) = terminal("sources", "poll", "list", "--json").json
    assert (row["name"], row["last"]["counts"]["new"]) == ("list", 3)
    assert arxiv.asked() == ["/list.md"]
    wrong = terminal("sources", "poll", "lsit")
    assert (wrong.status, wrong.out) == (1, "")
    assert wrong.err == "There is no source lsit. Known are: lg, list.\n"


def test_a_source_that_fails_is_status_one_and_a_sentence_and_the_other_is_read(
    terminal: Terminal, arxiv: FakeArxiv
) -> None:
    terminal.file("paperwire.toml", source("gone", f"{arxiv.url}/gone.md") + source("lg", f"{arxiv.url}/rss/cs.LG"))
    ended = terminal("sources", "poll", *NOW)
    assert ended.status == 1
    assert "gone: 127.0.0.1 answers 404 Not Found." in ended.out
    assert "Traceback" not in ended.out + ended.err
    rows = {row["name"]: row for row in terminal("sources", "--json", *NOW).json}
    assert (rows["gone"]["state"], rows["lg"]["state"]) == ("failing", "on")


def test_a_private_address_that_nobody_allowed_is_named_with_its_cure(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.set("ALLOWED_HOSTS", "example.org")
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG?token=secret"))
    ended = terminal("sources", "poll")
    assert ended.status == 1
    assert "127.0.0.1 is an address of a private network" in ended.out
    assert "secret" not in ended.out + ended.err + terminal("sources").out
    assert arxiv.asked() == []


def test_a_folder_is_read_at_once_and_what_is_ingested_by_hand_leaves_a_receipt_too(terminal: Terminal) -> None:
    terminal.file("inbox/a.md", PAGE)
    (row,) = terminal("sources", "poll", "--json").json
    assert (row["last"]["outcome"], row["last"]["counts"]["new"], row["next_at"]) == ("new", 3, None)
    terminal.file("elsewhere/b.md", page(("2601.00009", "Graphs", "Nodes.")))
    assert terminal("ingest", "elsewhere", "--source", "inbox").status == 0
    (row,) = terminal("sources", "--json").json
    assert row["last"]["counts"]["new"] == 1


def test_a_source_that_is_named_no_more_is_shown_as_off(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("old", f"{arxiv.url}/rss/cs.LG"))
    terminal("sources", "poll", *NOW)
    terminal.file("paperwire.toml", source("new", f"{arxiv.url}/rss/cs.LG"))
    terminal("sources", "poll", *NOW)
    rows = terminal("sources", "--json", *NOW).json
    assert [(row["name"], row["state"], row["next_at"] is None) for row in rows] == [
        ("new", "on", False),
        ("old", "off", True),
    ]
    assert rows[1]["last"]["outcome"] == "new"


def test_run_once_asks_what_is_due_and_sends_it(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG"))
    terminal.set("WEB_PORT", "0")
    terminal("subscribe", "graphs", "--as", "console:me")
    ended = terminal("run", "--once")
    assert (ended.status, "Graphs that forget" in ended.out) == (0, True)
    assert len(arxiv.asked()) == 1
    assert terminal("run", "--once").status == 0
    assert len(arxiv.asked()) == 1  # it is not due yet


def test_the_contact_stands_in_what_servers_are_told(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.set("CONTACT", "me@example.org")
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG"))
    terminal("sources", "poll")
    agent = arxiv.arrivals[0].headers["User-Agent"]
    assert agent.startswith("paperwire/")
    assert agent.endswith(" (+me@example.org)")


def test_operators_are_told_of_a_source_that_fails(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.set("ADMINS", "console:ops")
    terminal.file("paperwire.toml", source("gone", f"{arxiv.url}/gone.md"))
    for _ in range(2):
        terminal("sources", "poll", *NOW)
    ended = terminal("deliver", "--json", *NOW)
    assert ended.json["sent"] == 1
    assert "gone cannot be read." in ended.err
    assert "404 Not Found" in ended.err


def test_check_says_of_each_source_whether_it_can_be_reached_and_what_came_last(
    terminal: Terminal, arxiv: FakeArxiv
) -> None:
    terminal.file(
        "paperwire.toml",
        source("lg", f"{arxiv.url}/rss/cs.LG") + source("gone", f"{arxiv.url}/gone.md") + source("daily", f"{arxiv.url}/{{date}}.md"),
    )  # fmt: skip
    terminal("sources", "poll", "lg")
    found = [row for row in terminal("check", "--json").json if row["question"].startswith("Source ")]
    told = {
        name: [row["answer"] for row in found if row["question"] == f"Source {name}"]
        for name in ("lg", "gone", "daily")
    }
    assert told["lg"][0].endswith(": new")
    assert told["lg"][1:] == ["it can be reached"]
    assert told["gone"] == ["nobody has looked at it yet", "127.0.0.1 answers 404 Not Found."]
    assert told["daily"][1] == "it can be reached; that of today is not there yet"
    offline = terminal("check", "--offline", "--json").json
    assert [row["answer"] for row in offline if row["question"] == "Source gone"] == ["nobody has looked at it yet"]
    assert json.dumps(offline)
