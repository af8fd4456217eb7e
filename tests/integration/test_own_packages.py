"""The names of our packages are common ones: the program says at its start when one of them is another's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("bot", "locales", "subscriptions", "templates")
OTHERS = '"""Helpers of another project."""\nprint("I am another")\n'


def started(*path: Path) -> subprocess.CompletedProcess[str]:
    """Runs `python -m bot --version` with these folders first on the path, as they would be after an installation."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "bot", "--version"], env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages that holds ours."""
    for name in NAMES:
        shutil.copytree(ROOT / name, tmp_path / "site" / name, ignore=shutil.ignore_patterns("__pycache__", "samples"))
    return tmp_path / "site"


def test_our_packages_are_ours(site: Path) -> None:
    assert (started(site).returncode, started(ROOT).returncode) == (0, 0)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"bot"}))
@pytest.mark.parametrize("how", ["overwritten", "earlier on the path", "gone"])
def test_a_package_of_another_project_is_said_at_the_start(name: str, how: str, site: Path, tmp_path: Path) -> None:
    path = [site]
    if how == "overwritten":
        (site / name / "__init__.py").write_text(OTHERS, encoding="utf-8")
    elif how == "gone":  # the other project was removed, with the files of its name
        (site / name / "__init__.py").unlink()
    else:
        (tmp_path / "other" / name).mkdir(parents=True)
        (tmp_path / "other" / name / "__init__.py").write_text(OTHERS, encoding="utf-8")
        path.insert(0, tmp_path / "other")
    ended = started(*path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"The package “{name}” is not that of paperwire: another one has its name, at ")
    assert ended.stderr.endswith("Install paperwire again, in an environment of its own.\n")


def test_an_overwritten_bot_package_is_said_while_ours_runs(site: Path) -> None:
    (site / "bot" / "__init__.py").write_text("", encoding="utf-8")
    ended = started(site)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The package “bot” is not that of paperwire")
