"""Only locked releases are installed: the lock files name each release with the hashes of all its files."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPO = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-postgresql.lock", "requirements-dev.lock")
FILES_OF_A_COMPILED_RELEASE = 20  # wheels for three versions of Python on three systems, and a few more files


def releases(name: str) -> dict[str, list[str]]:
    """Returns the lines with the hashes of each requirement in a lock file."""
    found: dict[str, list[str]] = {}
    here = ""
    for line in (REPO / name).read_text(encoding="utf-8").splitlines():
        bare = line.rstrip(" \\")
        if line.startswith(" "):
            found[here].append(bare)
        else:
            here = str(Requirement(bare))
            found[here] = []
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_have_hashes(name: str) -> None:
    found = releases(name)
    assert len(found) > 40
    for requirement, hashes in found.items():
        assert "==" in requirement
        assert hashes, f"{requirement} has no hash: run make lock"
        assert all(map(re.compile(r"^    --hash=sha256:[0-9a-f]{64}$").match, hashes)), requirement
        assert len(set(hashes)) == len(hashes)


def test_a_lock_file_has_the_files_of_every_platform() -> None:
    """On one platform, pip needs one hash of a release. A lock file with only this one fails on all other platforms."""
    found = releases("requirements.lock")
    for compiled in ("aiohttp", "pydantic-core", "sqlalchemy", "yarl"):
        (hashes,) = (lines for requirement, lines in found.items() if Requirement(requirement).name == compiled)
        assert len(hashes) > FILES_OF_A_COMPILED_RELEASE, compiled


def test_whatever_installs_a_lock_file_checks_its_hashes() -> None:
    installing = [
        (name, line)
        for name in ("Makefile", "Dockerfile")
        for line in (REPO / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        if re.search(r"-r \S*(requirements\S*\.lock|LOCK)", line)
    ]
    assert len(installing) == 3
    assert [one for one in installing if "--require-hashes" not in one[1]] == []
