"""Runs benchmarks and writes their output into bench/results.md, each between its own marks.

python -m bench._page DAY [NAME...]        without names: all benchmarks with marks in that page

Words after the name in the mark are passed to the benchmark as arguments.
"""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("results.md")
_PLACE = re.compile(r"<!-- printed by bench\.(\w+)((?: \w+)*) -->\n(.*?)<!-- end -->\n", re.DOTALL)


def main() -> int:
    day, *names = sys.argv[1:]
    for name in names or [place[1] for place in _PLACE.finditer(PAGE.read_text("utf-8"))]:
        print(f"== bench.{name}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *_place(name)[2].split()]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        if done.returncode:
            return done.returncode
        write(name, f"On {day}:\n\n```\n{done.stdout.rstrip()}\n```\n")
    return 0


def write(name: str, output: str) -> None:
    """Replaces the text between the marks of a benchmark by its output."""
    place = _place(name)
    PAGE.write_text(place.string[: place.start(3)] + output + place.string[place.end(3) :], "utf-8")


def _place(name: str) -> re.Match[str]:
    for place in _PLACE.finditer(PAGE.read_text("utf-8")):
        if place[1] == name:
            return place
    raise SystemExit(f"{PAGE} has no place for bench.{name}.")


if __name__ == "__main__":
    sys.exit(main())
