"""Fuzzes everything that reads digests, guided by coverage (docs/reliability.md, Fuzzing).

    python -m pip install "atheris>=3.0"           # Linux, Python 3.11 to 3.13; not among our requirements
    python -m tests.faults.fuzz_digests FOLDER     # until it finds something or is stopped
    python -m tests.faults.fuzz_digests FOLDER -max_total_time=600 -max_len=20000     # options of libFuzzer

FOLDER keeps the corpus from run to run; it is filled with the golden pages of tests/digests first. The first byte of an
input names the format, or none; the others are the document. What is found lies as `crash-…` or `timeout-…` in the folder
where it was started: `python -m tests.faults.fuzz_digests crash-…` runs it once more. Whatever it finds becomes a pair in
tests/digests before it is mended.
"""

import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bot.digests", "subscriptions.summaries"]):
    from tests.digest_checks import FORMAT_NAMES, read_and_check

PAGES = Path(__file__).parents[1] / "digests"
MOST_BYTES = 1 << 16  # of a golden page that is put into the corpus
PATIENCE = 2.0  # seconds of the processor for any document, since instrumented code is several times as slow, and
PATIENCE_PER_BYTE = 1e-4


def one_input(data: bytes) -> None:
    """Reads one document. An assertion or any other error is a finding, and so is a document that takes too long."""
    if not data:
        return
    began = time.process_time()
    read_and_check(data[1:], FORMAT_NAMES[data[0] % len(FORMAT_NAMES)])
    seconds = time.process_time() - began
    assert seconds < PATIENCE + len(data) * PATIENCE_PER_BYTE, f"{len(data)} bytes took {seconds:.1f} s"


def fill(folder: Path) -> None:
    """Puts the golden pages into the corpus: each without a format, and each with every format that can read it."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in sorted(PAGES.iterdir()):
        data = page.read_bytes()
        if page.name.endswith(".expected.json") or len(data) > MOST_BYTES:
            continue
        digest = read_and_check(data)
        for name in {None, digest.format if digest else None}:
            (folder / f"{page.name}-{name}").write_bytes(bytes([FORMAT_NAMES.index(name)]) + data)


def main() -> None:
    """Fills the corpus and hands over to libFuzzer, which never returns."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    if not Path(sys.argv[1]).is_file():
        fill(Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
