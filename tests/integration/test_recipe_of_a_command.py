"""The recipe “Add a chat command” of CONTRIBUTING.md works, followed word for word in a copy of the program."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from bot.commands import intent, start
from tests.integration.docs_pages import ROOT
from tests.patience import PATIENCE

RECIPE = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Add a chat command\n")[2].partition("\n## ")[0]
BLOCKS = [dedent(block) for block in re.findall(r"^   ```python\n(.*?)^   ```$", RECIPE, re.MULTILINE | re.DOTALL)]
NOT_NEEDED = shutil.ignore_patterns("__pycache__", "test_*")


def test_the_command_of_the_recipe_works(tmp_path: Path) -> None:
    for part in ("bot", "subscriptions", "locales", "templates", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=NOT_NEEDED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module, story = BLOCKS
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
            r"`([^`\n]+)`", re.sub(r"^   ```.*?^   ```$", "", RECIPE, flags=re.MULTILINE | re.DOTALL)
        )
        if "/" in word
    ]
    assert len(paths) >= 8
    assert [path for path in paths if not (ROOT / path).exists()] == ["bot/commands/counting.py"]
    assert "_MODULES" in vars(intent)
    assert {"_PURPOSES", "EXAMPLES"} <= vars(start).keys()
