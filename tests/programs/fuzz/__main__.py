"""Runs one target, guided by coverage, and stores what it learned (`make fuzz TARGET=… MINUTES=…`).

    python -m tests.programs.fuzz TARGET [MINUTES]     # minutes of processor time, by default 10

It needs atheris (Linux, Python 3.11 to 3.13). `make fuzz` installs it; it is not one of our requirements. A finding does
not end the run: one input for each kind of error is stored as .fuzz/TARGET/found-…, and
`python -m tests.programs.fuzz TARGET FILE` runs it again. At the end, libFuzzer reduces the corpus: the shortest inputs
that together reach everything go to tests/programs/fuzz/corpus, which `make test` runs.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from tests.programs.fuzz import targets

WORK = Path(".fuzz")
LONGEST = {"digests": 8192}  # bytes of an input
LONGEST_OTHER = 2048


def main(arguments: list[str]) -> int:
    """Runs a target, or one input of it. Returns 1 if something was found."""
    if not arguments or arguments[0] not in targets.TARGETS:
        sys.exit(f"{__doc__}\nTargets: {', '.join(targets.TARGETS)}")
    name, what = arguments[0], (*arguments[1:], "10")[0]
    if Path(what).is_file():
        targets.TARGETS[name].check(Path(what).read_bytes())
        return 0
    return _run(name, float(what) * 60)


def _run(name: str, seconds: float) -> int:
    target, folder = targets.TARGETS[name], WORK / name / "corpus"
    _store(folder, (*target.seeds(), *targets.kept(name).values()))
    words = WORK / name / "words"
    words.write_text("".join(f'"{_quoted(word)}"\n' for word in target.words), encoding="ascii")
    report, log = WORK / name / "report.json", WORK / name / "log"
    for path in (report, log):
        path.unlink(missing_ok=True)
    longest = f"-max_len={LONGEST.get(name, LONGEST_OTHER)}"
    status = _guided(name, seconds, folder, f"-dict={words}", longest, f"-artifact_prefix={WORK / name}/found-")
    if not report.is_file():
        print(f"{name}: ended with {status} before its time; {log} says why")
        return 1
    told = json.loads(report.read_text())
    size = _keep_smallest(name, folder)
    print(
        f"{name}: {told['executions']:,} executions in {told['seconds'] / 60:.1f} minutes of the processor, "
        f"{len(told['found'])} findings, {size} inputs kept",
        *told["found"],
        sep="\n  ",
    )
    return 1 if told["found"] else 0


def _guided(name: str, seconds: float, *more: object) -> int:
    """Runs the guided process with more folders and options of libFuzzer. Returns its exit status."""
    code = ",".join(targets.TARGETS[name].code)
    options = ("-timeout=120", "-rss_limit_mb=4096", "-handle_term=0", "-print_final_stats=0", "-verbosity=0")
    what = ("tests.programs.fuzz.guided", name, seconds, WORK / name / "report.json", code, *more, *options)
    command = [sys.executable, "-m", *map(str, what)]
    with (WORK / name / "log").open("ab") as log:
        return subprocess.run(command, check=False, stdout=log, stderr=log).returncode  # noqa: S603 - this program


def _keep_smallest(name: str, folder: Path) -> int:
    """Stores the shortest inputs that together reach all that this folder and the stored corpus reach. Returns their number."""
    stored = targets.CORPUS / name
    stored.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as merged:
        options = ("-merge=1", "-set_cover_merge=1", "-use_counters=0", f"-max_len={targets.LONGEST}")
        status = _guided(name, float("inf"), merged, folder, stored, *options)
        chosen = [path.read_bytes() for path in Path(merged).iterdir()]
    if status:
        raise SystemExit(f"{name}: reducing the corpus ended with {status}; {WORK / name / 'log'} says why")
    rmtree(stored)
    _store(stored, chosen)
    return len(chosen)


def _store(folder: Path, inputs: Iterable[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / targets.file_name(data)).write_bytes(data)


def _quoted(word: str) -> str:
    """Returns a word in the syntax of libFuzzer's dictionaries."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
