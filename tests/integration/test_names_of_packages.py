"""Names of our packages are common: the program says at its start if another project's package replaces one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.docs_pages import ROOT


def test_a_package_of_another_project_is_said_at_the_start(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("samples"))
    (tmp_path / "subscriptions.py").write_text('"""Helpers of another project."""')
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "bot", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("paperwire cannot be loaded: No module named 'subscriptions.")
    assert ended.stderr.endswith("Install it again, in an environment of its own.\n")
