"""Formats of installed packages, tested with real packages; the valid one is the example of CONTRIBUTING.md."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.digests import FORMATS, _example
from bot.digests.installed import installed_formats, usable_formats
from tests.integration.cli import PAGE, Terminal
from tests.integration.docs_pages import ROOT, blocks

(PYPROJECT,) = blocks(ROOT / "CONTRIBUTING.md", "toml")
MODULE, *_ = blocks(ROOT / "CONTRIBUTING.md", "python")
(SHELF,) = blocks(ROOT / "CONTRIBUTING.md", "shelf_list")


def installed(terminal: Terminal, module: str, *, name: str = "shelf_list", package: str = "paperwire-shelf") -> None:
    """Installs a package of one module in the program's environment, as pip would: the module and its metadata."""
    site, top = terminal.folder / "site", package.replace("-", "_")
    (site / f"{top}-1.0.dist-info").mkdir(parents=True)
    (site / f"{top}.py").write_text(module, encoding="utf-8")
    (site / f"{top}-1.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (site / f"{top}-1.0.dist-info" / "entry_points.txt").write_text(f"[paperwire.formats]\n{name} = {top}\n")


@pytest.fixture
def with_packages(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A Terminal whose lines find, in this process, the packages that the test installs."""
    monkeypatch.syspath_prepend(str(terminal.folder / "site"))
    _forget_packages()
    yield terminal
    _forget_packages()


def _forget_packages() -> None:
    for forget in (installed_formats.cache_clear, usable_formats.cache_clear, importlib.invalidate_caches):
        forget()
    sys.modules.pop("paperwire_shelf", None)


def test_a_format_of_a_package_is_read_like_one_of_ours(with_packages: Terminal) -> None:
    installed(with_packages, MODULE)
    with_packages.file("inbox/shelf.txt", SHELF)
    with_packages.file("day.md", PAGE)
    ended = with_packages("inspect", "inbox/shelf.txt", "day.md", "--papers", "--json")
    shelf, day = ended.json["digests"]
    assert (ended.status, ended.err) == (0, "")
    assert (shelf["format"], shelf["date"], shelf["papers"], shelf["warnings"]) == ("shelf_list", "2026-01-22", 2, [])
    assert [(one["key"], one["title"]) for one in shelf["items"]] == [
        ("2601.00001", "Sorting Sand by Sound"),
        ("2601.00002", "Knots That Know Their Names"),
    ]
    assert day["format"] == "daily_arxiv_md"
    with_packages.file("paperwire.toml", '[[source]]\nname = "shelf"\npath = "inbox/*.txt"\nformat = "shelf_list"\n')
    assert with_packages("ingest", "inbox", "--json").json["papers"]["new"] == 2
    checked = with_packages("check", "--offline")
    assert checked.status == 0
    assert f"{len(FORMATS)} of its own, and of other packages: shelf_list (paperwire-shelf)" in checked.out
    assert "shelf.txt can be read, as shelf_list" in checked.out


def test_it_is_named_where_no_format_fits(with_packages: Terminal) -> None:
    installed(with_packages, MODULE)
    with_packages.file("letter.txt", "Dear Ada,\n")
    error = with_packages("inspect", "letter.txt", "--json").json["digests"][0]["error"]
    assert error.endswith("daily_arxiv_md, shelf_list.")


def _with(old: str, new: str) -> str:
    assert old in MODULE
    return MODULE.replace(old, new)


BROKEN = [  # a module, why it is left out
    ("import nothing_of_that_name\n", "paperwire_shelf cannot be loaded (ModuleNotFoundError: No module named 'nothing_of_that_name')"),
    ("raise SystemExit('no')\n", "paperwire_shelf cannot be loaded (SystemExit: no)"),
    ("def parse(:\n", "paperwire_shelf cannot be loaded (SyntaxError: "),
    ("", "paperwire_shelf lacks name, detect, parse"),
    (_with("def detect", "def detects"), "paperwire_shelf lacks detect"),
    (_with('name = "shelf_list"', "name = 7"), "its name must be small letters, digits and _, such as shelf_list"),
    (_with('name = "shelf_list"', 'name = "Shelf list"'), "its name must be small letters, digits and _, such as shelf_list"),
    (_with('name = "shelf_list"', 'name = "arxiv_rss"'), "paperwire has a format of that name itself"),
    (f"{MODULE}\nparse = 7\n", "its detect and parse must be functions"),
    (_with("return bool(_FIRST_LINE.match(text))", "return text[0] == 'S'"), "its detect stumbles (IndexError: string index out of range)"),
    (_with("return bool(_FIRST_LINE.match(text))", "return True"), "its detect takes every text for its own"),
    (_with("def detect(text: str)", "def detect()"), "its detect stumbles (TypeError: detect() takes 0 positional arguments"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "why"), BROKEN)
def test_a_broken_one_is_named_in_one_sentence_and_left_out(with_packages: Terminal, module: str, why: str) -> None:
    installed(with_packages, module)
    with_packages.file("shelf.txt", SHELF)
    with_packages.file("day.md", PAGE)
    ended = with_packages("inspect", "shelf.txt", "day.md", "--json")
    shelf, day = ended.json["digests"]
    assert (shelf["format"], day["format"]) == (None, "daily_arxiv_md")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"The format shelf_list of the package paperwire-shelf is left out: {why}")
    checked = with_packages("check", "--offline", "--json")
    (wrong,) = [row for row in checked.json if row["mend"]]
    assert (checked.status, wrong["question"], checked.err) == (1, "Formats", "")
    assert why in wrong["answer"]


def test_whoever_knows_all_pages_is_not_held_up_by_a_broken_one(with_packages: Terminal) -> None:
    """If a built-in format fits, no installed format is loaded."""
    installed(with_packages, "import nothing_of_that_name\n")
    with_packages.file("day.md", PAGE)
    assert with_packages("inspect", "day.md").err == ""


def test_a_detect_may_give_what_a_pattern_finds(with_packages: Terminal) -> None:
    installed(with_packages, _with("return bool(_FIRST_LINE.match(text))", "return _FIRST_LINE.match(text)"))
    with_packages.file("shelf.txt", SHELF)
    assert with_packages("inspect", "shelf.txt").status == 0


def test_of_two_with_one_name_the_first_is_used(with_packages: Terminal) -> None:
    installed(with_packages, MODULE)
    installed(with_packages, MODULE, package="paperwire-tomes")
    with_packages.file("shelf.txt", SHELF)
    ended = with_packages("inspect", "shelf.txt", "--json")
    assert ended.json["digests"][0]["format"] == "shelf_list"
    assert ended.err == (
        "The format shelf_list of the package paperwire-tomes is left out: "
        "the package paperwire-shelf brings one of that name, too.\n"
    )


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("entries = [1 / 0]", "its parse stumbles (ZeroDivisionError: division by zero)"),
        ("return []", "its parse stumbles (TypeError: list is no Content)"),
    ],
)
def test_a_parse_that_fails_refuses_its_file_and_no_other(with_packages: Terminal, new: str, why: str) -> None:
    installed(with_packages, _with("entries = []", new))
    with_packages.file("shelf.txt", SHELF)
    with_packages.file("day.md", PAGE)
    ended = with_packages("inspect", "shelf.txt", "day.md", "--json")
    shelf, day = ended.json["digests"]
    assert (ended.status, shelf["format"], day["format"], ended.err) == (1, None, "daily_arxiv_md", "")
    assert shelf["error"].startswith("shelf.txt: The format shelf_list of the package paperwire-shelf cannot read it: ")
    assert why in shelf["error"]


def test_a_package_is_installed_by_pip_as_the_page_says(terminal: Terminal) -> None:
    terminal.file("paperwire-shelf/pyproject.toml", PYPROJECT)
    terminal.file("paperwire-shelf/paperwire_shelf.py", MODULE)
    terminal.file("shelf.txt", SHELF)
    how = (
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        "site",
    )
    subprocess.run(  # noqa: S603 - pip, on a folder of ours
        [sys.executable, "-m", "pip", "install", *how, "./paperwire-shelf"], cwd=terminal.folder, check=True
    )
    program = "import sys; sys.path.insert(0, 'site'); from bot.__main__ import main; main()"
    ended = terminal.python(program, "inspect", "shelf.txt", "--json")
    assert ended.json["digests"][0]["format"] == "shelf_list"


def test_the_example_package_uses_only_what_the_page_offers() -> None:
    """Everything that its module imports from below bot.digests is exported by bot.digests, too, for use in a package."""
    source = Path(_example.__file__).read_text(encoding="utf-8")
    imported = [line.partition(" import ")[2] for line in source.splitlines() if line.startswith("from bot.digests._")]
    names = {name for line in imported for name in line.split(", ")}
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert names
    assert [name for name in names if f"`{name}`" not in page] == []
