"""`make release`: the same bytes each time, nothing in the wheel but the program, and refusals that leave nothing behind."""

import importlib.util
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from bot import release as of_the_program

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The program of `make release`, which is in no package."""
    spec = importlib.util.spec_from_file_location("release_program", REPO / ".ci" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wheel_with(path: Path, files: Mapping[str, str]) -> Path:
    """Writes a wheel that holds these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_commit_gives_the_same_bytes_each_time_and_its_files_name_it(program: ModuleType, tmp_path: Path) -> None:
    first, second = program.build(REPO, tmp_path / "first"), program.build(REPO, tmp_path / "second")
    assert [made.name for made in first] == [made.name for made in second]
    assert [made.read_bytes() for made in first] == [made.read_bytes() for made in second]
    sdist, wheel, image = first
    program.check_content(wheel)
    commit = program.git(REPO, "rev-parse", "--short", "HEAD")
    with zipfile.ZipFile(wheel) as held:
        assert f'"{commit}"'.encode() in held.read("bot/release.py")
        left = [name for name in held.namelist() if name.endswith((".po", ".pot", ".txt")) and "examples" in name]
        assert left == []
    assert sdist.name.endswith(".tar.gz")
    with tarfile.open(image) as archive:
        names = archive.getnames()
    assert {"Dockerfile", "bot/release.py", "requirements.lock"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_a_checkout_names_its_commit(program: ModuleType) -> None:
    assert of_the_program.commit() == program.git(REPO, "rev-parse", "--short", "HEAD")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"bot/app.py": "x", "tests/test_app.py": "x"}, "The wheel holds tests/test_app.py."),
        ({"bot/a.woff2": "x" * 2000, "templates/a.woff2": "x" * 2000}, "the same file several times: bot/a.woff2"),
    ],
)
def test_a_wheel_with_other_things_is_no_release(
    program: ModuleType, tmp_path: Path, files: Mapping[str, str], said: str
) -> None:
    with pytest.raises(program.Refused, match=said.replace("(", r"\(")):
        program.check_content(wheel_with(tmp_path / "one.whl", files))


def test_the_changelog_gets_the_version_and_the_day(program: ModuleType) -> None:
    before = "# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [0.1.0] - 2026-01-01\n\n- Old.\n"
    after = program.dated(before, "0.2.0", "2026-02-03")
    assert after.split("\n\n") == [
        "# Changelog", "## [Unreleased]", "## [0.2.0] - 2026-02-03", "- New.", "## [0.1.0] - 2026-01-01", "- Old.\n",
    ]  # fmt: skip
    with pytest.raises(program.Refused, match="nothing under"):
        program.dated(after, "0.3.0", "2026-02-04")
