"""Rows with a language model that fails, or whose process is killed, while papers come and are delivered.

Every paper must arrive in the round in which it comes, whatever the model does. The server counts what it is asked.
Strange are: papers that come late, messages that are edited, and more requests on a day than are allowed.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.programs.faults import filled, simulated
from tests.programs.faults.judging import Hit, Verdict
from tests.programs.faults.simulated import World

FAULTS = ("429", "500", "cut", "nonsense", "4 MB")
UNREAD = ("429",)  # no model has read the request, so it costs nothing of the day
CHATS = 5
A_ROUND = 4  # papers
BETWEEN = timedelta(hours=3)
DAILY = 25  # requests, less than a day's eight rounds need
ABSTRACT = (
    "We follow nodes of kind {} through a graph for one summer, and find that they move further than its edges say. "
)


@contextmanager
def _a_world(folder: Path, server: FakeChatModel) -> Iterator[World]:
    """Chats whose papers are shown with summaries, and a program that may ask a model for them."""
    chats = filled.telegram_chats(CHATS)
    with simulated.a_world(folder, simulated.no_fault, tries=0, seed="model", chats=chats) as world:
        world.product.sets(MODEL_URL=server.url, MODEL_NAME=MODEL, MODEL_KEY="sesame", MODEL_DAILY=str(DAILY))
        filled.subscribe(world.product, chats, quiet="off", text="summary")
        yield world


def _brings(world: World) -> int:
    """Brings the papers of a round. Returns how many messages came before it."""
    numbers = range(world.rounds, world.rounds + A_ROUND)
    world.product.brings(*(filled.nth_paper(n, abstract=ABSTRACT.format(n) * 2) for n in numbers))
    world.rounds = numbers.stop
    return len(world.fake.journal)


def _plays(world: World, before: int) -> bool:
    """Does a round of the program, which may ask the model. Returns whether every chat has every paper of the round."""
    world.product.listens()
    return len(filled.arrivals(list(world.fake.journal)[before:])) >= CHATS * A_ROUND


def fails(folder: Path, tries: int) -> Verdict:
    """The model fails in each way for so many tries, in a world of its own."""
    return sum((_fails_by(folder / fault.replace(" ", "-"), tries, fault) for fault in FAULTS), Verdict())


def _fails_by(folder: Path, tries: int, fault: str) -> Verdict:
    """The model fails in one way for so many tries. After each round in which it fails, it works for one."""
    folder.mkdir()
    with FakeChatModel(say=summary_of) as server, _a_world(folder, server) as world:
        late, hits, requests = 0, 0, Counter[date]()
        while hits < tries:
            for failure in (fault, None):
                server.always = failure
                asked_before, day = len(server.asked), world.clock.now().date()
                late += not _plays(world, _brings(world))
                asked = len(server.asked) - asked_before
                requests[day] += asked if failure not in UNREAD else 0
                hits += asked if failure else 0
                world.clock.advance(BETWEEN)
        world.fake.hits += [Hit(at=world.clock.monotonic())] * hits
        edits = sum(entry.kind == "edit" for entry in world.fake.journal)
        over = sum(count > DAILY for count in requests.values())
        verdict = world.judged()
        return replace(verdict, strange=verdict.strange + late + edits + over)


def killed(folder: Path, tries: int) -> Verdict:
    """The process is killed while the model is asked and does not answer.

    The next one goes on, and nobody waits for it.
    """
    with FakeChatModel(say=summary_of) as server, _a_world(folder, server) as world:
        late = 0
        for _ in range(tries):
            server.always = "never"
            server.hangs.clear()
            before = _brings(world)
            process = world.product.starts("run", "--once", moved=True)
            process.waits_until(server.hangs.is_set)
            process.kill()
            world.fake.hit()
            server.always = None
            late += not _plays(world, before)
            world.clock.advance(timedelta(days=1))
        verdict = world.judged()
        return replace(verdict, strange=verdict.strange + late)
