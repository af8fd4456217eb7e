"""Commands of chats on the command line: pause, resume, name, settings, forget, search, why, whynot, save, saved, like."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli import PAGE, Terminal, page
from tests.integration.test_cli_subscriptions import undo_of

MORNING = ("--now", "2026-01-22T06:00:00Z")
NOON = ("--now", "2026-01-22T12:00:00Z")
ME = ("--as", "telegram:42")


@pytest.fixture(autouse=True)
def _a_chat_and_a_day_of_papers(terminal: Terminal) -> None:
    terminal.file("2026-01-22.md", PAGE)
    assert terminal("ingest", "2026-01-22.md", "--now", "2026-01-22T05:00:00Z").status == 0
    terminal("subscribe", "diffusion -survey", *ME, "--every", "daily", "--at", "8", "--name", "Clouds", *MORNING)
    terminal("subscribe", "graph", *ME, "--every", "daily", "--at", "8", *MORNING)


def states(terminal: Terminal) -> list[str]:
    return [one["state"] for one in terminal("subscriptions", "--json").json]


# ------------------------------------------------------------------------------------------------------ pause and resume


def test_one_subscription_is_paused_until_a_day_and_resumed(terminal: Terminal) -> None:
    held = terminal("pause", "1", *ME, "--until", "3 Mar", *MORNING)
    assert (held.status, held.err) == (0, "")
    assert held.out.splitlines()[:2] == [
        "✓ 1  Clouds is paused until Tue 3 Mar 00:00.",
        "  What comes in the meantime waits.",
    ]
    assert states(terminal) == ["paused", "active"]
    assert terminal(*undo_of(held.out)).out.startswith("✓ 1  Clouds is active again.\n")
    assert states(terminal) == ["active", "active"]


def test_a_chat_is_paused_as_a_whole_and_what_waits_is_told_or_skipped(terminal: Terminal) -> None:
    assert terminal("pause", *ME, *MORNING).out.startswith("✓ This chat is paused.\n")
    assert states(terminal) == ["paused", "paused"]
    resumed = terminal("resume", *ME, *NOON)
    assert resumed.out.splitlines()[:2] == ["✓ Papers come again.", "  2 papers wait."]
    terminal("pause", *ME, *NOON)
    assert "2 papers are skipped." in terminal("resume", *ME, "--skip", *NOON).out
    later = ("--now", "2026-01-23T08:00Z")
    assert terminal("deliver", "--json", *later).json["papers"] == 0


def test_pausing_as_json(terminal: Terminal) -> None:
    assert terminal("pause", "1", *ME, "--until", "7d", "--json", *MORNING).json == {
        "chat": "telegram:42", "number": 1, "state": "paused", "until": "2026-01-29T06:00:00Z", "changed": True
    }  # fmt: skip
    assert terminal("resume", "1", *ME, "--json", *NOON).json == {
        "chat": "telegram:42", "number": 1, "state": "active", "until": None, "changed": True,
        "waiting": 1, "skipped": 0, "comes_at": "2026-01-23T08:00:00Z",
    }  # fmt: skip
    again = terminal("resume", *ME, "--json", *NOON).json
    assert (again["number"], again["changed"]) == (None, False)


# -------------------------------------------------------------------------------------------------- name, settings, forget


def test_a_subscription_gets_a_name_and_loses_it(terminal: Terminal) -> None:
    given = terminal("name", "2", "Graphs", "that", "forget", *ME)
    assert given.out.splitlines()[0] == "✓ 2 is called Graphs that forget now."
    assert terminal(*undo_of(given.out)).out.startswith("✓ 2 has no name any more: graph\n")
    assert terminal("name", "2", "x", *ME, "--json").json == {
        "chat": "telegram:42", "number": 2, "name": "x", "changed": True
    }  # fmt: skip
    assert terminal("name", "2", "x", *ME, "--json").json["changed"] is False
    terminal("name", *ME, "--", "2", "--as")
    assert terminal(*undo_of(terminal("name", "2", "y", *ME).out)).out.startswith("✓ 2 is called --as now.\n")


def test_settings_are_all_there_with_those_that_were_chosen(terminal: Terminal) -> None:
    terminal("set", "limit", "5", *ME)
    document = terminal("settings", *ME, "--json").json
    assert document["settings"]["limit"] == "5"
    assert document["chosen"] == ["limit"]
    assert (document["chat"], document["kind"], document["state"]) == ("telegram:42", "private", "active")
    for name, value in document["settings"].items():  # what is shown can be set
        assert terminal("set", name, *value.split(), *ME).status == 0
    head, columns, *rows = terminal("settings", *ME).out.splitlines()
    assert head == "telegram:42 · private · active"
    assert [row.split()[0] for row in rows] == list(document["settings"])
    assert all(
        row.startswith(name.ljust(columns.index("value"))) for row, name in zip(rows, document["settings"], strict=True)
    )


def test_a_chat_is_forgotten_only_after_a_yes(terminal: Terminal) -> None:
    asked = terminal("forget", *ME)
    assert (asked.status, asked.out) == (2, "")
    assert "This erases all I know of telegram:42: 2 subscriptions" in asked.err
    assert "--yes" in asked.err
    assert len(states(terminal)) == 2
    assert terminal("forget", *ME, "--yes", "--json").json == {"chat": "telegram:42", "subscriptions": 2, "papers": 0}
    assert terminal("subscriptions", *ME).status == 1
    assert terminal("forget", *ME, "--yes").status == 1


# ------------------------------------------------------------------------------------------------------------ papers


def test_stored_papers_are_searched(terminal: Terminal) -> None:
    found = terminal("search", "diffusion", *NOON)
    assert (found.status, found.err) == (0, "")
    assert found.out.splitlines() == [
        "diffusion: 2 of 3 papers",
        "2601.00002  2026-01-22  A survey of diffusion",
        "2601.00001  2026-01-22  Diffusion models for weather",
    ]
    document = terminal("search", "-survey diffusion", "--json", *NOON).json
    assert (document["text"], document["found"], document["stored"]) == ("-survey diffusion", 1, 3)
    assert document["papers"] == [
        {
            "key": "2601.00001", "title": "Diffusion models for weather", "authors": ["Ada Example", "Bo Beispiel"],
            "categories": ["cs.LG"], "url": "https://arxiv.org/abs/2601.00001", "day": "2026-01-22",
        }
    ]  # fmt: skip


def test_a_search_looks_back_as_far_as_it_is_asked_to(terminal: Terminal) -> None:
    later = ("--now", "2026-02-01T12:00Z")
    assert terminal("search", "diffusion", "--days", "30", "--json", *later).json["found"] == 2
    assert terminal("search", "diffusion", "--days", "3", "--json", *later).json["found"] == 0
    assert terminal("search", "quantum", *later).out == "quantum: 0 of 3 papers\n"


def test_a_search_says_what_it_guessed(terminal: Terminal) -> None:
    assert terminal("search", '"graph net').out == '"graph net": 0 of 3 papers\n  (I closed the quotation mark.)\n'
    assert terminal("search", '"graph net', "--json").json["hints"] == ["I closed the quotation mark."]


def test_a_refused_search_is_refused_as_everywhere(terminal: Terminal) -> None:
    refused = terminal("search", "--", "-survey")
    assert (refused.status, refused.out) == (1, "")
    assert "  -survey\n  ^\n" in refused.err
    document = terminal("search", "-survey", "--json")
    assert (document.status, document.json["query"], document.json["error"]["column"]) == (1, None, 1)


def test_why_a_paper_came(terminal: Terminal) -> None:
    assert terminal("why", *ME).err == "telegram:42 was not sent a paper yet.\n"
    assert terminal("why", *ME).status == 1
    terminal("deliver", "--now", "2026-01-22T08:00Z")
    resumed = terminal("why", "https://arxiv.org/abs/2601.00001v2", *ME, *NOON)
    assert resumed.out.splitlines() == [
        "2601.00001  Diffusion models for weather",
        "It was planned Thu 22 Jan 08:00 and is on its way.",
        "  1  Clouds: Diffusion",
    ]
    document = terminal("why", "2601.00001", *ME, "--json", *NOON).json
    assert document["told"] == {"at": "2026-01-22T08:00:00Z", "state": "planned", "shown": True}
    assert document["because"] == [{"number": 1, "name": "Clouds", "text": "diffusion -survey", "words": ["Diffusion"]}]
    assert document["reasons"] == []
    assert terminal("why", *ME, "--json", *NOON).json["told"]["state"] == "planned"


def test_why_a_paper_did_not_come(terminal: Terminal) -> None:
    terminal("pause", "2", *ME, *MORNING)
    resumed = terminal("whynot", "2601.00003", *ME, *NOON)
    assert (resumed.status, resumed.err) == (0, "")
    assert resumed.out.splitlines() == [
        "2601.00003  Graph networks that forget",
        "It became known Thu 22 Jan 05:00; telegram:42 was not sent it.",
        "  2  graph: fits; it is paused: paperwire resume 2 --as telegram:42",
        "  1  Clouds: lacks diffusion",
    ]
    document = terminal("whynot", "2601.00002", *ME, "--json", *NOON).json
    assert document["told"] is None
    assert [(one["number"], one["keeps"], one["lacks"], one["excludes"]) for one in document["reasons"]] == [
        (1, "words", [], ["survey"]),
        (2, "words", ["graph"], []),
    ]
    due = terminal("whynot", "2601.00001", *ME, "--json", *MORNING).json["reasons"][0]
    assert (due["keeps"], due["due_at"]) == ("time", "2026-01-22T08:00:00Z")


def test_why_says_because_of_which_paper_another_one_stands_further_up(terminal: Terminal) -> None:
    terminal("deliver", "--now", "2026-01-22T08:00Z")
    assert terminal("why", "2601.00001", *ME, "--json", *NOON).json["further_up"] is None
    terminal("save", "2601.00002", *ME, *NOON)
    assert terminal("why", "2601.00001", *ME, *NOON).out.splitlines()[2:] == [
        "Further up, because you saved “A survey of diffusion”: diffusion",
        "  1  Clouds: Diffusion",
    ]
    further_up = terminal("why", "2601.00001", *ME, "--json", *NOON).json["further_up"]
    assert (further_up["because"], further_up["paper"]["key"], further_up["words"]) == (
        "saved", "2601.00002", ["diffusion"]
    )  # fmt: skip
    terminal("set", "order", "newest", *ME)
    assert "Further up" not in terminal("why", "2601.00001", *ME, *NOON).out


# ------------------------------------------------------------------------------------------------------ save, saved, like


def keys(document: Any) -> list[str]:
    return [paper["key"] for paper in document["papers"]]


def test_a_paper_is_kept_listed_and_kept_no_longer(terminal: Terminal) -> None:
    kept = terminal("save", "https://arxiv.org/abs/2601.00002v1", *ME, *NOON)
    assert kept.out.splitlines()[0] == "✓ Saved: 2601.00002  A survey of diffusion"
    assert terminal("save", "2601.00001", *ME, "--json", "--now", "2026-01-22T12:01Z").json["changed"] is True
    assert terminal("saved", *ME).out.splitlines() == [
        "2601.00001  2026-01-22  Diffusion models for weather",
        "2601.00002  2026-01-22  A survey of diffusion",
    ]
    again = terminal("save", "2601.00002", *ME, "--now", "2026-01-22T12:02Z")
    assert again.out == "✓ It is saved already: 2601.00002  A survey of diffusion\n"
    assert keys(terminal("saved", *ME, "--json").json) == ["2601.00002", "2601.00001"]
    gone = terminal(*undo_of(kept.out))
    assert gone.out.startswith("✓ No longer saved: 2601.00002  A survey of diffusion\n")
    assert keys(terminal("saved", *ME, "--json").json) == ["2601.00001"]
    assert terminal(*undo_of(gone.out)).out.startswith("✓ Saved: 2601.00002")


def test_without_an_id_the_paper_that_came_last_is_kept(terminal: Terminal) -> None:
    assert terminal("save", *ME).err == "telegram:42 was not sent a paper yet.\n"
    terminal("deliver", "--now", "2026-01-22T08:00Z")
    document = terminal("save", *ME, "--json", *NOON).json
    assert (document["saved"], document["changed"]) == (True, True)
    assert keys(terminal("saved", *ME, "--json").json) == [document["paper"]["key"]]


@pytest.mark.parametrize(
    ("form", "line"), [("bib", "@misc{example2026diffusion,"), ("bibtex", "@misc{"), ("ris", "AN  - arXiv:2601.00001")]
)
def test_what_is_kept_is_a_file_for_a_reference_manager(terminal: Terminal, form: str, line: str) -> None:
    assert terminal("saved", *ME, "--format", form).out == ""
    terminal("save", "2601.00001", *ME)
    assert line in terminal("saved", *ME, "--format", form).out


def test_where_nothing_is_kept_it_says_how_to_keep_something(terminal: Terminal) -> None:
    ended = terminal("saved", *ME)
    assert (ended.status, ended.out) == (
        0, "Nothing is saved here. paperwire save 2601.01234 --as telegram:42 saves a paper.\n"
    )  # fmt: skip
    assert terminal("saved", *ME, "--json").json == {"chat": "telegram:42", "papers": []}


def test_the_papers_near_to_some_are_found(terminal: Terminal) -> None:
    termites = (
        ("2601.00004", "Termites build mounds", "Termites and soil."),
        ("2601.00005", "Mounds of termites", "Soil."),
    )
    terminal.file("termites.md", page(*termites))
    terminal("ingest", "termites.md", *MORNING)
    found = terminal("like", "2601.00004")
    assert (found.status, found.err) == (0, "")
    assert found.out.splitlines() == [
        "Nearest to Termites build mounds, among the newest 5 papers:",
        "  by their words build, soil, mounds, termites",
        "2601.00005  2026-01-22  Mounds of termites",
    ]
    document = terminal("like", "2601.00004,2601.00001", "--json").json
    assert ([one["key"] for one in document["given"]], document["looked_at"]) == (["2601.00004", "2601.00001"], 5)
    assert "termites" in document["words"]
    assert keys(document) == ["2601.00005"]
    assert terminal("like", "2601.00003").out == "Near to Graph networks that forget is none of the newest 5 papers.\n"


# ----------------------------------------------------------------------------------------------------------- what is wrong

WRONG = [
    ("pause 7d --as telegram:42", 2, "“7d” is not the number of a subscription."),
    ("pause 9 --as telegram:42", 1, "This chat has no subscription 9."),
    ("pause --as telegram:42 --until yesterday", 2, "“yesterday” is not a time to pause until."),
    ("pause --as telegram:42 --until ''", 2, "“” is not a time to pause until."),
    ("pause", 2, "Missing option '--as'."),
    ("resume x --as telegram:42", 2, "“x” is not the number of a subscription."),
    ("resume 9 --as telegram:42", 1, "This chat has no subscription 9."),
    ("resume 99999999999999999999 --as telegram:42", 2, "is not the number of a subscription."),
    ("name 2 'a | b' --as telegram:42", 2, "A name has at most 60 characters, and no |."),
    ("name 2 'a\nb' --as telegram:42", 2, "A name is one line, without control characters."),
    ("name 9 x --as telegram:42", 1, "This chat has no subscription 9."),
    ("name all x --as telegram:42", 2, "Say the number and the name."),
    ("name 2 --as telegram:42", 2, "Missing argument 'TEXT'"),
    ("search", 2, "Missing argument 'QUERY'"),
    ("search diffusion --days 0", 2, "--days is a number from 1 to 3650."),
    ("why diffusion --as telegram:42", 2, "Say which paper, by its arXiv id, DOI or link."),
    ("whynot 2601.99999 --as telegram:42", 1, "2601.99999 is not known here."),
    ("whynot --as telegram:42", 2, "Missing argument 'ID'."),
    ("save diffusion --as telegram:42", 2, "Say which paper, by its arXiv id, DOI or link."),
    ("save 2601.99999 --as telegram:42", 1, "2601.99999 is not known here."),
    ("save 2601.00001 --as telegram:42 --remove", 1, "2601.00001 is not saved here."),
    ("saved --as telegram:42 --format word", 2, "Invalid value for '--format'"),
    ("saved --as telegram:42 --format ris --json", 2, "--json and --format exclude each other."),
    ("like diffusion", 2, "Say which paper, by its arXiv id, DOI or link."),
    ("like 2601.00001 2601.99999", 1, "2601.99999 is not known here."),
    ("settings --as slack:foo", 2, "“slack:foo” is not a Slack chat."),
    ("forget --as telegram:0 --yes", 2, "“telegram:0” is not a Telegram chat."),
]


@pytest.mark.parametrize(("line", "status", "sentence"), WRONG)
def test_what_cannot_be_done_is_one_sentence(terminal: Terminal, line: str, status: int, sentence: str) -> None:
    before = terminal("export", "--all").out
    ended = terminal(*shlex.split(line))
    assert (ended.status, ended.out) == (status, "")
    assert sentence in ended.err
    assert "Traceback" not in ended.err
    assert terminal("export", "--all").out == before


EACH = [
    "pause", "resume", "name 1 x", "settings", "forget --yes", "search diffusion", "why 2601.00001", "whynot 2601.00001", "why",
    "save 2601.00001", "save", "saved", "like 2601.00001",
]  # fmt: skip
OF_NO_CHAT = ("search", "like")


@pytest.mark.parametrize("line", [line for line in EACH if not line.startswith(OF_NO_CHAT)])
def test_a_chat_that_nobody_knows_is_not_made(terminal: Terminal, line: str) -> None:
    ended = terminal(*shlex.split(line), "--as", "console:nobody")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("There is no such chat: console:nobody.")


@pytest.mark.parametrize("line", EACH)
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_without_a_database_nothing_is_made(
    terminal: Terminal, tmp_path: Path, line: str, json: tuple[str, ...]
) -> None:
    terminal.set("DATABASE_URL", f"sqlite:///{tmp_path}/none/here.db")
    chat = () if line.startswith(OF_NO_CHAT) else ME
    ended = terminal(*shlex.split(line), *chat, *json)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("There is no database at ")
    assert not (tmp_path / "none").exists()
