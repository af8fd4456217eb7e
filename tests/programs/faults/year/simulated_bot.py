"""The program in the simulated year: command lines on a clock that jumps, and what people then read."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

from tests.clock import SharedClock
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.journal import Entry
from tests.fakes.telegram import FakeTelegram
from tests.product import Finished, Product, Seen
from tests.programs.faults.year import world

# marker words in titles, and ids of recorded papers
_WORK = re.compile(r"\bn\d{6}\b|(?<=arxiv\.org/abs/)\d{4}\.[0-8]\d{4}\b")
_ON_CONSOLE = re.compile(r"(?ms)^── (console:\S+) ──\n(.*?)(?=^── console:|\Z)")
_NUMBERED = re.compile(r"· (\d+)/\d+\Z")  # in the header of each message of a delivery of several
_FEED = "/rss/cs"
_AWAITED = '[[source]]\nname = "{name}"\nurl = "{url}"\nschedule = "arxiv"\n'
_ADMIN = "7"  # who presses buttons in groups


@dataclass(slots=True)
class Arrived:
    """What a chat received at one moment."""

    at: datetime
    chat: str
    shown: Counter[str] = field(default_factory=Counter)
    behind: set[str] = field(default_factory=set)  # papers under [show]
    words: str = ""  # text of messages without papers
    deliveries: int = 0  # should be one

    def reads(self, text: str, source: str) -> None:
        """Adds a message. `source` is its text with the addresses of links."""
        works = set(_WORK.findall(source))
        self.shown.update(works)
        self.words += "" if works else text
        number = _NUMBERED.search(text.partition("\n")[0])
        self.deliveries += number is None or number[1] == "1"

    @property
    def works(self) -> set[str]:
        return set(self.shown) | self.behind


class SimulatedBot:
    """The program with a Telegram and a feed, and what the simulation does with it. A `with` block runs it.

    The classes of `mistakes` override single steps.
    """

    telegram: ClassVar[type[FakeTelegram]] = FakeTelegram

    def __init__(self, folder: Path, start: datetime, url: str = "") -> None:
        """`url` is the address of an empty database; without it, the database is a file in the folder."""
        self._folder, self._url, self._start = folder, url, start
        self._awaits = False
        self._brought = 0
        self._on = ExitStack()

    def __enter__(self) -> Self:
        self._arxiv = self._on.enter_context(FakeArxiv())
        self._telegram = self._on.enter_context(self.telegram())
        clock = SharedClock(self._start)
        self.product = Product(self._folder, telegram=self._telegram, database=self._url, clock=clock)
        self.product.sets(ALLOWED_HOSTS="127.0.0.1")
        return self

    def __exit__(self, *_: object) -> None:
        self._on.close()

    def inspects(self, file: Path) -> world.Items:
        """Returns the papers of a digest."""
        (digest,) = self.product.runs("inspect", str(file), "--papers", "--json").json["digests"]
        return list(digest["items"])

    def comes_to(self, now: datetime) -> None:
        """Moves the clock to a moment. Posts may have moved it by some seconds since the last one."""
        self.product.clock.step(now - self.product.clock.now())

    def knows(self, chats: Sequence[str]) -> None:
        """Lets the bot write to these chats of Telegram, "-1001/5" for a topic."""
        topics = defaultdict[str, list[int]](list)
        for number, _, topic in (chat.partition("/") for chat in chats):
            topics[number] += [int(topic)] if topic else []
        for number, known in topics.items():
            people = {_ADMIN: "administrator"} if number.startswith("-") else {}
            self._telegram.knows(number, topics=tuple(known), people=people)

    def awaits_the_feed(self) -> None:
        """From now on, the feed is a source with arXiv's schedule, and when-out waits for it. It is polled at once."""
        self._awaits = True
        self.product.writes("paperwire.toml", _AWAITED.format(name=world.FEED, url=f"{self._arxiv.url}{_FEED}"))
        self._done("sources", "poll", world.FEED)

    def receives(self, digest: world.Arrival) -> None:
        """Brings a digest. The awaited feed is polled."""
        if digest.source == world.FEED:
            self._arxiv.holds(_FEED, digest.data)
        if self._awaits and digest.source == world.FEED:
            self._done("sources", "poll", world.FEED)
        else:
            self._ingests(digest)

    def _ingests(self, digest: world.Arrival) -> None:
        self._brought += 1
        path = self.product.writes(f"brought/{self._brought}/{digest.name}", digest.data)
        self._done("ingest", str(path), "--source", digest.source)

    def ticks(self, *, tidies: bool) -> list[Arrived]:
        """Delivers what is due. With `tidies`, by a whole round, in which the work of the day is done, too.

        Returns what each chat got.
        """
        now, seen = self.product.clock.now(), len(self._telegram.journal)
        done = self.product.runs("run", "--once") if tidies else self.product.runs("deliver", "--json")
        assert done.status == 0, done.err
        assert tidies or done.json["waiting"] == 0, self.product.runs("outbox").out
        found: dict[str, Arrived] = {}
        for chat, text in _ON_CONSOLE.findall(done.out + done.err):
            found.setdefault(chat, Arrived(now, chat)).reads(text, text)
        new = tuple(self._telegram.journal)[seen:]
        for entry in new:
            chat = _chat_of(entry)
            found.setdefault(chat, Arrived(now, chat)).reads(entry.text, entry.payload["text"])
        for entry in new:
            found[_chat_of(entry)].behind |= set(self._shows_the_rest(entry))
        return list(found.values())

    def _shows_the_rest(self, entry: Entry) -> Iterator[str]:
        """Presses [show …] below a message, and below what then comes. Yields the papers behind it."""
        who = _ADMIN if entry.chat.startswith("-") else entry.chat
        for key in Seen((entry,)).keys:
            if key["text"].startswith("show "):
                for answer in self.product.presses(key["callback_data"], entry.chat, by=who).entries:
                    yield from _WORK.findall(answer.payload["text"])
                    yield from self._shows_the_rest(answer)

    def says(self, text: str, chat: str, now: datetime) -> None:
        """Says something as a person in a chat."""
        self.comes_to(now)
        self._done("say", text, "--as", chat)

    def subscribes(self, query: str, when: str, chat: str, now: datetime) -> None:
        """Subscribes a chat from the command line."""
        self.comes_to(now)
        self._done("subscribe", query, "--as", chat, "--when", when)

    def _done(self, *arguments: str) -> Finished:
        done = self.product.runs(*arguments)
        assert done.status == 0, (arguments, done.out, done.err)
        return done


def _chat_of(entry: Entry) -> str:
    return f"telegram:{entry.chat}" + (f"/{entry.thread}" if entry.thread else "")
