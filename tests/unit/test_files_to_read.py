"""Which files are read: those that are named, and those of a watched folder when they are complete."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.digests import files as sources
from bot.sources import folders
from subscriptions.errors import UnreadableInput
from tests import tables
from tests.clock import NOON


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _file(size: int = 10, changed: int = 1, inode: int = 7) -> sources.Stamp:
    return (size, changed, inode)


FOLDERS: dict[str, dict[str, sources.Stamp]] = {
    "nothing": {},
    "one": {"a.md": _file()},
    "larger": {"a.md": _file(size=20)},
    "touched": {"a.md": _file(changed=2)},
    "another": {"a.md": _file(inode=8)},
    "renamed": {"b.md": _file()},
    "several": {"b.md": _file(), "a.md": _file(), "c/d.md": _file()},
}


@pytest.mark.parametrize(
    ("case", "looks"),
    tables.rows("""
        once                             → 0 one, 1 one: a.md, 2 one
        looks that follow soon           → 0 one, 0.5 one, 0.9 one, 1.4 one: a.md
        still being written              → 0 one, 1 larger, 2 larger: a.md
        written again with the same size → 0 one, 1 touched
        changed                          → 0 one, 1 one: a.md, 2 larger, 3 larger: a.md
        replaced                         → 0 one, 1 one: a.md, 2 another, 3 another: a.md
        went and came back               → 0 one, 1 one: a.md, 2 nothing, 3 one, 4 one: a.md
        a clock that was set back        → 0 one, -3600 one, -3599 one: a.md
    """),
)
def test_a_file_is_given_out_when_it_is_complete(case: str, looks: str) -> None:
    """A look has its second, what is in the folder, and which files are given out."""
    watch = folders.FolderWatch()
    for look in looks.split(", "):
        seen, _, given = look.partition(": ")
        seconds, folder = seen.split()
        assert watch.check(FOLDERS[folder], _at(float(seconds))) == tuple(given.split())


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("inbox/*.md", {"a.md"}),
        ("inbox/**/*.md", {"a.md", "c.md"}),
        ("inbox", {"a.md", "b.txt"}),
        ("{here}/inbox/*", {"a.md", "b.txt"}),
        ("inbox/*.xml", set()),
        ("outbox/*.md", set()),
    ],
)
def test_a_real_folder_is_listed_by_its_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, names: set[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox" / "deep").mkdir(parents=True)
    for name in ("a.md", "b.txt", ".hidden.md", "deep/c.md"):
        (tmp_path / "inbox" / name).write_text("x", encoding="utf-8")
    assert {Path(name).name for name in sources.list_folder(pattern.format(here=tmp_path))} == names


def test_what_is_too_large_or_no_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "a.md"
    page.write_bytes(b"12345")
    monkeypatch.setattr(sources, "MAX_BYTES", 4)
    with pytest.raises(UnreadableInput, match=r"a\.md: larger than"):
        sources.read_file(str(page))
    with pytest.raises(UnreadableInput, match="cannot be read"):
        sources.read_file(str(tmp_path))
    with pytest.raises(UnreadableInput, match="cannot be read"):
        sources.read_file("a\0b")


@pytest.mark.parametrize("pattern", ["{here}/in/**/*.md", "{here}/in/**", "{here}/**/in/**/*.md"])
def test_links_lead_no_pattern_round_or_out_of_its_folder(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    for name in ("in/a.md", "in/deep/b.md", "out/c.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "in/out").symlink_to(tmp_path / "out")
    (tmp_path / "in/round").symlink_to(tmp_path / "in")
    listed = sources.list_folder(pattern.format(here=tmp_path))
    assert set(listed) == {f"{tmp_path}/in/a.md", f"{tmp_path}/in/deep/b.md"}


def test_folders_among_the_arguments_are_read_by_name_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.md", "b/1.md", "a.md", ".git/config", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [Path(name).relative_to(tmp_path).as_posix() for name in sources.paths_of([str(tmp_path)])]
    assert found == ["a.md", "b/1.md", "b/2.md"]
