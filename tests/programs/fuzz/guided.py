"""The guided process of `python -m tests.programs.fuzz`: runs one target until its processor time is over, and reports.

An error does not end the run. One input is stored for each kind of error, that is, for each type and place of raising.
"""

import json
import logging
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import atheris

PATIENCE = 2.0  # seconds of processor time for one input (instrumented code is several times slower), plus:
PATIENCE_PER_BYTE = 1e-4


def main() -> None:
    """Runs until the time is over and never returns.

    Arguments: target, seconds, report, modules whose branches guide the target, then folders and options of libFuzzer.
    """
    name, seconds, report, code, *options = sys.argv[1:]
    with atheris.instrument_imports(include=code.split(",")):
        from tests.programs.fuzz.targets import TARGETS, file_name  # noqa: PLC0415 - imported here, so that its imports are instrumented

    logging.getLogger("paperwire").addHandler(logging.NullHandler())
    found: dict[str, str] = {}
    began, executions = time.process_time(), 0
    last = began

    def finish(*_: object) -> None:
        told = {"executions": executions, "seconds": time.process_time() - began, "found": list(found.values())}
        Path(report).write_text(json.dumps(told))
        sys.stdout.flush()
        os._exit(0)

    def one_input(data: bytes) -> None:
        nonlocal executions, last
        executions += 1
        try:
            TARGETS[name].check(data)
        except Exception as error:  # noqa: BLE001 - any error is a finding
            _keep(error, data)
        now = time.process_time()
        if now - last > PATIENCE + len(data) * PATIENCE_PER_BYTE:
            _keep(TimeoutError(f"{len(data)} bytes took {now - last:.1f} s"), data)
        last = now
        if now - began > float(seconds):
            finish()

    def _keep(error: Exception, data: bytes) -> None:
        place = next(
            (
                f"{one.filename}:{one.lineno}"
                for one in reversed(traceback.extract_tb(error.__traceback__))
                if "/.venv/" not in one.filename
            ),
            "",
        )
        kind = f"{type(error).__name__} {place}"
        path = Path(report).parent / f"found-{file_name(kind.encode())}"
        if kind not in found or len(data) < path.stat().st_size:
            found[kind] = f"{path}: {kind}: {ascii(str(error))[:300]}"
            path.write_bytes(data)

    signal.signal(signal.SIGTERM, finish)  # a run that is stopped early writes its report too
    # libFuzzer starts the first of these to merge
    atheris.Setup([" ".join((sys.executable, "-m", "tests.programs.fuzz.guided", *sys.argv[1:5])), *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
