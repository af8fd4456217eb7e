"""`run` reads what others wrote in a process of its own, which ends with it and costs nobody else anything."""

import gzip
import json
import os
import signal
from pathlib import Path

import httpx

from tests.papers import jsonl, paper
from tests.patience import PATIENCE
from tests.product import Process, Product

# 16 MB of empty lines below a head, in 16 kB: reading them takes longer than a minute
BOMB = gzip.compress(b"### [1] [a](https://arxiv.org/abs/2601.00001)\n" + b"\n" * (16 * 2**20 - 100))
MEMORY_MIB = 250  # of `run`, with all its modules
STARTED = 3  # seconds of a processor, after which a reader is reading
LONG = 15  # seconds of a processor; the limit of a reader is longer


def readers_of(pid: int) -> list[int]:
    """Returns the child processes of a program that run its code."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if int(parent) == pid and state != "Z" and b"spawn_main" in words:
            found.append(int(folder.name))
    return found


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def memory_of(process: Process) -> int:
    """Returns the most memory that a process had, in MiB."""
    (line,) = [one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) >> 10


def test_stop_ends_the_reader_and_leaves_its_document_for_the_next_start(product: Product) -> None:
    with product.starts("run") as process:
        process.waits_until_ready()
        product.writes("inbox/a.md.gz", BOMB)
        process.waits_until(lambda: bool(readers_of(process.pid)))
        reading = readers_of(process.pid)
        assert memory_of(process) < MEMORY_MIB
        assert process.stops() == 0
        assert all(map(is_gone, reading))
    assert "a.md.gz" not in process.said + json.dumps(product.tells("sources"))


def test_small_document_is_read_in_another_process(product: Product) -> None:
    with product.starts("run") as process:
        process.waits_until_ready()
        product.writes("inbox/recipe.md", "# A recipe\n\nStir.\n")
        process.waits_for_line(r"recipe\.md: no paper entries found")
        assert readers_of(process.pid)


def test_death_of_the_reader_is_told_truly_and_the_next_document_is_read(product: Product) -> None:
    product.says("/sub moss now")
    product.says("/set quiet off")  # the process has the machine's clock
    with product.starts("run") as process:
        address = process.waits_until_ready()
        product.writes("inbox/a.md.gz", BOMB)
        process.waits_until(lambda: bool(readers_of(process.pid)))
        assert httpx.get(f"{address}/health/live", timeout=PATIENCE, trust_env=False).json() == {"live": True}
        (reading,) = readers_of(process.pid)
        os.kill(reading, signal.SIGKILL)
        process.waits_for_line(r"a\.md\.gz: The process that read it ended by SIGKILL\.")
        product.writes("inbox/b.jsonl", jsonl([paper("Moss on stones")]))
        process.waits_until(lambda: "Moss on stones" in str(list(product.telegram.journal)))


def test_reader_does_not_outlive_a_killed_program(product: Product) -> None:
    with product.starts("run") as process:
        process.waits_until_ready()
        product.writes("inbox/a.md.gz", BOMB)
        process.waits_until(lambda: sum(map(seconds_of, readers_of(process.pid))) > STARTED)
        reading = readers_of(process.pid)
        process.kill()
        while not all(map(is_gone, reading)):
            assert sum(map(seconds_of, reading)) < LONG


def seconds_of(pid: int) -> float:
    """Returns how long a process has had a processor; 0.0 if it is gone."""
    try:
        *_, user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:13]
    except FileNotFoundError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
