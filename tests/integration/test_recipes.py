"""The recipes of CONTRIBUTING.md for a new format and a new command."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bot import digests
from bot.commands import start
from bot.digests import _example
from tests import tables
from tests.integration.docs_pages import ROOT
from tests.patience import PATIENCE

PAGES = ROOT / "tests" / "digests"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPE = TEXT.partition("## Add a digest format\n")[2].partition("\n## ")[0]
COMMAND_RECIPE = TEXT.partition("## Add a chat command\n")[2].partition("\n## ")[0]
_CODE = re.compile(r"^   ```\w*\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
NOT_NEEDED = shutil.ignore_patterns("test_*", "*.pyc.*")  # a file of the latter kind is being written
STEPS = [" ".join(step.split()) for step in re.split(r"^\d\. ", RECIPE, flags=re.MULTILINE)[1:]]


def _words(step: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", step)


def test_the_example_is_read_with_one_more_line_in_formats(tmp_path: Path) -> None:
    """Follows the first three steps of the recipe in a copy of the program. Files of other formats are still recognised."""
    for part in ("bot", "subscriptions", "locales", "templates"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=NOT_NEEDED)
    example, formats = tmp_path / _words(STEPS[0])[0], tmp_path / _words(STEPS[2])[0]
    example.with_name("shelf_list.py").write_text(
        example.read_text(encoding="utf-8").replace('"example"', '"shelf_list"'), encoding="utf-8"
    )
    last = '    "records",\n'
    added = formats.read_text(encoding="utf-8").replace(last, f'{last}    "shelf_list",\n')
    assert added.count("shelf_list") == 1
    formats.write_text(added, encoding="utf-8")
    pages = ("_example.txt", "daily_standard.md", "rss_standard.xml", "refused_readme.md")
    done = run(tmp_path, "bot", "inspect", "--json", "--papers", *(str(PAGES / page) for page in pages))
    report, daily, rss, refused = json.loads(done.stdout)["digests"]
    expected = json.loads((PAGES / "_example.expected.json").read_text(encoding="utf-8"))
    assert (report["format"], report["date"], report["papers"]) == ("shelf_list", expected["date"], expected["papers"])
    assert [one["code"] for one in report["warnings"]] == ["unparsed_heading"]
    for item, wanted in zip(report["items"], expected["items"], strict=True):
        assert wanted.items() <= item.items()
    assert (daily["format"], rss["format"], refused["format"]) == ("daily_arxiv_md", "arxiv_rss", None)
    assert "records_json, shelf_list" in refused["error"]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m …` with our packages as they are in this folder, and without our environment."""
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", *command],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(("recipe", "made"), [(RECIPE, set()), (COMMAND_RECIPE, {"bot/commands/counting.py"})])
def test_every_file_and_folder_that_a_recipe_names_is_there(recipe: str, made: set[str]) -> None:
    paths = [word for word in _words(_CODE.sub("", recipe)) if "/" in word and "NAME" not in word]
    assert len(paths) >= 8
    assert {path for path in paths if not (ROOT / path).exists()} == made


# (a test that fails while a step of the recipe is missing, the number of the step, a file that the step must name)
@pytest.mark.parametrize(
    ("test", "number", "place"),
    tables.rows("""
        tests/unit/test_digests_reading.py → 3 → test_digests_reading.py
        tests/unit/test_digests_golden.py  → 4 → tests/digests
        tests/unit/test_digests_damage.py  → 4 → tests/digests
        tests/integration/test_docs.py     → 5 → docs/formats.md
        tests/unit/test_digests_golden.py  → 6 → tests/digest_pages.py
        tests/unit/test_digests_golden.py  → 7 → bench/formats.py
    """),
)
def test_a_red_test_names_the_step_that_is_missing(test: str, number: str, place: str) -> None:
    assert f"(CONTRIBUTING.md, Add a digest format, step {number})" in (ROOT / test).read_text(encoding="utf-8")
    assert place in STEPS[int(number) - 1]


def test_the_recipe_counts_its_places() -> None:
    assert ("change eight places" in RECIPE, len(STEPS)) == (True, 8)


def test_the_three_names_are_those_of_every_format() -> None:
    names = [word for word in _words(STEPS[1]) if word.isidentifier() or "(" in word]
    assert names == ["name", "detect(text)", "parse(text, warnings, language)"]
    for call in names[1:]:
        function, _, parameters = call.rstrip(")").partition("(")
        assert list(inspect.signature(getattr(_example, function)).parameters) == parameters.split(", ")
        assert list(inspect.signature(getattr(digests.DigestFormat, function)).parameters)[1:] == parameters.split(", ")


def test_the_command_of_the_recipe_works(tmp_path: Path) -> None:
    for part in ("bot", "subscriptions", "locales", "templates", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=NOT_NEEDED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module, story = map(dedent, _CODE.findall(COMMAND_RECIPE))
    (tmp_path / "bot" / "commands" / "counting.py").write_text(module, encoding="utf-8")
    families = tmp_path / "bot" / "commands" / "intent.py"
    text = families.read_text(encoding="utf-8").replace("    cards,\n", "    cards,\n    counting,\n")
    assert text.count("    counting,\n") == 2  # in the import, and in _MODULES
    families.write_text(text, encoding="utf-8")
    assert "_PURPOSES" in vars(start)  # the recipe names it
    (tmp_path / "tests" / "conversation" / "test_counting.py").write_text(story, encoding="utf-8")
    # with its own folder, pytest does not first remove the files of its earlier runs, which takes long
    own = f"--basetemp={tmp_path / 'run'}"
    done = run(tmp_path, "pytest", "-q", "-p", "no:xdist", own, "tests/conversation/test_counting.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


# ── Names of our packages are common: the program says at its start if another project's package replaces one ─────────

NAMES = ("bot", "locales", "subscriptions", "templates")
OTHERS = '"""Helpers of another project."""\nprint("I am another")\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages, which contains our packages."""
    for name in NAMES:
        shutil.copytree(ROOT / name, tmp_path / "site" / name, ignore=shutil.ignore_patterns("__pycache__", "samples"))
    return tmp_path / "site"


@pytest.mark.parametrize(
    ("how", "name"),
    [*(("overwritten", name) for name in sorted(NAMES)), ("earlier on the path", "locales"), ("gone", "templates")],
)
def test_a_package_of_another_project_is_said_at_the_start(name: str, how: str, site: Path, tmp_path: Path) -> None:
    path = [site]
    if how == "overwritten":
        (site / name / "__init__.py").write_text(OTHERS if name != "bot" else "", encoding="utf-8")
    elif how == "gone":  # uninstalling the other project has removed our file too
        (site / name / "__init__.py").unlink()
    else:
        (tmp_path / "other" / name).mkdir(parents=True)
        (tmp_path / "other" / name / "__init__.py").write_text(OTHERS, encoding="utf-8")
        path.insert(0, tmp_path / "other")
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "bot", "--version"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"The package “{name}” is not that of paperwire: another one has its name, at ")
    assert ended.stderr.endswith("Install paperwire again, in an environment of its own.\n")
