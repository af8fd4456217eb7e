"""The recipes of CONTRIBUTING.md for a new format and a new command."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bot.commands import start
from tests.integration.docs_pages import ROOT
from tests.patience import PATIENCE

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPE = TEXT.partition("## Add a digest format\n")[2].partition("\n## ")[0]
COMMAND_RECIPE = TEXT.partition("## Add a chat command\n")[2].partition("\n## ")[0]
_CODE = re.compile(r"^   ```\w*\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
NOT_NEEDED = shutil.ignore_patterns("test_*", "*.pyc.*")  # a file of the latter kind is being written


def _words(step: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", step)


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
    assert len(paths) >= 4
    assert {path for path in paths if not (ROOT / path).exists()} == made


def test_the_command_of_the_recipe_works(tmp_path: Path) -> None:
    for part in ("bot", "subscriptions", "locales", "templates", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=NOT_NEEDED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module, story = map(dedent, _CODE.findall(COMMAND_RECIPE))
    (tmp_path / "bot" / "commands" / "counting.py").write_text(module, encoding="utf-8")
    families = tmp_path / "bot" / "commands" / "registry.py"
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
