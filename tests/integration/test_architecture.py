"""The house is built as docs/architecture.md draws it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = sorted(path for folder in ("bot", "subscriptions") for path in (ROOT / folder).rglob("*.py"))


def test_every_module_keeps_to_its_layer_and_every_library_to_its_home() -> None:
    # A process of its own: the library sets logging up anew, and every logger that there is falls silent.
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_of_the_house_is_in_the_map() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "bot").iterdir() if path.name[0] != "_"}
    assert {room for room in rooms if room not in page} <= {"samples", "errors", "ports", "settings", "clock"}


def test_only_the_clock_reads_the_time() -> None:
    reads = re.compile(r"datetime\.now\(|time\.time\(|utcnow\(|date\.today\(")
    guilty = [str(path.relative_to(ROOT)) for path in PYTHON if reads.search(path.read_text())]
    assert guilty == ["bot/clock.py"]


def test_only_the_pipeline_and_its_shells_cross_into_threads() -> None:
    guilty = {path.name for path in PYTHON if "to_thread" in path.read_text()}
    shells = {
        "pipeline.py",
        "delivering.py",
        "scribe.py",
        "answering.py",
        "saying.py",
        "rights.py",
        "ear.py",
        "app.py",
        "running.py",
    }
    assert guilty <= shells | {"inbox.py", "installing.py", "feeding.py", "polling.py", "filling.py", "bookkeeping.py"}


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for path in PYTHON:
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines")
    assert long == []
