"""Prepared products: many chats that get each paper at once, and deliveries that wait for them."""

import re
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from tests.fakes.journal import Entry
from tests.papers import Paper, paper
from tests.product import Product
from tests.programs.faults.judging import Arrival

GROUP_EVERY, TOPIC_EVERY, TOPIC = 10, 20, 7
LINK = re.compile(r"arxiv\.org/abs/(2601\.\d{5})")


def telegram_chats(count: int) -> list[str]:
    """Returns addresses of private chats. Every tenth is a group, every twentieth a topic of a forum."""
    chats = [f"telegram:-{1000 + n}" if n % GROUP_EVERY == 0 else f"telegram:{n}" for n in range(1, count + 1)]
    return [chat if n % TOPIC_EVERY else f"{chat}/{TOPIC}" for n, chat in enumerate(chats, start=1)]


def lane_of(chat: str) -> str:
    """Returns the address as in the platform's journal, that is, without the platform and the topic."""
    return chat.partition(":")[2].partition("/")[0]


def paper_id(n: int) -> str:
    return f"2601.{n:05d}"


def nth_paper(n: int, abstract: str = "") -> Paper:
    """Returns the n-th paper, to which every chat subscribes."""
    return paper(f"A graph of kind {n}", arxiv_id=paper_id(n), abstract=abstract)


def subscribe(product: Product, chats: Iterable[str], **settings: str) -> None:
    """Subscribes the chats, an hour before now, to papers on graphs, which they get at once.

    Gives them these settings.
    """
    lines = [f"set {name} {value}" for name, value in settings.items()]
    listed = "\n".join("\n".join((f"[{chat}]", *lines, "now | graph | ")) for chat in chats)
    product.clock.advance(timedelta(hours=-1))
    done = product.runs("import", str(product.writes("chats.txt", listed + "\n")))
    product.clock.advance(timedelta(hours=1))
    assert done.status == 0, done.err


def fill(product: Product, chats: list[str], rounds: int) -> None:
    """Subscribes the chats and plans `rounds` deliveries for each, a minute apart, while no platform is on."""
    subscribe(product, chats)
    with product.without_tokens():
        for n in range(rounds):
            product.brings(nth_paper(n))
            planned = product.runs("deliver", "--json").json
            assert planned["planned"] == len(chats), planned
            product.clock.advance(timedelta(minutes=1))


def copy_of(ready: Path, path: Path) -> None:
    """Copies a closed database to `path` and removes old files next to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(ready, path)


def wanted(chats: Iterable[str], rounds: int) -> dict[str, list[str]]:
    """Returns what must arrive: lane → papers, in order."""
    return {lane_of(chat): [paper_id(n) for n in range(rounds)] for chat in chats}


def arrivals(entries: Iterable[Entry]) -> list[Arrival]:
    """Returns the papers in the messages that a platform accepted. Replies and notices contain none.

    Papers of one message arrive together. They are sorted by their digests, whatever their order in the message.
    """
    return [
        Arrival(at=entry.at, lane=entry.chat, paper=found)
        for entry in entries
        if entry.kind == "post"
        for found in sorted(set(LINK.findall(str(entry.payload))))
    ]
