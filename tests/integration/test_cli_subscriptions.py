"""Subcommands about chats, where a transcript (command_line/) is not enough: subscribe, subscriptions, import,
settings, say, link.
"""

from xml.etree import ElementTree as ET

import pytest

from subscriptions.service.chat_status import text_of_payload
from subscriptions.service.retention import bot_name
from subscriptions.store.database.store import Store
from tests.integration.cli import PAGE, Terminal
from tests.make import NOON

MORNING = "2026-01-22T06:00:00Z"


@pytest.fixture(autouse=True)
def _a_day_of_papers(terminal: Terminal) -> None:
    terminal.file("2026-01-22.md", PAGE)
    assert terminal("ingest", "2026-01-22.md", "--now", "2026-01-22T05:00:00Z").status == 0


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--every", "now"], "It comes as soon as papers do."),
        (["--every", "when-out", "--at", "08:00-20:00"], "First: from Thu 22 Jan 08:00 on, as soon as papers are out."),
        (["--every", "weekly", "--on", "tue"], "First: Tue 27 Jan 09:00."),
        (["--every", "daily", "--tz", "+08:00"], "+08:00 is a fixed offset, so it ignores summer time."),
        (["--every", "daily"], "UTC is PAPERWIRE_TIMEZONE"),
        (["--every", "every monday", "--at", "9am"], "clouds · weekly mon 09:00 UTC"),
        (["--every", "mon-fri at 8:30 Berlin"], "clouds · weekdays 08:30 Europe/Berlin"),
        (["--every", "每天", "--at", "早上8点"], "clouds · daily 08:00 UTC"),
        (["--at", "noon"], "clouds · daily 12:00 UTC"),
        (["--every", "weekly", "--on", "fridays"], "clouds · weekly fri 09:00 UTC"),
        (["--name", "clouds"], "· clouds"),
        (["--since", "now"], "Begins with what came since Thu 22 Jan 06:00."),
    ],
)
def test_the_echo_says_what_was_chosen(terminal: Terminal, options: list[str], line: str) -> None:
    assert line in terminal("subscribe", "clouds", "--as", "console:me", "--now", MORNING, *options).out


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["graph", "--as", "nobody"], 2, "“nobody” is not a chat."),
        (["graph"], 2, "Missing option '--as'."),
        (
            ["graph", "--as", "console:me", "--every", "yearly"],
            2,
            "“yearly” is not a schedule. The nearest is: weekly mon 09:00.",
        ),
        (["graph", "--as", "console:me", "--every", "hourly"], 2, "“hourly” is not a schedule. The nearest is: now."),
        (
            ["graph", "--as", "console:me", "--every", "每两天"],
            2,
            "“每两天” is not a schedule. The nearest is: daily 09:00.",
        ),
        (
            ["graph", "--as", "console:me", "--every", "soon"],
            2,
            "“soon” is not a schedule. Choose one of: now, when-out,",
        ),
        (["graph", "--as", "console:me", "--every", "daily 9 Gotham"], 2, "“Gotham” is no place whose clock I know."),
        (
            ["graph", "--as", "console:me", "--every", "daily 9", "--at", "8"],
            2,
            "“daily 9” says a time of day already.",
        ),
        (["graph", "--as", "console:me", "--tz", "Mars/Base"], 2, "“Mars/Base” is not a time zone"),
        (["graph", "--as", "console:me", "--at", "25:00"], 2, "“25:00”"),
        (["graph", "--as", "console:me", "--since", "ever"], 2, "“ever” is not a moment to start from."),
        (["graph", "--as", "console:me", "--now", "soon"], 2, "--now is not a moment: “soon”."),
        (["graph", "--as", "console:me", "--now", "0001-01-01"], 2, "--now is before the year 2000"),
        (["graph", "--as", "telegram:@lab"], 2, "Telegram is off."),
        (["", "--as", "console:me"], 1, "✗ "),
        (["-survey", "--as", "console:me"], 1, "  -survey\n  ^\n"),
    ],
)
def test_what_cannot_be_granted_is_one_sentence(
    terminal: Terminal, arguments: list[str], status: int, sentence: str
) -> None:
    ended = terminal("subscribe", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert sentence in ended.err
    assert terminal("subscriptions", "--json").json == []


def test_a_narrow_terminal_gets_two_lines_for_each_subscription(terminal: Terminal) -> None:
    terminal(
        "subscribe", "diffusion models -survey", "--as", "telegram:-100123/7", "--every", "daily", "--now", MORNING
    )
    terminal("subscribe", "graph", "--as", "telegram:-100123/7", "--every", "now", "--now", MORNING)
    assert terminal.on_screen(60, "subscriptions", "--now", MORNING).out == (
        "telegram:-100123/7\n"
        "   1  diffusion models -survey\n"
        "      daily 09:00 UTC · next Thu 22 Jan 09:00\n"
        "   2  graph\n"
        "      now · next when papers come\n"
    )
    assert "subscription" in terminal.on_screen(120, "subscriptions").out


def test_colour_is_for_terminals_and_for_those_who_want_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert "\x1b[31m✗" in terminal.on_screen(80, "explain", "-x").err
    assert "\x1b[32m✓" in terminal.on_screen(80, "subscribe", "graph", "--as", "console:me").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in terminal.on_screen(80, "explain", "-x").err
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in terminal("subscriptions").out + terminal("explain", "-x").err


@pytest.mark.parametrize(
    ("lines", "arguments", "sentence"),
    [
        (b"now | graph | \nnonsense\n", ["--as", "console:me"], "it is not WHEN | QUERY | NAME. It says: “nonsense”."),
        (b"now | graph | \nnow | -x | \n", ["--as", "console:me"], "Line 2 cannot be imported: This only excludes."),
        (b"now | graph | \nnow | \xff | \n", ["--as", "console:me"], "line 2: this is not UTF-8 text."),
        (
            b"now | graph | a | b\nnow|x|y\x07\n",
            ["--as", "console:me"],
            "Line 2 cannot be imported: A name is one line",
        ),
        (b"now | graph | \n", [], "Line 1 cannot be imported: it belongs to no chat."),
        (b"[console:a]\nnow | graph | \n[console:b]\nnow | x | \n", ["--as", "console:me"], "--as names one, too"),
        (b"[slack:foo]\nnow | graph | \n", [], "Line 1 cannot be imported: “slack:foo” is not a Slack chat."),
        (
            b"[console:a]\nset limit many\n",
            [],
            "Line 2 cannot be imported: Papers shown cannot be “many”. It says: “set limit many”.",
        ),
    ],
)
def test_a_bad_line_is_quoted_and_ends_with_2(
    terminal: Terminal, lines: bytes, arguments: list[str], sentence: str
) -> None:
    for dry in ([], ["--dry-run"]):
        ended = terminal("import", "-", *arguments, *dry, stdin=lines)
        assert (ended.status, ended.out) == (2, "")
        assert sentence in ended.err
    assert terminal("subscriptions", "--json").json == []


def test_every_setting_that_is_shown_can_be_set(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "telegram:42", "--every", "daily", "--at", "8", "--now", MORNING)
    for name, value in terminal("settings", "--as", "telegram:42", "--json").json["settings"].items():
        assert terminal("set", name, *value.split(), "--as", "telegram:42").status == 0


@pytest.fixture
def known(terminal: Terminal) -> Terminal:
    """A folder whose database knows the name of the bot."""
    store = Store(f"sqlite:///{terminal.database}")
    store.open(now=NOON)
    bot_name(store, "telegram", "paper_bot")
    store.close()
    return terminal


def test_the_link_leads_to_the_bot_with_the_query(known: Terminal) -> None:
    query = 'diffusion -"a <b> & c" daily 9'
    found = known("link", query, "--json").json
    url = found["links"]["telegram"]
    start, payload = url.split("?start=")
    assert (start, text_of_payload(payload)) == ("https://t.me/paper_bot", query)
    assert f'<a href="{url}"' in found["html"]
    assert "<b>" not in found["html"] + found["svg"]
    words = " ".join(ET.fromstring(found["svg"]).itertext())  # noqa: S314 - our own
    assert 'paperwire: diffusion, not "a <b> & c"' in words


def test_the_badge_can_be_written_to_a_file(known: Terminal) -> None:
    printed = known("link", "diffusion", "--svg", "badge.svg")
    assert printed.out.splitlines()[0].startswith("https://t.me/paper_bot?start=sub-")
    assert "<svg" not in printed.out
    assert ET.parse(known.folder / "badge.svg").getroot().get("role") == "img"  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["title:"], 1, "title: has nothing after it to look for."),
        (["daily 9"], 2, "This is a time without a query."),
        (["diffusion hourly"], 2, "“hourly” is not a schedule."),
        (["a" * 46], 2, "This is too long for a link"),
        (["diffusion", "--svg", "no/such.svg"], 2, "no/such.svg cannot be written: no such file or directory."),
    ],
)
def test_what_cannot_be_linked_says_why(known: Terminal, arguments: list[str], status: int, said: str) -> None:
    ended = known("link", *arguments)
    assert (ended.status, said in ended.out + ended.err) == (status, True), ended
