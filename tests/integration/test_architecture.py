"""The modules of the product, and the imports between them, are as docs/architecture.md describes them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for folder in ("bot", "subscriptions")
    for path in sorted((ROOT / folder).rglob("*.py"))
}


def test_every_module_keeps_to_its_layer() -> None:
    # the library resets logging, which silences all existing loggers, so it runs in its own process
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_clock_reads_the_time() -> None:
    assert [
        name for name, text in PYTHON.items() if re.search(r"datetime\.now\(|time\.time\(|utcnow\(|date\.today\(", text)
    ] == ["bot/clock.py"]


def test_no_platform_is_named_outside_its_own_homes() -> None:
    """Any other module that names a platform would need a change for every new platform."""
    assert [
        f"{name}:{number}"
        for name, text in PYTHON.items()
        if not name.startswith(
            ("bot/platforms/", "bot/settings/", "bot/demo/", "bot/cli/__init__.py", "bot/connections.py")
        )
        for number, line in enumerate(text.splitlines(), 1)
        if re.search('telegram|slack|"(console|web|apprise)"', line, re.IGNORECASE)
    ] == []


FROM_OUTSIDE = ("tests/outside", "tests/story", "tests/programs/faults", "tests/programs/several_processes")
# what knows how to start the program: the door, what it starts in place of the program, and who prepares processes and databases
THE_DOOR = {"tests/product.py", "tests/moved.py", "tests/forked.py", "tests/postgres/server.py"}
OURS = re.compile(r"^ *(?:from|import) (bot|subscriptions|templates|locales)\b(.*)$", re.MULTILINE)
OF_TESTS = re.compile(r"^ *from (tests[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def imported_tests(text: str) -> Iterator[Path]:
    """Yields the modules of tests that a module imports."""
    for place, names in OF_TESTS.findall(text):
        for name in ("", *re.findall(r"\w+", names)):
            path = ROOT / f"{'/'.join([*place.split('.'), *([name] if name else [])])}.py"
            if path.is_file():
                yield path


def test_what_is_promised_is_judged_from_outside() -> None:
    """Stories, faults, the year and the test of several processes know the door, and nothing behind it, not even by others."""
    waiting = [path for folder in FROM_OUTSIDE for path in (ROOT / folder).rglob("*.py")]
    known, guilty = set[Path](), list[str]()
    while waiting:
        path = waiting.pop()
        name = str(path.relative_to(ROOT))
        if path in known or name in THE_DOOR:
            continue
        known.add(path)
        text = path.read_text()
        guilty += [f"{name}: {match[0].strip()}" for match in OURS.finditer(text)]
        waiting += imported_tests(text)
    assert guilty == []
    assert len(known) > 40
