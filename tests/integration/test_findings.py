"""Each finding is brought about once, and every place that shows findings is looked at: all say the same sentence."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app import App
from bot.cli import status as state
from bot.delivery.sender import Sender
from bot.run.process import Process
from bot.settings import Backup, SourceSettings
from bot.settings.opening import backup_folder
from bot.sources.folders import WatchedFolder, started
from bot.sources.poll import PollDependencies
from bot.web import metrics
from bot.web import server as web_server
from bot.web.health import Readiness
from subscriptions.database import bot_state
from subscriptions.outbox import sending
from subscriptions.sources.poll_results import Answer, Outcome, Receipt
from subscriptions.sources.stored import SourceFact, SourceState, known_sources, note_poll, sync_sources
from tests import make, source_harness
from tests.clock import NOON, FakeClock
from tests.fakes.meaning import FakeEncoder
from tests.fakes.telegram import FakeTelegram
from tests.integration.cli import Terminal
from tests.integration.program import Quiet, running
from tests.make import HOUR, due, subscribes

OPERATOR = make.address("console:ops")
LIST = SourceSettings(name="list", path=Path("/nowhere/*.md"), schedule="arxiv")


@dataclass
class World:
    """A running bot, and a terminal with its database."""

    runner: asyncio.Runner
    app: App
    process: Process
    clock: FakeClock
    telegram: FakeTelegram
    terminal: Terminal

    @property
    def polling(self) -> PollDependencies:
        return PollDependencies.of(
            replace(self.app, settings=self.app.settings.model_copy(update={"admins": (OPERATOR,)}))
        )

    def declares_list(self) -> None:
        fact = SourceFact(name="list", kind="file", location="list", schedule="arxiv")
        self.app.store.write_now(sync_sources, [fact], now=NOON - make.DAY)


async def dead(world: World) -> None:
    world.telegram.forbids("1", "STICKER_INVALID")
    due(world.app.store, "telegram:1")
    for _ in range(3):  # the bot tries the message with markup, then its plain text
        await Sender(world.app).deliver()
        world.clock.advance(timedelta(minutes=5))


async def waiting(world: World) -> None:
    due(world.app.store, "telegram:1")
    world.telegram.goes_down()
    await Sender(world.app).deliver()
    world.clock.advance(2 * HOUR)


async def stopped(world: World) -> None:
    world.app.store.write_now(sending.stop_platform, "telegram", "The token is unknown.")


async def source_failed(world: World) -> None:
    world.declares_list()
    poll = await started(world.polling, LIST)
    poll.unread = {"": "It is a recipe."}
    poll.answers[""].append(Answer(problem="It is a recipe."))
    await poll.finish()


async def source_late(world: World) -> None:
    world.declares_list()
    (known,) = world.app.store.read_now(known_sources)
    await WatchedFolder(world.polling, LIST).record_late(known)


async def source_not_polled(world: World) -> None:
    world.app.store.write_now(sync_sources, [SourceFact(name="list", kind="url", location="list")], now=NOON)
    receipt = Receipt(source="list", at=NOON - HOUR, outcome=Outcome.NEW)
    world.app.store.write_now(note_poll, receipt, SourceState(next_at=NOON - HOUR / 2), {})


async def meaning_fails(world: World) -> None:
    world.app.store.encoder = "an encoder"
    world.app.store.write_now(bot_state.note_fails, bot_state.ENCODER_FAILS, NOON)


async def model_fails(world: World) -> None:
    world.app.store.has_model = True
    for name, value in {"MODEL_URL": "http://127.0.0.1:9", "MODEL_NAME": "m"}.items():
        world.terminal.set(name, value)
    world.app.store.write_now(bot_state.note_fails, bot_state.MODEL_FAILS, NOON)


async def copy_too_old(world: World) -> None:
    copy = backup_folder(world.app.settings, world.app.store) / "daily-20200101.db"
    copy.parent.mkdir(exist_ok=True)
    copy.touch(mode=0o600)
    os.utime(copy, (0, 0))


async def daily_work_failed(world: World) -> None:
    backup_folder(world.app.settings, world.app.store).write_text("a file where the folder should be")
    await world.process.upkeep.copy()


async def part_fails(world: World) -> None:
    world.process.problems["deliver"] = "a lane failed"


PLACES = ("notice", "/status", "status", "status --json", "check", "health", "metrics")
# what only the running process knows is not in the store, which `check` and `/status` read; a finding without a notice is
# one that no process could tell, or that another notice tells
OF_PROCESS, NO_NOTICE = {"/status", "check"}, {"notice"}

Bring = Callable[[World], Coroutine[Any, Any, None]]
FINDINGS: Mapping[str, tuple[Bring, str, str, set[str]]] = {
    "dead": (dead, "wrong", "1 delivery could not be sent.", set()),
    "waiting telegram": (waiting, "attention", "1 delivery to Telegram has waited for more than an hour.", set()),
    "stopped telegram": (stopped, "wrong", "Sending to Telegram has stopped.", set()),
    "source list": (source_failed, "wrong", "list cannot be read.", set()),
    "overdue list": (source_late, "attention", "list has nothing new although it is time.", set()),
    "not-polled list": (source_not_polled, "attention", "list was not asked although it was due.", NO_NOTICE),
    "meaning": (meaning_fails, "attention", "The encoder fails, so papers come without their meaning", set()),
    "model": (model_fails, "attention", "The language model gives no answers", set()),
    "copy": (copy_too_old, "wrong", "The newest copy of the database is too old.", {"notice", "/status"}),
    "daily work": (
        daily_work_failed, "attention", "The daily clean-up or the copy of the database failed.", set()
    ),
    "deliver": (part_fails, "wrong", "a lane failed", OF_PROCESS | NO_NOTICE),
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram, terminal: Terminal) -> Iterator[World]:
    with asyncio.Runner() as runner:
        opened = running(tmp_path, clock, telegram=telegram, admins=(OPERATOR,), backup=Backup(to=tmp_path / "backups"))
        app = runner.run(opened.__aenter__())
        app.store.encoder = ""
        subscribes(app.store, "console:me", "knots")
        yield World(runner, app, Process(app, Quiet()), clock, telegram, terminal)  # type: ignore[arg-type]
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.parametrize("name", FINDINGS)
def test_every_place_shows_a_finding_in_the_same_words(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring, level, sentence, silent = FINDINGS[name]
    if name == "meaning":
        monkeypatch.setattr("bot.embeddings.process.encoder_of", lambda _: FakeEncoder())
    world.runner.run(bring(world))
    world.process.problems.pop("start", None)
    world.runner.run(world.process.notify_operators(world.app.store.read_now(bot_state.stopped_platforms)))
    said = _places(world, monkeypatch)
    assert {place for place in PLACES if not _says(said[place], sentence, name)} == silent, said
    (found,) = [one for one in said["status --json"] if one["id"] == name]
    assert (found["level"], found["cure"] != "") == (level, True)
    cause = {"deliver": "process"}.get(name) or (name if name == "daily work" else name.partition(" ")[0])
    assert f'paperwire_findings{{finding="{cause}",level="{found["level"]}"}} 1.0' in said["metrics"]


def _says(shown: object, sentence: str, name: str) -> bool:
    if "paperwire_findings{" in str(shown):
        return True  # the metrics count findings; the test looks for the label
    counted = name.endswith(" list") and "1 source needs a look; paperwire status says which." in str(shown)
    return sentence in str(shown) or counted


def _places(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Returns what each place shows."""
    ready, figures = world.runner.run(_served(world))
    answer = Readiness(
        ready=ready["ready"],
        problems=ready["problems"],
        attention=ready.get("attention", {}),
        seconds=ready.get("seconds", {}),
    )
    monkeypatch.setattr(state, "ask_readiness", lambda *_: answer)
    terminal, now = world.terminal, world.clock.now().isoformat()
    return {
        "notice": [text for _, text in source_harness.notices(world.app.store)],
        "/status": terminal("say", "/status", "--as", "console:me", "--now", now).out,
        "status": terminal("status", "--now", now).out,
        "status --json": terminal("status", "--now", now, "--json").json["findings"],
        "check": [one["answer"] for one in terminal("check", "--offline", "--json").json],
        "health": ready,
        "metrics": figures,
    }


async def _served(world: World) -> tuple[dict[str, Any], str]:
    """Returns what the health page and the metrics answer."""
    app, process = world.app, world.process
    health = web_server.create_app(web_server.health_routes(process.health.problems, lambda: process.attention))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(health), base_url="http://localhost") as client:
        ready = (await client.get("/health/ready")).json()
    figures, _ = await metrics.Metrics(app, dict, known=lambda: process.known).page()
    return ready, figures.decode()
