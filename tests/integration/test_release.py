"""`make release`: the same bytes each time, nothing in the wheel but the program, and a dated changelog."""

import importlib.util
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).parents[2]
FOLDERS = ("bot", "subscriptions", "templates", "locales")
FILES = (
    ".dockerignore", ".gitattributes", ".gitignore", "Dockerfile", "LICENSE", "README.md", "pyproject.toml",
    "requirements.lock", "requirements-postgresql.lock",
)  # fmt: skip


def loaded(path: Path) -> ModuleType:
    """Returns the module in a file."""
    spec = importlib.util.spec_from_file_location("loaded", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The program of `make release`, which is in no package."""
    return loaded(REPO / ".ci" / "release.py")


@pytest.fixture(scope="module")
def repository(program: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit of the program and a test."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    copy = tmp_path_factory.mktemp("repository")
    for name in FOLDERS:
        shutil.copytree(REPO / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(REPO / name, copy)
    (copy / "tests").mkdir()
    (copy / "tests" / "test_all.py").write_text("")
    program.git(copy, "init", "--quiet")
    program.git(copy, "add", "--all")
    somebody = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    program.git(copy, *somebody, "commit", "--quiet", "--message", "All")
    return copy


@pytest.fixture(scope="module")
def built(program: ModuleType, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What is made of the repository: source, wheel, and the context of the image."""
    made: list[Path] = program.build(repository, tmp_path_factory.mktemp("built"))
    return made


def test_a_commit_gives_the_same_bytes_each_time_and_its_files_name_it(
    program: ModuleType, repository: Path, built: list[Path], tmp_path: Path
) -> None:
    again = program.build(repository, tmp_path)
    assert [made.name for made in built] == [made.name for made in again]
    assert [made.read_bytes() for made in built] == [made.read_bytes() for made in again]
    sdist, wheel, image = built
    program.check_content(wheel)
    commit = program.git(repository, "rev-parse", "--short", "HEAD")
    with zipfile.ZipFile(wheel) as held:
        assert f'"{commit}"'.encode() in held.read("bot/release.py")
        left = [name for name in held.namelist() if name.endswith((".po", ".pot"))]
        assert left == []
    assert sdist.name.endswith(".tar.gz")
    with tarfile.open(image) as archive:
        names = archive.getnames()
    assert {"Dockerfile", "bot/release.py", "requirements.lock"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_the_changelog_gets_the_version_and_the_day(program: ModuleType) -> None:
    before = "# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [0.1.0] - 2026-01-01\n\n- Old.\n"
    after = program.dated(before, "0.2.0", "2026-02-03")
    assert after.split("\n\n") == [
        "# Changelog", "## [Unreleased]", "## [0.2.0] - 2026-02-03", "- New.", "## [0.1.0] - 2026-01-01", "- Old.\n",
    ]  # fmt: skip
    with pytest.raises(program.Refused, match="nothing under"):
        program.dated(after, "0.3.0", "2026-02-04")
