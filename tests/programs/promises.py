"""`make promises`: breaks each promise of tests/promises.md in a copy, and asks whether its test notices.

    python -m tests.programs.promises                    all promises, two at a time
    python -m tests.programs.promises --only forget      those whose title contains this

A promise is a section of the page: its title, the id of its test, and a break: the path of a file and a diff without
line numbers, whose old lines stand exactly once in the file. Without a break each test must be green; with it, red.
Exits with 1 if a test is red without its break or green with it, or if a break does not fit the file any more.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "tests" / "promises.md"
_SECTION = re.compile(
    r"^## (?P<title>[^\n]+)\n\n`(?P<test>tests/\S+)`\n\n`(?P<file>\S+)`\n\n```diff\n(?P<diff>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_RED, _GREEN = 1, 0  # exit statuses of pytest; every other one means that it could not run the test
# errors of a break that is written wrongly, so that the test is red for another reason
_MISTAKES = re.compile(r"\b(Name|Type|Attribute|Import|Syntax|UnboundLocal|Indentation)Error\b")
LONGEST = 300  # seconds of one test
AT_A_TIME = 2


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise, the test that holds it, and a deliberate break."""

    title: str
    test: str
    file: str
    old: str
    new: str

    def is_broken_in(self, folder: Path) -> bool:
        """Breaks the promise in a copy of the repository. Returns False if the break does not fit."""
        path = folder / self.file
        text = path.read_text("utf-8") if path.exists() else ""
        if text.count(self.old) != 1:
            return False
        path.write_text(text.replace(self.old, self.new), "utf-8")
        return True


def promises(page: str) -> list[Promise]:
    """Returns the promises of the page. Raises ValueError if a section is not as it must be."""
    found = [
        Promise(match["title"], match["test"], match["file"], *_sides(match["diff"]))
        for match in _SECTION.finditer(page)
    ]
    if len(found) != page.count("\n## "):
        raise ValueError(f"{PAGE.name} has {page.count(chr(10) + '## ')} sections, but {len(found)} can be read.")
    return found


def _sides(diff: str) -> tuple[str, str]:
    """Returns the old and the new text of a diff."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in "- ")
    return old, "".join(line[1:] for line in lines if line[0] in "+ ")


def copied(folder: Path) -> None:
    """Copies the files of the repository, as they are now, without those that Git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def tested(folder: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Runs tests in a copy. Returns pytest's exit status and the end of what it said."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "--no-header",
        "--tb=native",
        "-p",
        "no:xdist",
        "--timeout",
        str(LONGEST),
    ]
    done = subprocess.run(  # noqa: S603 - this interpreter
        [*command, *tests],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def judged(promise: Promise) -> str:
    """Returns what is wrong with a promise; "" if its test is red with the break."""
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder))
        if not promise.is_broken_in(Path(folder)):
            return f"the break does not fit {promise.file} any more"
        status, said = tested(Path(folder), [promise.test])
    if status == _GREEN:
        return "its test does not notice the break"
    if status != _RED or _MISTAKES.search(said):
        return f"the break breaks more than the promise: {said[-2000:]}"
    return ""


def report(chosen: Sequence[Promise]) -> Iterator[str]:
    """Judges promises. Prints a line for each, and yields what is wrong."""
    status, said = tested(ROOT, [*dict.fromkeys(promise.test for promise in chosen)])
    if status != _GREEN:
        yield f"without any break: {said[-2000:]}"
        return
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for number, (promise, wrong) in enumerate(zip(chosen, pool.map(judged, chosen), strict=True), 1):
            print(f"{number}/{len(chosen)} {'WRONG' if wrong else 'red, as it must be'}: {promise.title}", flush=True)
            if wrong:
                yield f"{promise.title}: {wrong}"


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.promises")
    parser.add_argument("--only", default="", metavar="WORDS", help="promises whose title contains these words")
    wanted = parser.parse_args().only.casefold()
    chosen = [promise for promise in promises(PAGE.read_text("utf-8")) if wanted in promise.title.casefold()]
    wrong = list(report(chosen))
    print(*wrong, sep="\n")
    print(f"{len(chosen)} promises, each seen red." if not wrong else f"{len(wrong)} of {len(chosen)} are wrong.")
    return int(bool(wrong) or not chosen)


if __name__ == "__main__":
    sys.exit(main())
