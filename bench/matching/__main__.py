"""Matches the papers of a day with queries: `python -m bench.matching [COUNT...]`.

Each engine runs in its own process, with the same lines and papers. The papers and the words of the lines come from the
real digests in the folder that PAPERWIRE_SHARED names, or, without it, from a made-up vocabulary. Lines that have the
same meaning for all engines must find the same papers. `make bench` uses 10,000 lines; docs/benchmarks.md has up to a
million.
"""

import pickle
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench._timing import T, timed
from bench.matching import engines, lines, other_engines
from subscriptions.model import Paper

PAPERS = 180
AIM = 50  # times as fast as the naive loop
QUICK = 1.0  # seconds; a run that takes longer is not repeated

ENGINES: dict[str, Callable[[], engines.Engine]] = {
    "paperwire": engines.Paperwire,
    "naive loop": engines.Naive,
    "SQLite FTS5": other_engines.Fts5,
    "ahocorasick_rs": other_engines.AhoCorasickRs,
    "hyperscan": other_engines.Hyperscan,
    "least work": engines.LeastWork,
}


class Measured(NamedTuple):
    """The report of a process about one engine."""

    asked: int  # number of different lines that it can express
    taken: int  # how many of them it got
    compile_s: float
    match_s: float
    peak: int  # bytes
    pairs: int
    answers: dict[int, int]  # number of a comparable line -> papers
    notes: dict[str, float]  # more figures, only of paperwire


def main(counts: tuple[int, ...] = (10_000,)) -> int:
    """Prints a table for each count. Returns 1 if the aim is missed. Raises AssertionError if results differ."""
    papers = lines.real_papers() or lines.made_up_papers(2 * PAPERS)
    is_well = True
    for count in counts:
        typed = list(lines.lines(papers, count, Random(20260122)))
        print(f"{count:,} lines, {len({line.text for line in typed}):,} different, x {PAPERS} papers")
        measured = _measured(typed, papers[:PAPERS])
        _show(measured, count)
        is_well &= _times(measured, "naive loop") >= AIM
    return int(not is_well)


def _measured(typed: list[lines.Line], papers: tuple[Paper, ...]) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task"
        task.write_bytes(pickle.dumps((typed, papers)))
        for name in ENGINES:
            command = [sys.executable, "-m", "bench.matching", "--engine", name, str(task)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
            if done.returncode:
                print(f"  {name}: not measured", flush=True)
                continue
            found[name] = pickle.loads(done.stdout)  # noqa: S301 - from our own process
    return found


def _run(name: str, task: Path) -> None:
    """Measures one engine in this process, and writes its report to stdout."""
    typed, papers = pickle.loads(task.read_bytes())  # noqa: S301 - from our own process
    different = list({line.text: line for line in typed}.values())
    engine = ENGINES[name]()
    if isinstance(engine, engines.LeastWork):
        different = typed
    asked = [n for n, line in enumerate(different) if engine.expresses(line) or isinstance(engine, engines.Naive)]
    taken = asked[: engine.most]
    some = [different[number] for number in taken]
    _, compiling = _best(lambda: engine.compile(some), 1)
    engine.read(papers)
    found, matching = _best(engine.match, 5)
    notes = (
        _notes(engine, some) | {"checked": matching - _without_checks(some, papers)}
        if type(engine) is engines.Paperwire
        else {}
    )
    answers = engine.by_line(found) if isinstance(engine, engines.Paperwire) else found
    numbers, plain = lines.comparable(some, papers) if different is not typed else ([], 0)
    report = Measured(
        asked=len(asked),
        taken=len(taken),
        compile_s=compiling,
        match_s=matching,
        peak=_memory("VmHWM"),
        pairs=sum(bits.bit_count() for bits in answers.values()),
        answers={taken[number]: answers.get(number, 0) & plain for number in numbers},
        notes=notes,
    )
    sys.stdout.buffer.write(pickle.dumps(report))


def _without_checks(some: list[lines.Line], papers: list[Paper]) -> float:
    """Returns the seconds of a match without the lines with terms that are searched in single papers."""
    engine = engines.Paperwire()
    engine.compile([line for line in some if not lines.checks_papers(line)])
    engine.read(papers)
    return _best(engine.match, 5)[1]


def _notes(engine: engines.Paperwire, some: list[lines.Line]) -> dict[str, float]:
    """Returns more figures of paperwire: memory of the set, and the seconds to add one query."""
    tracemalloc.start()
    again = engines.Paperwire()
    again.compile(some)
    again.handles.clear()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del again
    texts = [f"{line.text} paperwire" for line in some[:: max(1, len(some) // 1000)]]
    _, adding = _best(lambda: [engine.queries.add_text(text) for text in texts], 1)
    return {"bytes of memory": size, "add": adding / len(texts)}


def _show(measured: dict[str, Measured], count: int) -> None:
    ours = measured["paperwire"]
    print(f"  {'':20}{'says':>6}{'compile':>11}{'match':>13}{'x ours':>9}{'peak':>10}{'pairs':>12}  equal")
    for name, one in measured.items():
        scale = one.asked / one.taken
        sign = "~" if scale > 1 else ""
        says = "" if name in {"naive loop", "least work"} else f"{one.asked / ours.asked:.0%}"
        compiling, matching = f"{sign}{one.compile_s * scale:,.2f} s", f"{sign}{one.match_s * scale:,.4f} s"
        pairs = "" if sign else f"{one.pairs:,}"
        print(
            f"  {name:20}{says:>6}{compiling:>11}{matching:>13}{one.match_s * scale / ours.match_s:>9,.1f}{one.peak / 1e6:>7,.0f} MB{pairs:>12}"
            f"  {_equal(one, ours):,}",
            flush=True,
        )
    notes = ours.notes
    print(
        f"  paperwire: {ours.compile_s / count * 1e6:.1f} µs a line to compile; "
        f"{notes['bytes of memory'] / count:.0f} bytes a line in memory; one query more {notes['add'] * 1e6:.0f} µs; "
        f"initials of names and phrases that end in a prefix took "
        f"{max(0, notes['checked']):.4f} s of the match",
        flush=True,
    )


def _equal(one: Measured, ours: Measured) -> int:
    """Returns the number of lines for which two engines found the same papers. Raises AssertionError if they differ."""
    for number, papers in one.answers.items():
        assert ours.answers[number] == papers, number
    return len(one.answers)


def _times(measured: dict[str, Measured], name: str) -> float:
    one, ours = measured[name], measured["paperwire"]
    return one.match_s * one.asked / one.taken / ours.match_s


def _memory(name: str) -> int:
    """Returns a figure of this process from /proc, in bytes (Linux)."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name))


def _best(work: Callable[[], T], times: int) -> tuple[T, float]:
    """Returns the result of `work` and the least seconds of up to `times` runs; one run if it takes long."""
    took: list[float] = []
    while len(took) < times and (not took or took[0] < QUICK):
        result, taken = timed(work)
        took.append(taken)
    return result, min(took)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--engine"]:
        _run(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(main(tuple(map(int, sys.argv[1:])) or (10_000,)))
