"""The subcommands subscribe, subscriptions, unsubscribe, set, preview, export and import."""

import shlex
from pathlib import Path

import pytest

from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import PAGE, Terminal

MORNING = "2026-01-22T06:00:00Z"


@pytest.fixture(autouse=True)
def _a_day_of_papers(terminal: Terminal) -> None:
    terminal.file("2026-01-22.md", PAGE)
    assert terminal("ingest", "2026-01-22.md", "--now", "2026-01-22T05:00:00Z").status == 0


def undo_of(text: str) -> list[str]:
    """Returns the arguments of the subcommand that another subcommand names as its undo."""
    (line,) = (line for line in text.splitlines() if line.startswith("  Undo: paperwire "))
    return shlex.split(line)[2:]


def test_a_guess_is_never_silent(terminal: Terminal) -> None:
    ended = terminal("subscribe", '"graph net', "--as", "console:me", "--now", MORNING)
    assert "(I closed the quotation mark.)" in ended.out


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


def test_a_query_that_ends_in_a_time_is_words_and_says_so(terminal: Terminal) -> None:
    ended = terminal("subscribe", "time series daily", "--as", "console:me", "--now", MORNING)
    assert "✓ 1  time series daily · now" in ended.out
    assert "“daily” is looked for as words; a time is given with --every, --on and --at." in ended.out


def test_a_wish_that_nothing_fits_says_so(terminal: Terminal) -> None:
    ended = terminal("subscribe", "quantum", "--as", "console:me", "--now", MORNING)
    assert "No paper of the last 7 days fits." in ended.out


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
        (["graph", "--as", "console:me", "--now", "0001-01-01"], 2, "--now lies before the year 2000"),
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


def test_a_moment_without_offset_is_local_time_of_the_operator(terminal: Terminal) -> None:
    terminal.set("TIMEZONE", "Asia/Shanghai")
    terminal("subscribe", "graph", "--as", "console:me", "--every", "daily", "--at", "9", "--now", "2026-01-22 08:59")
    terminal(
        "subscribe", "cloud", "--as", "console:me", "--every", "daily", "--at", "9", "--now", "2026-01-22T09:01+08:00"
    )
    dues = [one["next_due_at"] for one in terminal("subscriptions", "--json").json]
    assert dues == ["2026-01-22T01:00:00Z", "2026-01-23T01:00:00Z"]


def test_subscriptions_json_has_the_keys_that_scripts_rely_on(terminal: Terminal) -> None:
    terminal("subscribe", "Graph Networks", "--as", "console:me", "--every", "weekly", "--name", "GN", "--now", MORNING)
    terminal("subscribe", "cs.LG", "--as", "slack:C012")
    first, second = terminal("subscriptions", "--json").json
    assert first == {
        "number": 1,
        "chat": "console:me",
        "name": "GN",
        "text": "Graph Networks",
        "canonical": first["canonical"],
        "cadence": "weekly mon 09:00",
        "zone": "UTC",
        "state": "active",
        "next_due_at": "2026-01-26T09:00:00Z",
    }
    assert second["chat"] == "slack:C012"
    assert [one["number"] for one in terminal("subscriptions", "--as", "slack:C012", "--json").json] == [1]


def test_the_list_is_aligned_and_plain_where_nobody_looks(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal(
        "subscribe", "diffusion models -survey", "--as", "telegram:-100123/7", "--every", "daily", "--now", MORNING
    )
    head, *rows = terminal("subscriptions").out.splitlines()
    assert head.split() == ["chat", "no", "subscription", "when", "next", "state"]
    assert len(rows) == 2
    column = head.index("when")
    assert [row[column : column + 5] for row in rows] == ["now  ", "daily"]
    assert "\x1b" not in "".join(rows)


def test_days_without_announcement_come_from_the_settings(terminal: Terminal) -> None:
    terminal.file("paperwire.toml", WATCHED.format("arxiv") + '[arxiv]\nholidays = ["2026-01-26"]\n')
    daily = ("subscribe", "graph", "--every", "daily", "--at", "08:00", "--now", "2026-01-26T12:00Z")
    terminal.file("inbox/a.md", PAGE)
    terminal("sources", "poll", "--now", "2026-01-26T11:00Z")
    assert (
        "First: Wed 28 Jan 08:00 (arXiv announces nothing on a holiday)." in terminal(*daily, "--as", "console:a").out
    )
    terminal.file("paperwire.toml", WATCHED.format("arxiv") + "[arxiv]\nholidays = []\n")
    assert "First: Tue 27 Jan 08:00." in terminal(*daily, "--as", "console:b").out


def test_an_open_window_is_not_promised_for_a_past_time(terminal: Terminal) -> None:
    window = ("--every", "when-out", "--at", "08:00-20:00", "--now", "2026-01-24T18:00Z")
    assert "First: as soon as papers are out." in terminal("subscribe", "graph", "--as", "console:me", *window).out


WATCHED = '[[source]]\nname = "daily"\npath = "inbox"\nschedule = "{}"\n'


@pytest.mark.parametrize(
    ("schedule", "cadence", "shown"),
    [
        ("arxiv", "daily --at 08:00", "Mon 26 Jan 08:00"),
        ("arxiv", "when-out --at 08:00-20:00", "Mon 26 Jan about 08:00"),
        ("arxiv", "now", "Mon 26 Jan about 06:05"),
        ("every 30m", "daily --at 08:00", "Sun 25 Jan 08:00"),
        ("every 30m", "when-out --at 08:00-20:00", "from Sun 25 Jan 08:00 on"),
        ("every 30m", "now", "when papers come"),
    ],
)
def test_the_list_predicts_each_delivery(terminal: Terminal, schedule: str, cadence: str, shown: str) -> None:
    terminal.set("TIMEZONE", "Europe/Berlin")
    terminal.file("paperwire.toml", WATCHED.format(schedule))
    night = ("--now", "2026-01-24T21:00+01:00")  # a Saturday
    terminal("subscribe", "graph", "--as", "console:me", "--every", *cadence.split(), *night)
    (row,) = terminal("subscriptions", *night).out.splitlines()[1:]
    assert row.rstrip().endswith(shown)
    due = terminal("subscriptions", "--json", *night).json[0]["next_due_at"]
    assert due == (None if cadence == "now" else "2026-01-25T07:00:00Z")


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


def test_an_empty_list_says_how_to_begin(terminal: Terminal) -> None:
    assert "paperwire subscribe" in terminal("subscriptions").out
    assert terminal("subscriptions", "--json").json == []


def test_unsubscribe_names_what_would_bring_it_back(terminal: Terminal) -> None:
    terminal(
        "subscribe",
        "-survey diffusion",
        "--as",
        "console:me",
        "--every",
        "weekly",
        "--on",
        "fri",
        "--at",
        "7",
        "--name",
        "D m",
    )
    before = terminal("subscriptions", "--json").json[0]
    gone = terminal("unsubscribe", "1", "--as", "console:me")
    assert (gone.status, gone.out.splitlines()[:2]) == (0, ["✓ Removed 1 subscription:", "  1  D m"])
    assert terminal("subscriptions", "--json").json == []
    assert terminal(*undo_of(gone.out)).status == 0
    after = terminal("subscriptions", "--json").json[0]
    assert after["number"] == 2
    assert {**after, "number": 1} == before


@pytest.mark.parametrize("which", ["2", "cloud -rain", "-rain cloud"])
def test_a_subscription_is_removed_by_number_or_query(terminal: Terminal, which: str) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("subscribe", "cloud -rain", "--as", "console:me")
    assert terminal("unsubscribe", which, "--as", "console:me").status == 0
    assert [one["text"] for one in terminal("subscriptions", "--json").json] == ["graph"]


def test_all_removes_all_and_then_there_is_nothing(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("subscribe", "cloud", "--as", "console:me")
    assert "Removed 2 subscriptions:" in terminal("unsubscribe", "all", "--as", "console:me").out
    assert "no subscription to remove" in terminal("unsubscribe", "all", "--as", "console:me").out
    assert terminal("unsubscribe", "1", "--as", "console:me").status == 1


def test_the_value_of_a_setting_may_have_blanks_and_dashes(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    assert (
        "Schedule: every Friday 07:00" in terminal("set", "schedule", "weekly", "fri", "7:00", "--as", "console:me").out
    )
    assert "Time zone: -03:00" in terminal("set", "tz", "-03:00", "--as", "console:me").out


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lmit", "3", "Did you mean limit?"),
        ("limit", "many", "Papers shown cannot be “many”."),
        ("lang", "fr", "English (en), 中文 (zh)"),
    ],
)
def test_a_setting_that_is_none_is_wrong_usage(terminal: Terminal, name: str, value: str, sentence: str) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    ended = terminal("set", name, value, "--as", "console:me")
    assert (ended.status, ended.out) == (2, "")
    assert sentence in ended.err


def test_preview_shows_what_would_be_sent_and_marks_nothing(terminal: Terminal) -> None:
    terminal("subscribe", "diffusion", "--as", "telegram:42", "--now", MORNING)
    shown = terminal("preview", "--as", "telegram:42", "--now", MORNING)
    assert (shown.status, shown.err) == (0, "")
    assert "Diffusion models for weather <https://arxiv.org/abs/2601.00001>" in shown.out
    document = terminal("preview", "--as", "telegram:42", "--now", MORNING, "--json").json
    assert sorted(document["papers"]) == ["2601.00001", "2601.00002"]
    assert "<b>" in document["messages"][0]["payload"]["text"]
    assert terminal("outbox", "--json").json == []
    assert terminal("preview", "--as", "telegram:42", "--now", MORNING, "--json").json == document


def test_preview_tries_a_query_out(terminal: Terminal) -> None:
    terminal("subscribe", "diffusion", "--as", "console:me", "--now", MORNING)
    assert terminal("preview", "graph", "--as", "console:me", "--days", "2", "--now", MORNING, "--json").json[
        "papers"
    ] == ["2601.00003"]
    nothing = terminal("preview", "quantum", "--as", "console:me", "--now", MORNING)
    assert nothing.out == "Nothing: none of the 3 papers looked at is for console:me.\n"
    assert terminal("preview", "-x", "--as", "console:me").status == 1
    assert terminal("preview", "--days", "0", "--as", "console:me").status == 2


def test_export_and_import_are_a_round_trip(terminal: Terminal, tmp_path: Path) -> None:
    terminal("subscribe", "diffusion | images", "--as", "console:me", "--every", "daily", "--tz", "Asia/Shanghai")
    terminal("subscribe", "-rain cloud", "--as", "telegram:-100/7", "--name", "clouds")
    terminal("set", "text", "titles", "--as", "console:me")
    exported = terminal("export", "--all").out
    terminal.file("all.txt", exported)
    terminal.set("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    added = terminal("import", "all.txt")
    assert (added.status, added.out.splitlines()[-1]) == (0, "✓ 2 added, 2 changed, 0 there already.")
    assert terminal("export", "--all").out == exported
    assert terminal("import", "all.txt").out.endswith("✓ 0 added, 0 changed, 4 there already.\n")


def test_an_import_shows_the_difference_a_dry_run_ends_there(terminal: Terminal) -> None:
    lines = b"# mine\ndaily 09:00 UTC | graph | \nnow | cloud | c\n"
    shown = terminal("import", "-", "--as", "console:me", "--dry-run", stdin=lines)
    assert shown.out == (
        "+ console:me  daily 09:00 UTC | graph |\n+ console:me  now | cloud | c\nNothing was changed: this was a dry run.\n"
    )
    assert terminal("subscriptions", "--json").json == []
    assert terminal("import", "-", "--as", "console:me", stdin=lines).status == 0
    assert len(terminal("subscriptions", "--json").json) == 2


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (b"now | graph | \nnonsense\n", "Line 2 cannot be imported"),
        (b"now | graph | \nnow | -x | \n", "Line 2 cannot be imported: This only excludes."),
        (b"now | graph | \nnow | \xff | \n", "line 2: this is not UTF-8 text."),
    ],
)
def test_an_import_is_all_or_nothing(terminal: Terminal, lines: bytes, sentence: str) -> None:
    ended = terminal("import", "-", "--as", "console:me", stdin=lines)
    assert ended.status == 2
    assert sentence in ended.err
    assert terminal("subscriptions", "--json").json == []


@pytest.mark.parametrize(
    ("lines", "arguments", "sentence"),
    [
        (b"now | graph | \nnonsense\n", ["--as", "console:me"], "it is not WHEN | QUERY | NAME. It says: “nonsense”."),
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


def test_an_import_reads_what_people_write_and_says_it_as_json(terminal: Terminal) -> None:
    lines = "\ufeffdaily 09:00|graph|G\r\nnow | cloud\r\n".encode()
    document = terminal("import", "-", "--as", "console:me", "--json", stdin=lines).json
    assert document == {
        "added": 2,
        "changed": 0,
        "known": 0,
        "dry_run": False,
        "lines": [
            {"change": "added", "chat": "console:me", "line": "daily 09:00|graph|G"},
            {"change": "added", "chat": "console:me", "line": "now | cloud"},
        ],
    }
    assert terminal("export", "--as", "console:me").out == "daily 09:00 UTC | graph | G\nnow | cloud | \n"
    again = terminal("import", "-", "--as", "console:me", "--dry-run", "--json", stdin=b"now | graph").json
    assert (again["changed"], again["dry_run"]) == (1, True)
    terminal("import", "-", "--as", "console:me", stdin=b"now | graph")  # says nothing of the name, so that stays
    assert terminal("export", "--as", "console:me").out == "now | graph | G\nnow | cloud | \n"


@pytest.mark.parametrize("name", ["a | b", "x" * 61, "two\nlines", "bell\x07"])
def test_a_name_that_cannot_be_kept_is_refused_at_every_door(terminal: Terminal, name: str) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    for arguments in (
        ["subscribe", "cloud", "--name", name],
        ["subscribe", "graph", "--name", name],
    ):
        ended = terminal(*arguments, "--as", "console:me")
        assert (ended.status, ended.out) == (2, "")
        assert ended.err.startswith("A name ")
    assert [(one["text"], one["name"]) for one in terminal("subscriptions", "--json").json] == [("graph", "")]


@pytest.mark.parametrize("typed", [("--at", "9 Tokyo"), ("--every", "daily at 9 Tokyo")])
def test_of_two_zones_none_is_taken_silently(terminal: Terminal, typed: tuple[str, str]) -> None:
    new = terminal("subscribe", "graph", "--as", "console:me", *typed, "--tz", "Berlin", "--now", MORNING)
    assert "daily 09:00 Asia/Tokyo" in new.out  # --tz is the zone of the new chat
    ended = terminal("subscribe", "cloud", "--as", "console:me", *typed, "--tz", "Berlin", "--now", MORNING)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("Two zones are named: Asia/Tokyo and Europe/Berlin. Name one of them.")
    same = terminal("subscribe", "cloud", "--as", "console:me", *typed, "--tz", "asia/tokyo", "--now", MORNING)
    assert "daily 09:00 Asia/Tokyo" in same.out
    assert [one["text"] for one in terminal("subscriptions", "--json").json] == ["graph", "cloud"]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("2025-12-01", "Begins with what came since Mon 1 Dec 2025 00:00."),
        ("2026-01-20T08:00Z", "Begins with what came since Tue 20 Jan 2026 08:00."),
        ("2026-01-22t05:59z", "Begins with what came since Thu 22 Jan 2026 05:59."),
    ],
)
def test_since_is_answered_with_its_year(terminal: Terminal, since: str, said: str) -> None:
    assert said in terminal("subscribe", "clouds", "--as", "console:me", "--since", since, "--now", MORNING).out


def test_since_is_for_a_new_subscription_and_says_so_of_another(terminal: Terminal) -> None:
    terminal("subscribe", "clouds", "--as", "console:me", "--now", MORNING)
    again = terminal("subscribe", "clouds", "--as", "console:me", "--since", "7d", "--now", MORNING)
    assert "--since is for a new subscription; this one goes on where it stands." in again.out


@pytest.mark.parametrize("since", ["2026-01-22T06:01Z", "2027-01-01", "2026-01-23", "9998-01-01"])
def test_since_refuses_the_future(terminal: Terminal, since: str) -> None:
    ended = terminal("subscribe", "clouds", "--as", "console:me", "--since", since, "--now", MORNING)
    assert (ended.status, ended.out) == (2, "")
    assert f"“{since}” lies in the future" in ended.err


def test_an_export_is_of_one_chat_or_of_all(terminal: Terminal) -> None:
    for arguments in (["export"], ["export", "--all", "--as", "console:me"]):
        assert terminal(*arguments).status == 2


def test_a_telegram_name_is_asked_for_once_and_kept_as_an_id(terminal: Terminal) -> None:
    with FakeTelegram() as telegram:
        telegram.knows("-1007", "channel", title="The lab", username="lab")
        terminal.set("TELEGRAM_TOKEN", TOKEN)
        terminal.set("TELEGRAM_API_URL", telegram.url)
        assert "--as telegram:-1007" in terminal("subscribe", "graph", "--as", "telegram:@lab").out
        assert [one["chat"] for one in terminal("subscriptions", "--json").json] == ["telegram:-1007"]
        assert terminal("set", "buttons", "full", "--as", "telegram:@lab").status == 2  # a channel, as Telegram said
        unknown = terminal("subscribe", "graph", "--as", "telegram:@nobody")
        assert (unknown.status, unknown.out) == (1, "")
        assert "The bot sees no Telegram chat @nobody." in unknown.err
    assert TOKEN not in unknown.err


def test_the_own_workspace_may_be_named_or_not(terminal: Terminal) -> None:
    with FakeSlack() as slack:
        terminal.set("SLACK_BOT_TOKEN", SLACK_TOKEN)
        terminal.set("SLACK_API_URL", slack.url)
        terminal("subscribe", "graph", "--as", f"slack:{slack.team}/C012")
        terminal("subscribe", "cloud", "--as", "slack:C012")
        assert [one["chat"] for one in terminal("subscriptions", "--json").json] == ["slack:C012", "slack:C012"]
        terminal("deliver")
    terminal("subscribe", "rain", "--as", f"slack:{slack.team}/C012")  # Slack is gone, but the database knows its team
    assert {one["chat"] for one in terminal("subscriptions", "--json").json} == {"slack:C012"}
    assert "--as slack:T0OTHER/C012" in terminal("subscribe", "rain", "--as", "slack:T0OTHER/C012").out


def test_a_workspace_that_nobody_can_tell_is_a_sentence(terminal: Terminal) -> None:
    terminal.set("SLACK_BOT_TOKEN", SLACK_TOKEN)
    terminal.set("SLACK_API_URL", "http://127.0.0.1:9/api/")
    ended = terminal("subscribe", "rain", "--as", "slack:T0OTHER/C012")
    assert (ended.status, ended.out) == (1, "")
    assert "Slack cannot be asked about T0OTHER/C012" in ended.err
