"""Runs benchmarks and writes what they print into docs/benchmarks.md, each between its own marks.

python -m bench._page DAY [NAME...]        without names: all that have a place there
"""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_PLACE = re.compile(r"<!-- printed by bench\.(\w+) -->\n.*?<!-- end -->\n", re.DOTALL)


def main() -> int:
    day, *names = sys.argv[1:]
    for name in names or _PLACE.findall(PAGE.read_text("utf-8")):
        print(f"== bench.{name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        if done.returncode:
            return done.returncode
        write(name, f"On {day}:\n\n```\n{done.stdout.rstrip()}\n```\n")
    return 0


def write(name: str, output: str) -> None:
    page = PAGE.read_text("utf-8")
    start, end = f"<!-- printed by bench.{name} -->\n", "<!-- end -->\n"
    before, found, rest = page.partition(start)
    if not found:
        raise SystemExit(f"docs/benchmarks.md has no place for bench.{name}.")
    PAGE.write_text(before + start + output + end + rest.partition(end)[2], "utf-8")


if __name__ == "__main__":
    sys.exit(main())
