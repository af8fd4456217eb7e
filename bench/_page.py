"""Runs benchmarks and writes what they print into docs/benchmarks.md and docs/scaling.md, each between its own marks.

python -m bench._page DAY [NAME...]        without names: all that have a place there
"""

import re
import subprocess
import sys
from pathlib import Path

_DOCS = Path(__file__).parents[1] / "docs"
PAGES = (_DOCS / "benchmarks.md", _DOCS / "scaling.md")
_PLACE = re.compile(r"<!-- printed by bench\.(\w+) -->\n.*?<!-- end -->\n", re.DOTALL)


def main() -> int:
    day, *names = sys.argv[1:]
    for name in names or [name for page in PAGES for name in _PLACE.findall(page.read_text("utf-8"))]:
        print(f"== bench.{name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        if done.returncode:
            return done.returncode
        write(name, f"On {day}:\n\n```\n{done.stdout.rstrip()}\n```\n")
    return 0


def write(name: str, output: str) -> None:
    """Puts what a benchmark printed into its place."""
    start, end = f"<!-- printed by bench.{name} -->\n", "<!-- end -->\n"
    for path in PAGES:
        before, found, rest = path.read_text("utf-8").partition(start)
        if found:
            path.write_text(before + start + output + end + rest.partition(end)[2], "utf-8")
            return
    raise SystemExit(f"No page of docs has a place for bench.{name}.")


if __name__ == "__main__":
    sys.exit(main())
