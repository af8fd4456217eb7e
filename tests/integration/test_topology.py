"""What compose.yaml starts, without containers: the schema, then its workers, which are replaced one by one while digests come."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]

from tests.fakes.process import ROOT, Remote, running
from tests.fakes.telegram import TOKEN
from tests.forked import Forked, clean_environment
from tests.integration.cli import page
from tests.integration.slack_bot import free_port
from tests.patience import PATIENCE
from tests.postgres.server import Server

CHAT = "telegram:42"


class Topology:
    """The services of compose.yaml as processes of this machine: their commands, settings and secrets."""

    def __init__(self, folder: Path, url: str, fake: Remote) -> None:
        self.folder, self._fake = folder, fake
        self._services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
        self.workers: list[tuple[subprocess.Popen[bytes], str]] = []  # with the address of its health
        (folder / "inbox").mkdir()
        (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
        for name, secret in {"database_url": url, "telegram_token": TOKEN}.items():
            (folder / name).write_text(f"{secret}\n")

    def __call__(self, service: str, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        """Starts a service, or another subcommand with its settings."""
        said: dict[str, Any] = self._services[service]
        places = {"/run/secrets/": f"{self.folder}/", "/etc/paperwire/": f"{self.folder}/"}
        settings = {name: _placed(value, places) for name, value in said["environment"].items()}
        with (self.folder / "log").open("ab") as log:
            return Forked(
                ["bot", *(arguments or said["command"][1:])],
                cwd=self.folder,
                env=clean_environment(**(settings | {"PAPERWIRE_TELEGRAM_API_URL": self._fake.url} | more)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def replicas(self) -> int:
        return int(self._services["worker"]["deploy"]["replicas"])

    def add_worker(self) -> None:
        port = str(free_port())
        self.workers.append((self("worker", PAPERWIRE_WEB_PORT=port), f"http://127.0.0.1:{port}/health/ready"))

    def end_worker(self) -> int:
        """Ends the oldest worker in order. Returns its exit status."""
        worker, _ = self.workers.pop(0)
        worker.terminate()
        return worker.wait(int(self._services["worker"]["stop_grace_period"].removesuffix("s")))

    def are_healthy(self) -> bool:
        return all(_is_healthy(address) for _, address in self.workers)

    def wait_until(self, so: Any, why: str) -> None:
        end = time.monotonic() + PATIENCE
        while not so():
            assert time.monotonic() < end, f"{why}\n{(self.folder / 'log').read_text()[-3000:]}"
            time.sleep(0.1)  # the workers run by the clock of the machine


def _placed(value: str, places: dict[str, str]) -> str:
    for there, here in places.items():
        value = value.replace(there, here)
    return value


_line = httpx.Client(trust_env=False)  # one for all: to make one takes longer than to use it


def _is_healthy(address: str) -> bool:
    try:
        return _line.get(address).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def topology(postgres: Server, folder: Path) -> Iterator[tuple[Topology, Remote]]:
    with ExitStack() as stack:
        fake = stack.enter_context(running("telegram", journal=folder / "journal"))
        fake.call("opens_to_all")
        url = stack.enter_context(postgres.database(empty=True))
        services = Topology(folder, url, fake)
        try:
            yield services, fake
        finally:
            for worker, _ in services.workers:
                worker.kill()
                worker.wait()


def test_workers_are_replaced_one_by_one_while_digests_come(postgres: Server, tmp_path: Path) -> None:
    with topology(postgres, tmp_path) as (services, fake):
        assert services("schema").wait(PATIENCE) == 0
        assert services("worker", "subscribe", "graph", "--as", CHAT, "--every", "now").wait(PATIENCE) == 0
        assert services("worker", "set", "quiet", "off", "--as", CHAT).wait(PATIENCE) == 0  # it may be night
        for _ in range(services.replicas):
            services.add_worker()
        services.wait_until(services.are_healthy, "the workers are not ready")
        for number in range(services.replicas):
            day = datetime.now(UTC).date()
            text = page((f"2601.0000{number}", f"A graph of kind {number}", "Text."))
            (tmp_path / "inbox" / f"{day}-{number}.md").write_text(text)
            services.add_worker()
            assert services.end_worker() == 0
            services.wait_until(services.are_healthy, "the new worker is not ready")
        fake.call("waits_for", "sendMessage", services.replicas)
        assert sorted(posts(fake)) == [f"2601.0000{number}" for number in range(services.replicas)]


def posts(fake: Remote) -> list[str]:
    """The ids of the papers of all messages, each as often as it was posted."""
    texts = [entry.text for entry in fake.journal if entry.kind == "post"]
    return [f"2601.0000{number}" for text in texts for number in range(10) if f"A graph of kind {number}" in text]
