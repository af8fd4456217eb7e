"""The subcommands explain, inspect and match: no settings but the sources, no database, no network."""

import re
import sys

import pytest

from tests.integration.cli import PAGE, Terminal, page


@pytest.fixture(autouse=True)
def _no_settings(terminal: Terminal) -> None:
    """Sets an invalid variable: none of these subcommands reads the environment."""
    terminal.set("WEB_PORT", "nonsense")
    terminal.file("day.md", PAGE)


@pytest.mark.parametrize(
    "arguments", [("diffusion -survey",), ("--json", "diffusion -survey"), ("diffusion -survey", "--json")]
)
def test_explain_takes_its_options_at_any_place(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    ended = terminal("explain", *arguments)
    assert ended.status == 0
    assert "diffusion, not survey" in ended.out
    assert ended.err == ""


def test_explain_json_has_the_keys_that_scripts_rely_on(terminal: Terminal) -> None:
    assert terminal("explain", '"graph neural', "--json").json == {
        "query": '"graph neural',
        "text": '"graph neural',
        "canonical": '"graph neural"',
        "words": '"graph neural"',
        "hints": ["I closed the quotation mark."],
        "error": None,
    }


@pytest.mark.parametrize("arguments", [("-survey",), ("--", "-survey")])
def test_a_query_that_begins_with_a_dash_is_no_option(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    ended = terminal("explain", *arguments)
    assert ended.status == 1
    assert ended.out == ""
    assert ended.err == (
        "✗ This only excludes. Say also what you want.\n  -survey\n  ^\n  For example: diffusion -survey\n"
    )


def test_a_refused_query_is_a_document_too(terminal: Terminal) -> None:
    ended = terminal("explain", "a OR -b", "--json")
    assert ended.status == 1
    assert ended.json["canonical"] is None
    assert ended.json["error"]["column"] == 6
    assert set(ended.json["error"]) == {"column", "message", "hint"}


def test_a_query_without_its_quotes_is_wrong_usage(terminal: Terminal) -> None:
    ended = terminal("explain", "graph", "neural")
    assert (ended.status, ended.out) == (2, "")
    assert "wants quotes" in ended.err


WATCHED = """
[[source]]
name = "french"
path = "inbox/*.jsonl"
language = "fr"
[[source]]
name = "narrow"
path = "pages"
format = "hf_text"
"""
LINE = (
    '{"id": "2601.00009", "title": "Another", "summary": "One.", "authors": ["Ada Example"], "categories": ["cs.LG"], '
    '"AI": {"tldr": "Une phrase.", "motivation": "m", "method": "m", "result": "r", "conclusion": "c"}}\n'
)


def test_explain_and_inspect_load_no_store_and_no_platform(terminal: Terminal) -> None:
    program = (
        "import sys; from bot.cli import run; run(sys.argv[1:]);"
        "print([n for n in ('sqlmodel', 'sqlalchemy', 'telegram', 'slack_sdk', 'alembic') if n in sys.modules])"
    )
    for arguments in (
        ("explain", "graph", "--json"),
        ("explain", "-x"),
        ("inspect", "day.md"),
        ("match", "a", "day.md"),
    ):
        ended = terminal.python(program, *arguments)
        assert ended.out.splitlines()[-1] == "[]", arguments


def test_inspect_counts_what_it_reads(terminal: Terminal) -> None:
    ended = terminal("inspect", "day.md", "--json")
    assert ended.status == 0
    (digest,) = ended.json["digests"]
    assert (digest["path"], digest["format"], digest["papers"], digest["unique"]) == ("day.md", "daily_arxiv_md", 3, 3)
    assert digest["categories"] == {"cs.LG": 3}
    assert digest["error"] is None
    assert "items" not in digest


def test_inspect_lists_the_papers_when_asked(terminal: Terminal) -> None:
    (digest,) = terminal("inspect", "--papers", "--json", "day.md").json["digests"]
    assert [item["key"] for item in digest["items"]] == ["2601.00001", "2601.00002", "2601.00003"]


def test_inspect_reads_folders_and_standard_input(terminal: Terminal) -> None:
    terminal.file("inbox/a.md", PAGE)
    terminal.file("inbox/deeper/b.md", page(("2601.00009", "Another", "One.")))
    ended = terminal("inspect", "inbox", "-", "--json", stdin=PAGE.encode())
    assert [(digest["path"], digest["papers"]) for digest in ended.json["digests"]] == [
        ("inbox/a.md", 3),
        ("inbox/deeper/b.md", 1),
        ("-", 3),
    ]


def test_inspect_reads_a_watched_file_as_its_source_says(terminal: Terminal) -> None:
    terminal.file("paperwire.toml", WATCHED)
    for name in ("inbox/a.jsonl", "inbox/deeper/b.jsonl", "beside.jsonl"):
        terminal.file(name, LINE)
    terminal.file("pages/c.md", PAGE)
    ended = terminal("inspect", "inbox", "inbox/../inbox/a.jsonl", "beside.jsonl", "pages", "--json")
    read = {digest["path"]: digest for digest in ended.json["digests"]}
    assert {path: digest["languages"] for path, digest in read.items() if not digest["error"]} == {
        "inbox/a.jsonl": {"fr": 1},
        "inbox/deeper/b.jsonl": {"en": 1},
        "inbox/../inbox/a.jsonl": {"fr": 1},
        "beside.jsonl": {"en": 1},
    }
    assert read["pages/c.md"]["error"]  # not a copy of that page
    assert terminal("inspect", "-", "--json", stdin=LINE.encode()).json["digests"][0]["languages"] == {"en": 1}


def test_inspect_says_when_the_sources_cannot_be_read(terminal: Terminal) -> None:
    terminal.set("WEB_PORT", "no number")
    terminal.set("TELEGRAM_TOKEN", "two words")
    assert terminal("inspect", "day.md").status == 0
    terminal.file("paperwire.toml", "[[source]\n")
    ended = terminal("inspect", "day.md")
    assert (ended.status, ended.out) == (2, "")
    assert "paperwire.toml is not valid TOML" in ended.err


def test_a_thousand_files_are_summed_up_by_format_and_reason(terminal: Terminal) -> None:
    for number in range(996):
        if number % 2:
            terminal.file(f"many/{number}.jsonl", LINE)
        else:
            terminal.file(f"many/{number}.md", PAGE)
    for number in range(4):
        terminal.file(f"many/notes{number}.md", f"# Notes {number}\n\nNothing to see here.\n")
    ended = terminal("inspect", "many")
    assert ended.status == 1
    rows = {row.split()[0]: row.split()[1:3] for row in ended.out.splitlines() if row.strip()}
    assert rows["daily_arxiv_md"] == ["498", "1494"]
    assert rows["daily_arxiv_jsonl"] == ["498", "498"]
    assert "4" in ended.err
    assert "many/notes0.md" in ended.err
    assert len((ended.out + ended.err).splitlines()) < 25
    assert len(terminal("inspect", "many", "--json").json["digests"]) == 1000


def test_one_file_that_is_no_digest_does_not_hide_the_others(terminal: Terminal) -> None:
    terminal.file("README.md", "# About\n\nNothing to see here.\n")
    ended = terminal("inspect", "README.md", "day.md", "nowhere.md")
    assert ended.status == 1
    assert "daily_arxiv_md" in ended.out
    first, second, formats = ended.err.splitlines()
    assert first == 'README.md: no paper entries found (looks like a README: "# About").'
    assert second.startswith("nowhere.md: cannot be read")
    assert formats.startswith("Expected one of: arxiv_rss, arxiv_atom, ")
    document = terminal("inspect", "README.md", "day.md", "--json")
    assert (document.status, document.err) == (1, "")
    assert [digest["error"] is None for digest in document.json["digests"]] == [False, True]


@pytest.mark.parametrize("command", [["inspect"], ["match", "diffusion"]])
def test_a_wrong_file_has_one_short_reason(terminal: Terminal, command: list[str]) -> None:
    wrong = {"notes.md": "# Notes\n\nNothing.\n", "data.json": '{"hello": 1}\n', "page.html": "<html>Hi</html>\n"}
    for name, text in wrong.items():
        terminal.file(name, text)
    ended = terminal(*command, *wrong)
    assert ended.err.count("daily_arxiv_md") == (command == ["inspect"])
    reasons = [line for line in ended.err.splitlines() if line.partition(":")[0] in wrong]
    assert len(reasons) == len(wrong)
    assert max(map(len, reasons)) < 80


def test_an_empty_folder_is_said(terminal: Terminal) -> None:
    (terminal.folder / "empty").mkdir()
    ended = terminal("inspect", "empty")
    assert (ended.status, ended.out, ended.err) == (0, "", "There is no file to read.\n")


def test_match_says_which_papers_and_why(terminal: Terminal) -> None:
    ended = terminal("match", "diffusion -survey", "day.md", "--json")
    assert ended.status == 0
    assert ended.json["keys"] == ["2601.00001"]
    assert {"field": "title", "terms": ["Diffusion"]} in ended.json["why"]["2601.00001"]
    assert "canonical" not in ended.json
    shown = terminal("match", "diffusion -survey", "day.md")
    assert "1 of 3 papers" in shown.out
    assert "Diffusion models for weather" in shown.out


def test_finding_nothing_is_no_failure(terminal: Terminal) -> None:
    ended = terminal("match", "author:Nobody", "day.md", "--json")
    assert (ended.status, ended.json["keys"], ended.json["why"]) == (0, [], {})


def test_match_with_a_refused_query_says_so_and_ends_with_1(terminal: Terminal) -> None:
    ended = terminal("match", "-x", "day.md", "--json")
    assert (ended.status, ended.json["query"], ended.json["error"]["column"]) == (1, None, 1)
    shown = terminal("match", "-x", "day.md")
    assert (shown.status, shown.out) == (1, "")
    assert "  ^" in shown.err


def test_match_goes_on_beside_a_file_that_is_no_digest(terminal: Terminal) -> None:
    ended = terminal("match", "graph", "nowhere.md", "day.md", "--json")
    assert (ended.status, ended.json["keys"]) == (1, ["2601.00003"])
    assert "nowhere.md" in ended.err


def test_match_without_a_digest_is_wrong_usage(terminal: Terminal) -> None:
    ended = terminal("match", "graph")
    assert ended.status == 2
    assert "There is no digest to look into." in ended.err


def test_a_file_of_queries_is_matched_as_one(terminal: Terminal) -> None:
    terminal.file(
        "queries.txt", b"\xef\xbb\xbfdiffusion\r\nDIFFUSION\n\n-x\ngraph\nnothing*\nbad \xff\ngraph -networks"
    )
    ended = terminal("match", "--queries", "queries.txt", "day.md", "--json")
    assert ended.status == 0
    output = ended.json
    assert (output["queries"], output["unique"], output["papers"], output["pairs"]) == (8, 4, 3, 5)
    assert output["matches"] == [
        [1, ["2601.00001", "2601.00002"]],
        [2, ["2601.00001", "2601.00002"]],
        [5, ["2601.00003"]],
    ]
    assert [line for line, _ in output["refused"]] == [3, 4, 7]
    assert set(output["timings"]) == {"parse_s", "compile_s", "match_s", "snapshot_load_s", "add_us"}
    assert all(seconds >= 0 for seconds in output["timings"].values())
    assert output["peak_rss_bytes"] > 10_000_000 or sys.platform == "win32"


SWARMS = page(
    ("2601.00001", "Swarm robots", "They fly."),
    ("2601.00002", "A swarm of robots", "It swims."),
    *((f"2601.{number:05d}", f"Theory {number}", "Of all.") for number in range(3, 9)),
)


def test_papers_named_in_a_query_are_looked_up_in_the_digests(terminal: Terminal) -> None:
    terminal.file("swarms.md", SWARMS)
    ended = terminal("match", "like:2601.00001", "swarms.md", "--json")
    assert (ended.json["query"], ended.json["keys"], ended.err) == ("like:2601.00001", ["2601.00002"], "")
    assert ended.json["why"]["2601.00002"][0]["field"] == "like"
    assert {"swarm", "robots"} <= set(ended.json["why"]["2601.00002"][0]["terms"])
    assert "like: " in terminal("match", "like:2601.00001", "swarms.md").out


def test_a_paper_that_is_not_in_the_digests_is_told(terminal: Terminal) -> None:
    said = "2601.99999 is not in these digests, so nothing is near to it."
    ended = terminal("match", "like:2601.99999", "day.md", "--json")
    assert (ended.status, ended.json["keys"], ended.json["hints"]) == (0, [], [said])
    ended = terminal("match", "like:2601.99999", "day.md")
    assert (ended.status, ended.err) == (0, f"{said}\n")


def test_a_file_of_queries_may_name_papers(terminal: Terminal) -> None:
    terminal.file("swarms.md", SWARMS)
    terminal.file(
        "queries.txt",
        b"LIKE: 2601.00001\nfish\nlike:2601.99999\nlike:2601.00001 \xff\n\xe7\x9b\xb8\xe4\xbc\xbc:2601.00001\nlike:fish",
    )
    ended = terminal("match", "--queries", "queries.txt", "swarms.md", "--json")
    assert ended.json["matches"] == [[1, ["2601.00002"]], [5, ["2601.00002"]]]
    assert [line for line, _ in ended.json["hints"]] == [3]
    assert [line for line, _ in ended.json["refused"]] == [4]
    shown = terminal("match", "--queries", "queries.txt", "swarms.md")
    assert "line 3: 2601.99999 is not in these digests, so nothing is near to it.\n" in shown.err


def test_no_matches_only_counts(terminal: Terminal) -> None:
    terminal.file("queries.txt", "graph\ndiffusion\n")
    assert "matches" not in terminal("match", "--queries", "queries.txt", "--no-matches", "day.md", "--json").json
    shown = terminal("match", "--queries", "queries.txt", "day.md")
    assert shown.out.startswith("2 queries, 2 of them different; 3 papers; 3 pairs.\n")
    assert "     1  2601.00003\n" in shown.out


def test_a_file_of_queries_that_is_not_there_is_a_sentence(terminal: Terminal) -> None:
    ended = terminal("match", "--queries", "nowhere.txt", "day.md")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("nowhere.txt: cannot be read")


def _unpainted(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def _crowd(terminal: Terminal) -> None:
    for number in range(30):
        terminal.file(f"inbox/{number:02}.md", PAGE)
    for number in range(12):
        terminal.file(f"inbox/deep/{number:02}.json", "[]" if number % 2 else '[{"pa')


@pytest.mark.parametrize("columns", [80, 120])
def test_a_folder_of_many_files_is_told_by_format_and_by_reason(terminal: Terminal, columns: int) -> None:
    _crowd(terminal)
    ended = terminal.on_screen(columns, "inspect", "inbox")
    assert ended.status == 1
    rows, output = ([" ".join(line.split()) for line in _unpainted(text)] for text in (ended.out, ended.err))
    assert rows[1].startswith("daily_arxiv_md 30 90 – –")
    assert rows[2].startswith("hf_json 6 0 – –")
    assert rows[3].startswith("in all 36 90 – –")
    assert rows[4] == "Each file by itself: add --json"
    assert output[1:3] == ["✗ Not read as digests: 6 of 42 files", "Files Why First"]
    assert output[3] == "6 looks like JSON inbox/deep/00.json"
    assert output[4] == "inbox/deep/02.json"
    assert max(map(len, _unpainted(ended.out + ended.err))) <= columns


def test_many_files_are_one_document_of_the_same_shape(terminal: Terminal) -> None:
    _crowd(terminal)
    ended = terminal("inspect", "inbox", "--json")
    assert (ended.status, ended.err) == (1, "")
    assert len(ended.json["digests"]) == 42
    (one,) = terminal("inspect", "day.md", "--json").json["digests"]
    assert {tuple(digest) for digest in ended.json["digests"]} == {tuple(one)}


def test_every_digest_is_shown_when_its_papers_are_asked_for(terminal: Terminal) -> None:
    _crowd(terminal)
    ended = terminal("inspect", "inbox", "--papers")
    assert "inbox/29.md" in ended.out
    assert ended.out.count("Diffusion models for weather") == 30
