#!/usr/bin/env python3
"""Makes a release from the newest commit: builds it twice, tries it on each Python, dates the changelog, sets the tag.

    release               leaves dist/, a commit and a tag; publishing them is a person's step
    release --build DIR   only builds into DIR

All is done in a clone of the repository, which is thrown away: a release that fails leaves nothing behind. The files
are made from `git archive`, so they hold what the commit holds, with the time of the commit as their time.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

REPO = Path(__file__).resolve().parents[1]
UNRELEASED = "## [Unreleased]\n"
IN_WHEEL = {"bot", "subscriptions", "templates", "locales"}
LARGE = 1000  # bytes of a file that a wheel may not hold twice


class Refused(Exception):
    """There can be no release, and why."""


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=Path, metavar="DIR", help="only build into this folder")
    wanted = parser.parse_args()
    try:
        if wanted.build is None:
            release()
        else:
            for made in build(REPO, wanted.build):
                print(made.name)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


def release() -> None:
    """Make a release of the version that pyproject.toml names. Raise Refused."""
    version = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"]
    tag = f"v{version}"
    if git(REPO, "status", "--porcelain"):
        raise Refused("Commit what has changed first.")
    if git(REPO, "tag", "--list", tag):
        raise Refused(f"{tag} has been released. Name the next version in pyproject.toml.")
    with TemporaryDirectory(prefix="paperwire-release-") as folder:
        clone = Path(folder) / "clone"
        git(REPO, "clone", "--quiet", str(REPO), str(clone))
        for name in ("user.name", "user.email"):
            git(clone, "config", name, git(REPO, "config", name))
        changelog = clone / "CHANGELOG.md"
        changelog.write_text(dated(changelog.read_text(), version, datetime.now(UTC).date().isoformat()))
        git(clone, "commit", "--quiet", "--all", "--message", f"Release {version}")
        first, second = build(clone, Path(folder) / "first"), build(clone, Path(folder) / "second")
        for one, other in zip(first, second, strict=True):
            if one.read_bytes() != other.read_bytes():
                raise Refused(f"{one.name} differs when it is built again.")
            print(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}")
        wheel = next(made for made in first if made.suffix == ".whl")
        check_content(wheel)
        said = f"paperwire {version} ({git(clone, 'rev-parse', '--short', 'HEAD')})"
        for number, python in pythons().items():
            try_installers(Path(folder) / number, python, wheel, said)
        git(clone, "tag", "--annotate", "--message", f"paperwire {version}", tag)
        git(REPO, "pull", "--quiet", "--ff-only", "--tags", str(clone), "HEAD")
        shutil.rmtree(REPO / "dist", ignore_errors=True)
        shutil.copytree(Path(folder) / "first", REPO / "dist")
    print(f"{tag} is in dist/, with a commit and a tag. git push --follow-tags publishes them.")


def dated(changelog: str, version: str, day: str) -> str:
    """Return the changelog with what is unreleased under this version and day. Raise Refused if it says nothing."""
    before, found, rest = changelog.partition(UNRELEASED)
    unreleased = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    if not found or not unreleased.strip():
        raise Refused("CHANGELOG.md has nothing under [Unreleased].")
    return f"{before}{UNRELEASED}\n## [{version}] - {day}\n{rest}"


def build(repository: Path, out: Path) -> list[Path]:
    """Build the newest commit into a folder. Return sdist, wheel and the context from which the image is built."""
    out.mkdir(parents=True, exist_ok=True)
    moment = git(repository, "log", "-1", "--format=%ct")
    with TemporaryDirectory(prefix="paperwire-build-") as folder:
        source = Path(folder) / "source"
        source.mkdir()
        archive = Path(folder) / "source.tar"
        archive.write_bytes(archived(repository))
        with tarfile.open(archive) as packed:  # Python 3.11.2 of Debian 12 knows no filters
            packed.extraction_filter = getattr(tarfile, "data_filter", None)  # type: ignore[assignment]
            packed.extractall(source)  # noqa: S202 - git made it of this repository
        uv, python = str(Path(sys.executable).parent / "uv"), ("--no-build-isolation", "--python", sys.executable)
        run(uv, "build", "--quiet", *python, "--out-dir", str(out), cwd=source, SOURCE_DATE_EPOCH=moment)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("paperwire-*.tar.gz")
    context = out / sdist.name.replace("paperwire-", "paperwire-image-")
    copied = [line[1:].strip() for line in (repository / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    context.write_bytes(gzip.compress(archived(repository, "Dockerfile", *copied), mtime=int(moment)))
    return [sdist, wheel, context]


def check_content(wheel: Path) -> None:
    """Raise Refused if a wheel holds something beside the program, or a large file twice."""
    with ZipFile(wheel) as archive:
        same = defaultdict[bytes, list[str]](list)
        for name in archive.namelist():
            top = name.partition("/")[0]
            if top not in IN_WHEEL and not top.endswith(".dist-info"):
                raise Refused(f"The wheel holds {name}.")
            content = archive.read(name)
            if len(content) >= LARGE:
                same[hashlib.sha256(content).digest()].append(name)
    for names in same.values():
        if len(names) > 1:
            raise Refused(f"The wheel holds the same file several times: {', '.join(names)}.")


def pythons() -> Mapping[str, str]:
    """Return minor version → path of the Pythons on this machine. Raise Refused if one that we support is missing."""
    lines = run(str(REPO / ".ci" / "pythons")).splitlines()
    found = {version.rpartition(".")[0]: path for version, path in (line.split(" ", 1) for line in lines)}
    missing = {"3.11", "3.12", "3.13"} - set(found)
    if missing:
        raise Refused(f"This machine has no Python {', '.join(sorted(missing))}, on which a release is tried.")
    return dict(sorted(found.items()))


def try_installers(home: Path, python: str, wheel: Path, said: str) -> None:
    """Install a wheel as people do, in an empty home, and run what it installs. Raise Refused."""
    tools = Path(sys.executable).parent
    installers = {
        "uv": (str(tools / "uv"), "tool", "install", "--quiet", "--python", python, f"{wheel}[meaning]"),
        "pipx": (str(tools / "pipx"), "install", "--quiet", "--python", python, f"{wheel}[meaning]"),
    }
    for name, command in installers.items():
        place = home / name
        place.mkdir(parents=True)
        run(*command, HOME=str(place), PIPX_HOME=str(place / "pipx"), PIPX_BIN_DIR=str(place / ".local/bin"))
        program = str(place / ".local" / "bin" / "paperwire")
        told = run(program, "--version", HOME=str(place)).strip()
        if told != said:
            raise Refused(f"{name} has installed “{told}” in place of “{said}”.")
        counted = run(program, "demo", "--out", str(place / "gallery"), cwd=place, HOME=str(place))
        print(
            f"{name}, {python}: {told}; the demo: {next(line for line in counted.splitlines() if ' digests' in line)}"
        )


def archived(repository: Path, *paths: str) -> bytes:
    """Return the newest commit, or these files and folders of it, as a tar archive."""
    command = ["git", "-C", str(repository), "archive", "--format=tar", "HEAD", *paths]
    return subprocess.run(command, capture_output=True, check=True).stdout


def git(repository: Path, *words: str) -> str:
    """Run git in a repository and return what it prints."""
    return run("git", "-C", str(repository), *words).strip()


def run(*command: str, cwd: Path | None = None, **environment: str) -> str:
    """Run a command and return what it prints. Raise Refused with its errors if it fails."""
    ended = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Refused(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
