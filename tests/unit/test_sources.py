"""Which files are read, and when a file of a watched folder is complete."""

import io
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.digests import files as sources
from bot.errors import UnreadableInput
from tests.make import NOON


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _file(size: int = 10, changed: int = 1, inode: int = 7) -> sources.FileStamp:
    return sources.FileStamp(size, changed, inode)


ONE = {"a.md": _file()}
LARGER = {"a.md": _file(size=20)}
SEVERAL = {"b.md": _file(), "a.md": _file(), "c/d.md": _file()}


# A look is (seconds after noon, listing, what it reports).
@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([(0, ONE, ()), (1, ONE, ("a.md",)), (2, ONE, ())], id="once"),
        pytest.param(
            [(0, ONE, ()), (0.5, ONE, ()), (0.9, ONE, ()), (1.4, ONE, ("a.md",))], id="looks that follow soon"
        ),
        pytest.param([(0, ONE, ()), (1, LARGER, ()), (2, LARGER, ("a.md",))], id="still being written"),
        pytest.param([(0, ONE, ()), (1, {"a.md": _file(changed=2)}, ())], id="written again with the same size"),
        pytest.param([(0, ONE, ()), (1, ONE, ("a.md",)), (2, LARGER, ()), (3, LARGER, ("a.md",))], id="changed"),
        pytest.param(
            [
                (0, ONE, ()),
                (1, ONE, ("a.md",)),
                (2, {"a.md": _file(inode=8)}, ()),
                (3, {"a.md": _file(inode=8)}, ("a.md",)),
            ],
            id="replaced",
        ),
        pytest.param(
            [(0, ONE, ()), (1, ONE, ("a.md",)), (2, {"b.md": _file()}, ()), (3, {"b.md": _file()}, ("b.md",))],
            id="renamed",
        ),
        pytest.param(
            [(0, ONE, ()), (1, ONE, ("a.md",)), (2, {}, ()), (3, ONE, ()), (4, ONE, ("a.md",))], id="went and came back"
        ),
        pytest.param([(0, SEVERAL, ()), (1, SEVERAL, ("a.md", "b.md", "c/d.md"))], id="in the order of names"),
        pytest.param([(0, ONE, ()), (-3600, ONE, ()), (-3599, ONE, ("a.md",))], id="a clock that was set back"),
    ],
)
def test_a_file_is_given_out_when_it_is_complete(
    looks: list[tuple[float, dict[str, sources.FileStamp], tuple[str, ...]]],
) -> None:
    watch = sources.FolderWatch()
    for seconds, listing, given in looks:
        assert watch.check(listing, _at(seconds)) == given


def test_a_file_is_read_within_five_seconds_of_its_last_change() -> None:
    for offset in range(10):
        last_change = offset / 10
        watch, seconds, found = sources.FolderWatch(), 0.0, None
        while found is None:
            stamp = _file(size=1 if seconds < last_change else 2)
            complete = watch.check({"a.md": stamp}, _at(seconds))
            if complete and seconds >= last_change:
                found = seconds
            seconds += sources.CHECK_EVERY.total_seconds()
        assert sources.STABLE_FOR.total_seconds() <= found - last_change + 1
        assert found - last_change <= 5


def test_a_file_that_could_not_be_read_is_given_out_once_more() -> None:
    one = {"a.md": _file()}
    watch = sources.FolderWatch()
    watch.check(one, _at(0))
    assert watch.check(one, _at(1)) == ("a.md",)
    watch.reported.pop("a.md")
    watch.check(one, _at(2))
    assert watch.check(one, _at(3)) == ("a.md",)


@pytest.mark.parametrize(
    ("pattern", "base", "names"),
    [
        ("inbox/*.md", "{here}", {"a.md"}),
        ("inbox/**/*.md", "{here}", {"a.md", "c.md"}),
        ("inbox", "{here}", {"a.md", "b.txt"}),
        ("{here}/inbox/*", "/", {"a.md", "b.txt"}),
        ("inbox/*.xml", "{here}", set()),
        ("outbox/*.md", "{here}", set()),
    ],
)
def test_a_real_folder_is_listed_by_its_pattern(tmp_path: Path, pattern: str, base: str, names: set[str]) -> None:
    (tmp_path / "inbox" / "deep").mkdir(parents=True)
    for name in ("a.md", "b.txt", ".hidden.md", "deep/c.md"):
        (tmp_path / "inbox" / name).write_text("x", encoding="utf-8")
    assert {
        Path(name).name for name in sources.list_folder(pattern.format(here=tmp_path), Path(base.format(here=tmp_path)))
    } == names


def test_arguments_are_read_one_by_one_folders_by_name(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("b/2.md", "b/1.md", "a.md", ".git/config", ".DS_Store"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = list(sources.read_paths([str(tmp_path), str(tmp_path / "b" / "1.md"), str(tmp_path / "no.md")]))
    names = [Path(name).relative_to(tmp_path).as_posix() for name, _ in found]
    assert names == ["a.md", "b/1.md", "b/2.md", "b/1.md", "no.md"]
    assert found[0][1] == b"a.md"
    assert isinstance(found[-1][1], UnreadableInput)
    assert str(found[-1][1]) == f"{tmp_path}/no.md: cannot be read (No such file or directory)."


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    found = sources.read_paths([str(page)])
    page.write_text("late", encoding="utf-8")
    assert next(found) == (str(page), b"late")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"piped")))
    assert list(sources.read_paths(["-"])) == [("-", b"piped")]


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_regular_file_does_not_stop_a_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.md").write_text("x", encoding="utf-8")
    assert [Path(name).name for name, _ in sources.read_paths([str(tmp_path)])] == ["a.md"]
