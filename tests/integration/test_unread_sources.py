"""Sources that cannot be read: `check` says ✗ and ends with 1; `run --once` ends with 1 if no source can be read."""

import os
from collections.abc import Iterator

import pytest

from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import PAGE, Terminal

NOBODY = 65534  # a user without rights, where the tests themselves may read everything


@pytest.fixture
def arxiv(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeArxiv]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FakeArxiv() as fake:
        terminal.set("ALLOWED_HOSTS", "127.0.0.1")
        yield fake


def source(name: str, place: str) -> str:
    """Returns a source of paperwire.toml. `place` is `path = "…"` or `url = "…"` and further keys."""
    return f'[[source]]\nname = "{name}"\n{place}\n'


GOOD = source("good", 'path = "good/*.md"')
WRONG = [  # a source, what is wrong with it
    ('path = "nowhere.md"', "there is nothing at {folder}/nowhere.md"),
    ('path = "nowhere"', "there is nothing at {folder}/nowhere"),
    ('path = "letters.txt"', "{folder}/letters.txt: no paper entries found"),
    ('path = "letters"', "{folder}/letters/b.txt: no paper entries found"),
    ('path = "good/*.md"\nformat = "hf_json"', "{folder}/good/day.md: No paper in it can be read"),
    ('url = "http://127.0.0.1:9/feed.xml"\nschedule = "every 1h"', "127.0.0.1 takes no connection."),
    ('url = "{arxiv}/gone.md"\nschedule = "every 1h"', "127.0.0.1 answers 404 Not Found."),
]


@pytest.fixture
def place(terminal: Terminal, arxiv: FakeArxiv) -> Terminal:
    """A folder with a digest, and with letters that are no digests."""
    terminal.file("good/day.md", PAGE)
    terminal.file("letters.txt", "Dear Ada,\n")
    terminal.file("letters/a.txt", "Dear Ada,\n")
    terminal.file("letters/b.txt", "Dear Bo,\n")
    os.utime(terminal.folder / "letters/a.txt", (0, 0))
    return terminal


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_check_names_a_source_that_cannot_be_read(place: Terminal, arxiv: FakeArxiv, wrong: str, sentence: str) -> None:
    place.file("paperwire.toml", GOOD + source("bad", wrong.replace("{arxiv}", arxiv.url)))
    ended = place("check")
    assert ended.status == 1
    (line,) = [line for line in ended.out.splitlines() if line.startswith("✗")]
    assert line.startswith("✗ Source bad ")
    assert sentence.format(folder=place.folder) in line
    assert [row["question"] for row in place("check", "--json").json if row["mend"]] == ["Source bad"]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_run_once_ends_with_1_when_every_source_failed(
    place: Terminal, arxiv: FakeArxiv, wrong: str, sentence: str
) -> None:
    bad = source("bad", wrong.replace("{arxiv}", arxiv.url))
    place.file("paperwire.toml", bad)
    for _ in range(2):  # the second time a source on the web is left alone, and stays unread
        ended = place("run", "--once")
        assert ended.status == 1
        (line,) = [line for line in ended.err.splitlines() if line.startswith("No source could be read.")]
        assert f" bad: {sentence.format(folder=place.folder).rstrip('.')}" in line
        assert line.endswith(" paperwire check says what to do.")
    place.file("paperwire.toml", GOOD + bad)
    ended = place("run", "--once")
    assert (ended.status, "No source" in ended.err) == (0, False)


def test_a_source_without_files_is_well(place: Terminal) -> None:
    place.file("good/letter.md", "Dear Ada,\n")
    place.file(
        "paperwire.toml", GOOD + source("later", 'path = "inbox/*.md"') + source("last", 'path = "nowhere/*.md"')
    )
    ended = place("check", "--offline")
    assert ended.status == 0
    assert "day.md can be read, as daily_arxiv_md" in ended.out
    assert f"no file stands at {place.folder}/inbox/*.md yet" in ended.out
    assert f"no file stands at {place.folder}/nowhere/*.md yet" in ended.out
    assert place("run", "--once").status == 0


def test_a_folder_without_the_right_to_look_into_it_is_named(place: Terminal) -> None:
    place.folder.chmod(0o755)
    (place.folder / "good").chmod(0o000)
    as_nobody = f"os.geteuid() == 0 and os.setuid({NOBODY})"  # root may look into every folder
    program = f"import os, bot.digests.files as s, pathlib; {as_nobody}; print(s.list_folder('good', pathlib.Path()))"
    ended = place.python(program)
    (place.folder / "good").chmod(0o700)
    assert ended.out == ""
    assert ended.err.splitlines()[-1].endswith("good: the folder cannot be read; check its rights.")
