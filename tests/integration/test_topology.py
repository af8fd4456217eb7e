"""What compose.yaml starts, without containers: the schema, then its workers, which are replaced one by one while digests come."""

import subprocess
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

    def __init__(self, folder: Path, url: str, fake: Remote, stack: ExitStack) -> None:
        self.folder, self._fake, self._stack = folder, fake, stack
        self._services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
        self.workers: list[tuple[subprocess.Popen[bytes], str]] = []  # with the address of its health
        self._added: list[subprocess.Popen[bytes]] = []  # those that may not have begun yet
        (folder / "inbox").mkdir()
        (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
        for name, secret in {"database_url": url, "telegram_token": TOKEN}.items():
            (folder / name).write_text(f"{secret}\n")

    def __call__(self, service: str, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        """Starts a service, or another subcommand with its settings."""
        said: dict[str, Any] = self._services[service]
        places = {"/run/secrets/": f"{self.folder}/", "/etc/paperwire/": f"{self.folder}/"}
        settings = {name: _placed(value, places) for name, value in said["environment"].items()}
        process = Forked(
            ["bot", *(arguments or said["command"][1:])],
            cwd=self.folder,
            env=clean_environment(**(settings | {"PAPERWIRE_TELEGRAM_API_URL": self._fake.url} | more)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self._stack.enter_context(process)

    @property
    def replicas(self) -> int:
        return int(self._services["worker"]["deploy"]["replicas"])

    def add_worker(self) -> None:
        port = str(free_port())
        self._added.append(self("worker", PAPERWIRE_WEB_PORT=port))
        self.workers.append((self._added[-1], f"http://127.0.0.1:{port}/health/ready"))

    def end_worker(self) -> int:
        """Ends the oldest worker in order. Returns its exit status."""
        worker, _ = self.workers.pop(0)
        worker.terminate()
        return worker.wait(int(self._services["worker"]["stop_grace_period"].removesuffix("s")))

    def become_healthy(self) -> None:
        """Waits until the workers that were added have begun, and all have done their first look: they answer meanwhile."""
        while self._added:
            assert any(line.startswith(b"Watching ") for line in self._added.pop().stderr or ())
        for worker, address in self.workers:
            while _line.get(address).status_code != 200:
                assert worker.poll() is None


def _placed(value: str, places: dict[str, str]) -> str:
    for there, here in places.items():
        value = value.replace(there, here)
    return value


_line = httpx.Client(trust_env=False)  # one for all: to make one takes longer than to use it


@contextmanager
def topology(postgres: Server, folder: Path) -> Iterator[tuple[Topology, Remote]]:
    with ExitStack() as stack:
        fake = stack.enter_context(running("telegram", journal=folder / "journal"))
        fake.call("opens_to_all")
        url = stack.enter_context(postgres.database(empty=True))
        services = Topology(folder, url, fake, stack)
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
        services.become_healthy()
        for number in range(services.replicas):
            day = datetime.now(UTC).date()
            text = page((f"2601.0000{number}", f"A graph of kind {number}", "Text."))
            (tmp_path / "inbox" / f"{day}-{number}.md").write_text(text)
            services.add_worker()
            assert services.end_worker() == 0
            services.become_healthy()
        fake.call("waits_for", "sendMessage", services.replicas)
        assert sorted(posts(fake)) == [f"2601.0000{number}" for number in range(services.replicas)]


def posts(fake: Remote) -> list[str]:
    """The ids of the papers of all messages, each as often as it was posted."""
    texts = [entry.text for entry in fake.journal if entry.kind == "post"]
    return [f"2601.0000{number}" for text in texts for number in range(10) if f"A graph of kind {number}" in text]
