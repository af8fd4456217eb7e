"""Documents are read in a child process, which ends when one of them takes too much, and with its program."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.digests import read_digest
from bot.digests.sandbox import Limits, Sandbox
from subscriptions.errors import BrokenDigest, UnknownFormat
from tests.papers import jsonl
from tests.papers import paper as entry
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def never_ends(data: bytes) -> bytes:
    while data:
        pass
    return data


def begins_and_never_ends(begun: Path) -> None:
    begun.touch()
    never_ends(b"a")


def sleeps(seconds: float) -> None:
    time.sleep(seconds)


def needs(size: int) -> int:
    return len(b"a" * size)


def dies(which: int) -> None:
    os.kill(os.getpid(), which)


def exits(status: int) -> None:
    os._exit(status)


def fails(words: str) -> None:
    raise ValueError(words)


def pid_of(_: bytes) -> int:
    return os.getpid()


LIMITS = Limits(cpu_seconds=1, wall_seconds=round(PATIENCE), memory_bytes=1 << 29)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(LIMITS)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("reader", "argument", "reason"),
    [
        (never_ends, b"a", "page.md: Reading it takes more than 1 seconds of a processor."),
        (needs, 1 << 30, "page.md: Reading it takes more than 512 MiB of memory."),
        (dies, signal.SIGKILL, "page.md: The process that read it ended by SIGKILL."),
        (exits, 3, "page.md: The process that read it ended by status 3."),
    ],
)
async def test_sandbox_names_the_true_reason_and_reads_the_next_document(
    reader: object, argument: object, reason: str, sandbox: Sandbox
) -> None:
    with pytest.raises(BrokenDigest) as refused:
        await sandbox.read("page.md", reader, argument)  # type: ignore[arg-type]
    assert str(refused.value) == reason
    assert await sandbox.read("", needs, 5) == 5


async def test_sandbox_ends_a_reader_that_only_waits() -> None:
    sandbox = Sandbox(Limits(wall_seconds=1))
    with pytest.raises(BrokenDigest, match=r"^Reading it takes longer than 1 seconds\.$"):
        await sandbox.read("", sleeps, PATIENCE)
    sandbox.close()


async def test_sandbox_raises_what_a_reader_raises(sandbox: Sandbox) -> None:
    with pytest.raises(UnknownFormat, match=r"kites\.md: no paper entries found") as unknown:
        await sandbox.read("kites.md", read_digest, b"kites", "kites.md")
    assert "daily_arxiv_md" in unknown.value.expected
    with pytest.raises(BrokenDigest, match=r"kites\.md: .*\(ValueError in fails, unit/test_sandbox\.py") as mistake:
        await sandbox.read("kites.md", fails, "a secret")
    assert "secret" not in str(mistake.value)


async def test_sandbox_reads_as_this_process_does_and_keeps_its_child(sandbox: Sandbox) -> None:
    digest = jsonl([entry(f"Kite {n}", arxiv_id=f"2601.{n:05d}") for n in range(50)]).encode()
    first = await sandbox.read("", pid_of, b"")
    assert await sandbox.read("kites.jsonl", read_digest, digest, "kites.jsonl") == read_digest(digest, "kites.jsonl")
    assert await sandbox.read("", pid_of, b"") == first != os.getpid()


async def test_each_document_has_the_whole_time_of_a_processor(sandbox: Sandbox) -> None:
    first = await sandbox.read("", pid_of, b"")
    for _ in range(4):
        await sandbox.read("", works_for, 0.5)
    assert await sandbox.read("", pid_of, b"") == first


def works_for(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


async def test_closing_ends_a_child_that_works(tmp_path: Path) -> None:
    sandbox = Sandbox()
    pid, begun = await sandbox.read("", pid_of, b""), tmp_path / "begun"
    reading = asyncio.create_task(sandbox.read("page.md", begins_and_never_ends, begun))
    await asyncio.to_thread(waits_for, begun)
    await asyncio.to_thread(sandbox.close)
    with pytest.raises(BrokenDigest, match="when the program stopped"):
        await reading
    assert is_gone(pid)


def waits_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


PROGRAM = """
import asyncio
from bot.digests.sandbox import Sandbox
from tests.unit.test_sandbox import never_ends, pid_of

async def main():
    sandbox = Sandbox()
    print(await sandbox.read("", pid_of, b""), flush=True)
    await sandbox.read("", never_ends, b"a")

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit of processor time ends it")
def test_child_that_works_does_not_outlive_a_killed_program(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(program)], env=environment, stdout=subprocess.PIPE) as running:  # noqa: S603
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        assert not is_gone(pid)
        running.kill()
        running.wait(PATIENCE)
    end = time.monotonic() + PATIENCE
    while not is_gone(pid):
        assert time.monotonic() < end
