"""The recipes of CONTRIBUTING.md work, followed word for word in a copy of the program."""

import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bot.commands import intent, start
from bot.digests import DigestFormat, _example
from tests.integration.docs_pages import ROOT
from tests.patience import PATIENCE

PAGES = ROOT / "tests" / "digests"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPE = TEXT.partition("## Add a digest format\n")[2].partition("\n## ")[0]
STEPS = [" ".join(step.split()) for step in re.split(r"^\d\. ", RECIPE, flags=re.MULTILINE)[1:]]


def _words(step: str) -> list[str]:
    return re.findall(r"`([^`]+)`", step)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with one more format, made by the first three steps."""
    folder = tmp_path_factory.mktemp("copy")
    for part in ("bot", "subscriptions", "locales", "templates"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    example, formats = _words(STEPS[0])[0], _words(STEPS[2])[0]
    module = (folder / example).read_text(encoding="utf-8")
    (folder / example).with_name("shelf_list.py").write_text(
        module.replace('"example"', '"shelf_list"'), encoding="utf-8"
    )
    init = (folder / formats).read_text(encoding="utf-8")
    added = init.replace(
        "    daily_arxiv_md,\n", "    daily_arxiv_md,\n    shelf_list,\n"
    )  # imported, and second to it
    assert added.count("shelf_list") == 2  # imported, and a member of FORMATS
    (folder / formats).write_text(added, encoding="utf-8")
    return folder


def _inspected(program: Path, *pages: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", "bot", "inspect", "--json", "--papers", *(str(PAGES / page) for page in pages)],
        cwd=program,
        env={"PYTHONPATH": str(program), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_example_is_read_with_one_more_line_in_formats(program: Path) -> None:
    done = _inspected(program, "_example.txt")
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)["digests"]
    expected = json.loads((PAGES / "_example.expected.json").read_text(encoding="utf-8"))
    assert (report["format"], report["date"], report["papers"]) == ("shelf_list", expected["date"], expected["papers"])
    assert [(one["code"], one["line"]) for one in report["warnings"]] == [("unparsed_heading", 4)]
    for item, wanted in zip(report["items"], expected["items"], strict=True):
        assert wanted.items() <= item.items()


def test_the_other_formats_stay_what_they_are(program: Path) -> None:
    done = _inspected(program, "daily_standard.md", "rss_standard.xml", "refused_readme.md")
    daily, rss, refused = json.loads(done.stdout)["digests"]
    assert (daily["format"], rss["format"], refused["format"]) == ("daily_arxiv_md", "arxiv_rss", None)
    assert "daily_arxiv_md, shelf_list" in refused["error"]


def test_every_file_and_folder_that_the_recipe_names_is_there() -> None:
    paths = [word for step in STEPS for word in _words(step) if "/" in word and "NAME" not in word]
    assert len(paths) >= 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


# What is red while a step is missing → the file that its sentence names, which the step names, too.
RED = [
    ("tests/unit/test_digests_reading.py", 3, "test_digests_reading.py"),
    ("tests/unit/test_digests_golden.py", 4, "tests/digests"),
    ("tests/unit/test_digests_damage.py", 4, "tests/digests"),
    ("tests/integration/test_docs.py", 5, "docs/formats.md"),
    ("tests/unit/test_digests_golden.py", 6, "tests/digest_pages.py"),
    ("tests/unit/test_digests_golden.py", 7, "bench/formats.py"),
]


@pytest.mark.parametrize(("test", "number", "place"), RED)
def test_a_red_test_names_the_step_that_is_missing(test: str, number: int, place: str) -> None:
    assert f"(CONTRIBUTING.md, Add a digest format, step {number})" in (ROOT / test).read_text(encoding="utf-8")
    assert place in STEPS[number - 1]


def test_the_recipe_counts_its_places() -> None:
    assert ("change eight places" in RECIPE, len(STEPS)) == (True, 8)


def test_the_three_names_are_those_of_every_format() -> None:
    names = [word for word in _words(STEPS[1]) if word.isidentifier() or "(" in word]
    assert names == ["name", "detect(text)", "parse(text, warnings, language)"]
    for call in names[1:]:
        function, _, parameters = call.rstrip(")").partition("(")
        assert list(inspect.signature(getattr(_example, function)).parameters) == parameters.split(", ")
        assert list(inspect.signature(getattr(DigestFormat, function)).parameters)[1:] == parameters.split(", ")


COMMAND_RECIPE = (
    (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Add a chat command\n")[2].partition("\n## ")[0]
)
COMMAND_BLOCKS = [
    dedent(block) for block in re.findall(r"^   ```python\n(.*?)^   ```$", COMMAND_RECIPE, re.MULTILINE | re.DOTALL)
]
NOT_NEEDED = shutil.ignore_patterns("__pycache__", "test_*")


def test_the_command_of_the_recipe_works(tmp_path: Path) -> None:
    for part in ("bot", "subscriptions", "locales", "templates", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=NOT_NEEDED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module, story = COMMAND_BLOCKS
    (tmp_path / "bot" / "commands" / "counting.py").write_text(module, encoding="utf-8")
    families = tmp_path / "bot" / "commands" / "intent.py"
    text = families.read_text(encoding="utf-8").replace("    card_actions,\n", "    card_actions,\n    counting,\n")
    assert text.count("    counting,\n") == 2  # imported, and one of _MODULES
    families.write_text(text, encoding="utf-8")
    (tmp_path / "tests" / "conversation" / "test_counting.py").write_text(story, encoding="utf-8")
    own = f"--basetemp={tmp_path / 'run'}"  # or it would remove what earlier runs of pytest left, which takes its time
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", own, "tests/conversation/test_counting.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_every_place_that_the_recipe_names_is_there() -> None:
    paths = [
        word
        for word in re.findall(
            r"`([^`\n]+)`", re.sub(r"^   ```.*?^   ```$", "", COMMAND_RECIPE, flags=re.MULTILINE | re.DOTALL)
        )
        if "/" in word
    ]
    assert len(paths) >= 8
    assert [path for path in paths if not (ROOT / path).exists()] == ["bot/commands/counting.py"]
    assert "_MODULES" in vars(intent)
    assert {"_PURPOSES", "EXAMPLES"} <= vars(start).keys()
