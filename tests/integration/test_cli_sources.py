"""The subcommands sources and sources poll: the receipts of each source, and polling now."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from subscriptions.store.database.store import Store
from subscriptions.store.sources import known_sources
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


def test_before_the_first_look_every_source_is_listed(terminal: Terminal) -> None:
    terminal("db", "upgrade")
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
    counts = {"digests": 1, "papers": 2, "new": 2, "updated": 0, "unchanged": 0, "archived": 0, "failed_summaries": 0}
    assert last["counts"] == counts
    assert terminal("sources", "--json", *NOW).json == [{**row, "last": last}]
    shown = terminal("sources", *NOW).out
    assert "lg" in shown
    assert "new: 2 new of 2" in shown


def test_one_source_can_be_asked_an_unknown_name_is_refused(terminal: Terminal, arxiv: FakeArxiv) -> None:
    arxiv.holds("/list.md", PAGE)
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG") + source("list", f"{arxiv.url}/list.md"))
    (row,) = terminal("sources", "poll", "list", "--json").json
    assert (row["name"], row["last"]["counts"]["new"]) == ("list", 3)
    assert arxiv.asked() == ["/list.md"]
    assert [row["name"] for row in terminal("sources", "poll", "LIST", "--json").json] == ["list"]
    wrong = terminal("sources", "poll", "lsit")
    assert (wrong.status, wrong.out) == (1, "")
    assert wrong.err == "There is no source lsit. Known are: lg, list.\n"


def test_a_failing_source_ends_with_1_and_the_other_is_read(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("gone", f"{arxiv.url}/gone.md") + source("lg", f"{arxiv.url}/rss/cs.LG"))
    ended = terminal("sources", "poll", *NOW)
    assert ended.status == 1
    assert "gone: 127.0.0.1 answers 404 Not Found." in ended.out
    assert "Traceback" not in ended.out + ended.err
    rows = {row["name"]: row for row in terminal("sources", "--json", *NOW).json}
    assert (rows["gone"]["state"], rows["lg"]["state"]) == ("failing", "on")


def test_a_private_address_is_refused_with_advice(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.set("ALLOWED_HOSTS", "example.org")
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG?token=secret"))
    ended = terminal("sources", "poll")
    assert ended.status == 1
    assert "127.0.0.1 is an address of a private network, where sources may not be." in ended.out
    assert "name the host in PAPERWIRE_ALLOWED_HOSTS" in ended.out
    assert "secret" not in ended.out + ended.err + terminal("sources").out
    assert arxiv.asked() == []


def test_a_path_that_leads_nowhere_is_named_in_full(terminal: Terminal) -> None:
    terminal("db", "upgrade")
    terminal.file("paperwire.toml", '[[source]]\nname = "daily"\npath = "inbx"\n')
    place = terminal.folder / "inbx"
    assert f"daily: There is nothing at {place} yet." in terminal("sources").out
    (row,) = [row for row in terminal("check", "--offline", "--json").json if row["question"] == "Source daily"]
    assert row["answer"] == f"there is nothing at {place}"
    assert "correct path in paperwire.toml" in row["cure"]
    terminal.file("inbx/a.md", PAGE)
    assert "nothing" not in terminal("sources").out


def test_manual_ingests_leave_a_receipt_too(terminal: Terminal) -> None:
    terminal.file("inbox/a.md", PAGE)
    (row,) = terminal("sources", "poll", "--json").json
    assert (row["last"]["outcome"], row["last"]["counts"]["new"], row["next_at"]) == ("new", 3, None)
    terminal.file("elsewhere/b.md", page(("2601.00009", "Graphs", "Nodes.")))
    assert terminal("ingest", "elsewhere", "--source", "inbox").status == 0
    (row,) = terminal("sources", "--json").json
    assert row["last"]["counts"]["new"] == 1


WHEN_OUT = ("--as", "console:me", "--every", "when-out", "--at", "08:00-20:00")


def test_a_look_from_another_folder_switches_no_source_off(
    terminal: Terminal, arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/late.md", "arxiv"))
    terminal("subscribe", "diffusion", *WHEN_OUT, "--now", "2026-01-22T07:00:00Z")
    terminal.file("elsewhere/paperwire.toml", source("mine", "https://example.org/other.md"))
    monkeypatch.chdir(terminal.folder / "elsewhere")
    terminal("subscriptions")
    store = Store(f"sqlite:///{terminal.database}")
    assert {one.name: one.state.on for one in known_sources(store)} == {"lg": True, "mine": True}
    store.close()


def test_an_unknown_format_is_wrong_usage_before_any_request(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG") + 'format = "arxiv_rs"\n')
    for arguments in (("sources", "poll"), ("run", "--once"), ("deliver",), ("check",)):
        ended = terminal(*arguments)
        assert ended.status == 2
        assert "source 1, format cannot be used: it must be one of arxiv_rss" in ended.out + ended.err
    assert arxiv.asked() == []


def test_a_look_in_another_year_is_shown_with_its_year(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG", "0 6 24 12 *"))
    shown = terminal("sources", "poll", "--now", "2026-12-25T06:00:00Z").out
    assert "Fri 25 Dec 06:00" in shown
    assert "2027" in shown


def test_run_once_asks_what_is_due_and_sends_it(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("lg", f"{arxiv.url}/rss/cs.LG"))
    terminal.set("WEB_PORT", "0")
    terminal("subscribe", "graphs", "--as", "console:me")
    arxiv.announces(
        datetime.now(UTC).date(), paper("Graphs that forget", "cs.LG")
    )  # the program has the machine's clock
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


def test_check_says_which_sources_can_be_reached(terminal: Terminal, arxiv: FakeArxiv) -> None:
    terminal.file(
        "paperwire.toml",
        source("lg", f"{arxiv.url}/rss/cs.LG") + source("gone", f"{arxiv.url}/gone.md") + source("daily", f"{arxiv.url}/{{date}}.md"),
    )  # fmt: skip
    arxiv.announces(datetime.now(UTC).date(), paper("Nets of today", "cs.LG"))
    terminal("sources", "poll", "lg")
    found = [row for row in terminal("check", "--json").json if row["question"].startswith("Source ")]
    subscribed = {
        name: [row["answer"] for row in found if row["question"] == f"Source {name}"]
        for name in ("lg", "gone", "daily")
    }
    assert subscribed["lg"][0].endswith(": new")
    assert subscribed["lg"][1:] == ["it can be reached"]
    assert subscribed["gone"] == ["nobody has looked at it yet", "127.0.0.1 answers 404 Not Found."]
    assert subscribed["daily"][1] == "it can be reached; that of today is not there yet"
    offline = terminal("check", "--offline", "--json").json
    assert [row["answer"] for row in offline if row["question"] == "Source gone"] == ["nobody has looked at it yet"]
    assert json.dumps(offline)
