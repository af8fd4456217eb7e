"""Removes a room from a copy of the repository and runs what remains: `python -m tests.programs.rooms [ROOM ...]`.

docs/architecture.md says what a room is. Its tests are the modules that import it, the files whose path names it, and each
other test that names it, itself or in a function, class or fixture that it uses, or in a table.
"""

import argparse
import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SELECTED = (  # run in each copy, as far as they are not tests of its room
    "tests/contract/test_channels.py",
    "tests/unit/test_query.py",
    "tests/unit/test_planning.py",
    "tests/conversation/test_cards.py",
    "tests/outside/test_start.py",
    "tests/integration/test_metrics.py",
)
_TESTS = ("tests.", "test_", "conftest")  # how names of modules of tests begin
_TABLE = (str, tuple, list, dict, set, frozenset)  # constants of a test module
WITHOUT = "ROOM_THAT_IS_GONE"  # the variable with the room that pytest runs without


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is deleted with a room."""

    folders: tuple[str, ...]  # or files, of the product
    place: str  # the only file elsewhere that names the room
    line: str  # the line of that file that goes
    also: tuple[str, ...] = ()  # tests of others that run without it, beside SELECTED
    tests: str = ""  # what names the room in a test, as a regular expression; "": the room's own name


def _platform(name: str, tests: str = "") -> Room:
    folders = (f"bot/platforms/{name}", f"templates/{name}")
    return Room(folders=folders, place="bot/rooms.py", line=f'"bot.platforms.{name}",', tests=tests)


ROOMS: Mapping[str, Room] = {
    "apprise": _platform("apprise"),
    "email": _platform("email", r"e-?mail|smtp"),
    "slack": _platform("slack", "slack|PAPERWIRE_SECRET_KEY"),
    "telegram": _platform("telegram"),
    "meaning": Room(
        folders=("bot/meaning",),
        place="bot/rooms.py",
        line='"bot.meaning",',
        tests=r"bot\.meaning|embeddings|encoder",
    ),
    **{
        name: Room(folders=(f"bot/digests/{name}.py",), place="bot/digests/__init__.py", line=f'"{name}",', tests=tests)
        for name, tests in {
            "arxiv_feeds": r"arxiv_(rss|atom|api)|\brss_",
            "bilingual": "bilingual",
            "arxiv_lists": "arxiv_listing",
            "hugging_face": r"hf_|hugging_?face",
            "feeds": "feed_",
            "daily_arxiv": "daily",
            "biorxiv_json": "biorxiv",
            "hugging_llm": "hugging_(md|index|llm)",
            "records": r"pubmed|openalex|crossref|s2_|records",
        }.items()
    },
    "playground": Room(
        folders=(
            "bot/platforms/web/playground.py",
            *(
                f"templates/web/{name}"
                for name in ("pages/playground.html", "pages/tried.html", "static/playground.js")
            ),
        ),
        place="bot/platforms/web/adapter.py",
        line='"playground",',
    ),
    "model": Room(
        folders=("bot/model",),
        place="bot/rooms.py",
        line='"bot.model",',
        tests=r"bot\.model\b|chat_model|language_model|PAPERWIRE_MODEL|\[model\]",
    ),
    "pages": Room(
        folders=("bot/pages", "templates/web/pages/sign_in.html", "templates/web/pages/status.html"),
        place="bot/rooms.py",
        line='"bot.pages",',
        tests=r"bot\.pages|\bpages\b|browser|web_site|sign_?in",
    ),
    "library": Room(
        folders=("bot/library",),
        place="bot/rooms.py",
        line='"bot.library",',
        tests=r"bot\.library|\blibrary\b|librar(?:y|ies)_|_guide",
    ),
    "sentences": Room(
        folders=("bot/sentences", "locales/weights.py", "locales/kind_weights.py"),
        place="bot/rooms.py",
        line='"bot.sentences",',
        tests=r"bot[./]sentences|/sentences/|mark\.sentences",
        also=("tests/conversation", "tests/integration/slack", "tests/unit/test_slack.py"),
    ),
    "taste": Room(
        folders=("subscriptions/taste.py",),
        place="subscriptions/service/scorers.py",
        line='"subscriptions.taste",',
        tests=r"taste|👍|👎|like-paper|Further up|come (?:first|last)|because your library|buttons\[4\]|\bliked|LIKED",
    ),
}
_EVERYTHING = """
import pkgutil, importlib
for folder in ("bot", "subscriptions"):
    for found in pkgutil.walk_packages([folder], folder + "."):
        if not found.name.endswith(".env"):
            importlib.import_module(found.name)
"""


def names_of(path: str) -> str:
    """Returns the dotted name of a module."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def files() -> tuple[str, ...]:
    """Returns the files of the repository, committed or not."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - git
    return tuple(name for name in sorted(set(found.stdout.splitlines())) if (ROOT / name).is_file())


@cache
def named_in(path: str, *, at_once: bool = False) -> Mapping[str, int]:
    """Returns the modules that a module names, by an import or in a text, each with the number of its last line.

    With `at_once`, only the imports that run when the module is imported count.
    """
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found: dict[str, int] = {}
    for node in tree.body if at_once else ast.walk(tree):
        match node:
            case ast.Import():
                found |= {one.name: node.lineno for one in node.names}
            case ast.ImportFrom(module=str(module)):
                found |= {f"{module}.{one.name}": one.lineno for one in node.names}
            case ast.Constant(value=str(text)) if re.fullmatch(r"(?:bot|subscriptions|tests)(?:\.\w+)+(?::\w+)?", text):
                found[text] = node.lineno
    return found


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Returns whether a file is one of these, or in one of these folders."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def uses(path: str, gone: Iterable[str], *, at_once: bool = False) -> Iterator[int]:
    """Yields the lines on which a module names one of the modules that are gone."""
    modules = tuple(f"{names_of(one)}." for one in gone)
    for name, line in named_in(path, at_once=at_once).items():
        if f"{name.replace(':', '.')}.".startswith(modules):
            yield line


def links(name: str) -> list[str]:
    """Returns the places outside a room that name it, except its one line."""
    room, found = ROOMS[name], []
    for path in files():
        if (
            path.endswith(".py")
            and path.startswith(("bot/", "subscriptions/", "locales/"))
            and not is_below(path, room.folders)
        ):
            lines = (ROOT / path).read_text("utf-8").splitlines()
            found += [f"{path}:{line}: {lines[line - 1].strip()}" for line in uses(path, room.folders)]
    return [one for one in found if not (one.startswith(f"{room.place}:") and one.endswith(f": {room.line}"))]


def tests_of(name: str) -> set[str]:
    """Returns the files of a room's tests."""
    room = ROOMS[name]
    own = re.compile(room.tests or name, re.IGNORECASE)
    left = [path for path in files() if path.startswith(("tests/", "bench/", "docs/"))]
    found = {path for path in left if own.search(path) and not path.endswith(".md")}
    while True:
        gone = [*room.folders, *(path for path in found if path.endswith(".py"))]
        more = {
            path for path in left if path.endswith(".py") and path not in found and any(uses(path, gone, at_once=True))
        }
        if not more:
            return found
        found |= more


def copy_without(name: str, folder: Path) -> set[str]:
    """Copies the repository into a folder, without a room, its tests and its line. Returns the tests that are gone."""
    room, tests = ROOMS[name], tests_of(name)
    for path in files():
        if path not in tests and not is_below(path, room.folders):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
            compiled = Path(cache_from_source(str(ROOT / path)))  # to compile it again takes longer than all else here
            if compiled.exists():
                (folder / path).parent.joinpath(compiled.parent.name).mkdir(exist_ok=True)
                shutil.copy2(compiled, folder / compiled.relative_to(ROOT))
    place = folder / room.place
    before = place.read_text("utf-8").splitlines(keepends=True)
    after = [line for line in before if line.strip() != room.line]
    assert len(before) - len(after) == 1, f"{room.place} has not exactly one line {room.line}"
    place.write_text("".join(after), "utf-8")
    return tests


def run_what_remains(name: str, folder: Path, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Runs the copy: all its modules, the demo, the layers and tests. Returns the last line of pytest, and what failed."""
    environ = {**os.environ, "PYTHONPATH": str(folder), WITHOUT: name, "PYTHONDONTWRITEBYTECODE": ""}
    steps = {
        "imports": ["-c", _EVERYTHING],
        "demo": ["-m", "bot", "demo", "--out", str(folder / "gallery")],
        "layers": [
            "-c",
            "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))",
        ],
        "tests": [
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.programs.rooms",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            *arguments,
        ],
    }
    failed = []
    for step, command in steps.items():
        done = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, *command], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            failed.append(f"without {name}, {step}:\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
    return done.stdout.rstrip().rpartition("\n")[2], failed


def _text_of(test: pytest.Function) -> str:
    """Returns the name, the row and the text of a test, with that of the functions, classes and fixtures that it uses."""
    rows = test.callspec.params if hasattr(test, "callspec") else {}
    fixtures = [found[-1].func for found in test._fixtureinfo.name2fixturedefs.values() if not found[-1]._autouse]
    used = set().union(*(_used(one) for one in (test.function, *fixtures)))
    tables = {
        name: one.__globals__[name]
        for one in used
        if inspect.isfunction(one)
        for name in one.__code__.co_names
        if isinstance(one.__globals__.get(name), _TABLE)
    }
    return "\n".join([test.name, str(rows), str(tables), *(inspect.getsource(one) for one in used)])


@cache
def _used(function: Any) -> frozenset[Any]:
    """Returns a function and what it uses of the tests, directly or not."""
    found, left = set[Any](), [inspect.unwrap(function)]
    while left:
        one = left.pop()
        if one in found or not getattr(one, "__module__", "").startswith(_TESTS):
            continue
        found.add(one)
        bodies = vars(one).values() if inspect.isclass(one) else [one]
        for body in filter(inspect.isfunction, bodies):
            names = (body.__globals__.get(name) for name in body.__code__.co_names)
            left += [name for name in names if inspect.isclass(name) or inspect.isfunction(name)]
    return frozenset(found)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests whose own text, or row of a table, names the room that is gone."""
    name = os.environ[WITHOUT]
    own = re.compile(ROOMS[name].tests or name, re.IGNORECASE)
    gone = [item for item in items if isinstance(item, pytest.Function) and own.search(_text_of(item))]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in set(gone)]


def main() -> int:
    """Removes the rooms that are named, or each room, one after another. Returns 1 if something else needs one."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.rooms", description=__doc__)
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], help="all rooms, if none is named")
    given, arguments = parser.parse_known_args()
    failed = []
    for name in given.rooms or ROOMS:
        with TemporaryDirectory() as folder:
            gone = copy_without(name, Path(folder))
            last, found = run_what_remains(
                name,
                Path(folder),
                arguments or ["-n", "2", *(one for one in (*SELECTED, *ROOMS[name].also) if one not in gone)],
            )
        found = [*links(name), *found]
        print("\n".join([f"{name}: without it and {len(gone)} files of its tests: {last}", *found]), flush=True)
        failed += found
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
