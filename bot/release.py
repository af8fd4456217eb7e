"""Which version of paperwire this is, and from which commit it was made."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ARCHIVED = "$Format:%h$"  # `git archive` writes the commit here (.gitattributes), so each file of a release names it


def installed_version() -> str:
    """Return the installed version; "" if paperwire runs from its source without being installed."""
    try:
        return version("paperwire")
    except PackageNotFoundError:
        return ""


def commit() -> str:
    """Return the short hash of the commit that a release was made from, or that is checked out; "" if unknown."""
    if not _ARCHIVED.startswith("$"):
        return _ARCHIVED
    source = Path(__file__).parents[1]
    if not (source / ".git").exists():
        return ""
    asked = ("git", "-C", str(source), "rev-parse", "--short", "HEAD")
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=5).stdout.strip()  # noqa: S603 - our own words
    except (OSError, subprocess.SubprocessError):
        return ""
