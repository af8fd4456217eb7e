"""Runs one target, guided by coverage, and stores what it learned (`make fuzz TARGET=… MINUTES=…`).

    python -m tests.programs.fuzz TARGET [MINUTES]     # minutes of processor time, by default 10

It needs atheris (Linux, Python 3.11 to 3.13). `make fuzz` installs it; it is not one of our requirements. A finding does
not end the run: one input for each kind of error is stored as .fuzz/TARGET/found-…, and
`python -m tests.programs.fuzz TARGET FILE` runs it again. At the end the corpus is reduced: the shortest inputs that
together reach everything go to tests/programs/fuzz/corpus, which `make test` runs.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

WORK = Path(".fuzz")
LONGEST = {"digests": 8192}  # bytes of an input
LONGEST_OTHER = 2048


def main(arguments: list[str]) -> int:
    """Runs a target, or one input of it. Returns 1 if something was found."""
    from tests.programs.fuzz.targets import TARGETS  # noqa: PLC0415 - the guided process must import it with instruments

    if not arguments or arguments[0] not in TARGETS:
        sys.exit(f"{__doc__}\nTargets: {', '.join(TARGETS)}")
    name, what = arguments[0], (*arguments[1:], "10")[0]
    if Path(what).is_file():
        TARGETS[name].check(Path(what).read_bytes())
        return 0
    return _run(name, float(what) * 60)


def _run(name: str, seconds: float) -> int:
    from tests.programs.fuzz.smallest import keep_smallest  # noqa: PLC0415 - as above
    from tests.programs.fuzz.targets import TARGETS, file_name, kept  # noqa: PLC0415 - as above

    logging.getLogger("paperwire").addHandler(logging.NullHandler())
    folder = WORK / name / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for data in (*TARGETS[name].seeds(), *kept(name).values()):
        (folder / file_name(data)).write_bytes(data)
    words = WORK / name / "words"
    words.write_text("".join(f'"{_quoted(word)}"\n' for word in TARGETS[name].words), encoding="ascii")
    report = WORK / name / "report.json"
    report.unlink(missing_ok=True)
    options = [
        f"-dict={words}",
        f"-max_len={LONGEST.get(name, LONGEST_OTHER)}",
        "-timeout=120",
        "-rss_limit_mb=4096",
        "-handle_term=0",
        "-print_final_stats=0",
    ]
    options += ["-verbosity=0", f"-artifact_prefix={WORK / name}/found-"]
    command = [
        sys.executable,
        "-m",
        "tests.programs.fuzz.guided",
        name,
        str(seconds),
        str(report),
        str(folder),
        *options,
    ]
    with (WORK / name / "log").open("wb") as log:
        ended = subprocess.run(command, check=False, stdout=log, stderr=log)  # noqa: S603 - this program
    if not report.is_file():
        print(f"{name}: ended with {ended.returncode} before its time; {WORK / name / 'log'} says why")
        return 1
    told = json.loads(report.read_text())
    size = keep_smallest(name, folder)
    found = "".join(f"\n  {one}" for one in told["found"])
    print(
        f"{name}: {told['executions']:,} executions in {told['seconds'] / 60:.1f} minutes of the processor, "
        f"{len(told['found'])} findings, {size} inputs kept{found}"
    )
    return 1 if told["found"] else 0


def _quoted(word: str) -> str:
    """Returns a word in the syntax of libFuzzer's dictionaries."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
