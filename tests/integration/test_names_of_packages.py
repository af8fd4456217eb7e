"""Names of our packages are common: the program says at its start if another project's package replaces one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.docs_pages import ROOT

NAMES = ("bot", "locales", "subscriptions", "templates")
OTHERS = '"""Helpers of another project."""\nprint("I am another")\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages, which contains our packages."""
    for name in NAMES:
        shutil.copytree(ROOT / name, tmp_path / "site" / name, ignore=shutil.ignore_patterns("samples", "*.pyc.*"))
    return tmp_path / "site"


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("overwritten", "bot"),
        ("overwritten", "subscriptions"),
        ("earlier on the path", "locales"),
        ("gone", "templates"),
    ],
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
