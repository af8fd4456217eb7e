"""paperwire as people, platforms and scripts meet it.

Tests of what is promised use this door and know nothing behind it.

    product.says("/sub diffusion now")                       a person writes on the fake Telegram; the program answers
    product.brings(paper("Diffusion for maps"))              `paperwire ingest` of a digest
    (alert,) = product.later(minutes=5)                      the clock moves, and `paperwire deliver` runs
    product.presses("more")                                  a person presses the newest button with this label
    product.runs("outbox", "--json").json                    any command line, in this process
    with product.starts("run") as process: process.kill()    the real process

Each command line opens the database anew, so between two actions the program has always ended and begun again. In this
process, it has a clock that a test moves; its waits for the pace of a platform move the clock, too. A real process runs
by the machine's clock, or by one that the test sets (`starts(…, moved=True)`). Chats of Telegram are named by their
ids; "-1001/5" is a topic.

The only name of the program that is used here is `bot.cli.main`: what the command `paperwire` calls.
"""

import contextlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from html import unescape
from pathlib import Path
from shutil import copy
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from bot.cli import main
from tests.clock import NOON, FakeClock, SharedClock
from tests.fakes.arxiv_pages import feed
from tests.fakes.journal import Entry
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.forked import Forked, clean_environment
from tests.papers import Paper, jsonl, paper
from tests.patience import PATIENCE

# without a source, the program would read arXiv's feeds
# no database is asked about kept papers: tests reach no network
INBOX = '[kept]\nask = false\n[[source]]\nname = "inbox"\npath = "inbox/*.*"\n'
# what the program says when it meets what nobody thought of; it may never be said
_LOOK_EVERY = 0.02  # seconds
_ACCIDENT = re.compile(r"Traceback|Something went wrong within")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command line ended: its exit status and output."""

    status: int
    out: str
    err: str

    def without_accident(self) -> Self:
        """Returns itself, unless something happened that nobody thought of."""
        assert not _ACCIDENT.search(self.err), self.err
        return self

    def refusal(self, status: int = 2) -> str:
        """Returns stderr. The call must have ended with this status, and nothing may stand on stdout."""
        assert (self.status, self.out) == (status, "")
        return self.err

    @property
    def json(self) -> Any:
        """The JSON document on stdout, which must be its only line."""
        assert self.out.count("\n") == 1, self.out + self.err
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Seen:
    """What people see after an action: new or changed messages, and the toast after a press of a button."""

    entries: tuple[Entry, ...] = ()
    toast: str = ""

    def __bool__(self) -> bool:
        return bool(self.entries or self.toast)

    @property
    def chats(self) -> list[str]:
        """The chats of the messages, "-1001/5" for a topic."""
        return [f"{entry.chat}/{entry.thread}" if entry.thread else entry.chat for entry in self.entries]

    @property
    def text(self) -> str:
        """The text as people read it, without the invisible characters that keep Telegram from making links."""
        return "\n".join(entry.text for entry in self.entries).replace("\u2060", "")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def buttons(self) -> list[str]:
        return [str(key["text"]) for key in self.keys]

    @property
    def keys(self) -> list[dict[str, Any]]:
        rows = (row for entry in self.entries for row in _keyboard(entry))
        return [key for row in rows for key in row]

    @property
    def changed(self) -> bool:
        """Whether the message replaced an earlier message."""
        return [entry.kind for entry in self.entries] == ["edit"]

    @property
    def silent(self) -> bool:
        return all(entry.silent for entry in self.entries)


def _keyboard(entry: Entry) -> Sequence[Sequence[dict[str, Any]]]:
    keyboard = entry.payload.get("reply_markup", {})
    read = json.loads(keyboard) if isinstance(keyboard, str) else keyboard
    return read.get("inline_keyboard", []) if read else []


class Journalled(Protocol):
    """A fake platform, of which the door needs the address only."""

    @property
    def url(self) -> str: ...


class Product:
    """The program in a folder of its own, with the settings that a test gives and no others."""

    def __init__(
        self, folder: Path, *, telegram: Journalled | None = None, database: str = "", clock: FakeClock | None = None
    ) -> None:
        """`database` is an address; without it, the database is a file in the folder."""
        self.folder = folder
        self.clock = clock or SharedClock(NOON)
        self._telegram = telegram
        self._brought = self._processes = 0
        self.settings = {
            "PAPERWIRE_DATABASE_URL": database or f"sqlite:///{folder}/paperwire.db",
            "PAPERWIRE_CONFIG": str(folder / "paperwire.toml"),
            "PAPERWIRE_ACCESS": "open",
            "PAPERWIRE_WEB_PORT": "0",
            "PAPERWIRE_MEANING": "off",  # its encoder takes seconds to start
        }
        if telegram:
            self.settings |= {"PAPERWIRE_TELEGRAM_TOKEN": TOKEN, "PAPERWIRE_TELEGRAM_API_URL": telegram.url}
        (folder / "inbox").mkdir(exist_ok=True)
        self.writes("paperwire.toml", INBOX)

    @property
    def telegram(self) -> FakeTelegram:
        assert isinstance(self._telegram, FakeTelegram)
        return self._telegram

    def goes_on_from(self, other: "Product") -> None:
        """Becomes what another program was whose database is a file: what it stored, its moment, what Telegram has of it."""
        copy(other.folder / "paperwire.db", self.folder)
        self.clock.advance(other.clock.now() - self.clock.now())
        self.settings = {**other.settings, **self.settings}
        self._brought = other._brought
        self.telegram.goes_on_from(other.telegram)

    @property
    def has_file(self) -> bool:
        """Whether its database is a file."""
        return self.settings["PAPERWIRE_DATABASE_URL"].startswith("sqlite:")

    def sets(self, **settings: str) -> None:
        """Sets variables of the environment: `product.sets(ACCESS="ask")` is PAPERWIRE_ACCESS."""
        self.settings |= {f"PAPERWIRE_{name}": value for name, value in settings.items()}

    @contextlib.contextmanager
    def without_tokens(self) -> Iterator[None]:
        """WriteQueue all platforms off that need a token: what is planned for them waits."""
        settings = dict(self.settings)
        for name in [name for name in self.settings if name.endswith("_TOKEN")]:
            del self.settings[name]
        try:
            yield
        finally:
            self.settings = settings

    def writes(self, name: str, content: str | bytes) -> Path:
        """Writes a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def runs(self, *arguments: str, stdin: bytes = b"") -> Finished:
        """Runs a command line in this process. Its clock is `clock`; an option `--now` sets it."""
        out, err = Stream(), Stream()
        with surroundings(self.folder, self.settings, stdin, out, err):
            status = main(arguments, self._clock_from)
        return Finished(status, out.written(), err.written()).without_accident()

    def tells(self, *arguments: str) -> Any:
        """Runs a command line with --json, which must succeed. Returns the document."""
        finished = self.runs(*arguments, "--json")
        assert finished.status == 0, finished.err
        return finished.json

    def starts(
        self, *arguments: str, moved: bool = False, module: str = "bot", settings: Mapping[str, str] | None = None
    ) -> "Process":
        """Starts the real process.

        With `moved`, its clock is set by the test (`Process.later`), and it stands still else.
        """
        return Process(self, module, arguments, moved=moved, settings=settings or {})

    def count_process(self) -> int:
        """Returns the number of the next real process."""
        self._processes += 1
        return self._processes

    def _clock_from(self, now: datetime | None) -> FakeClock:
        if now is not None:
            self.clock.set_now(now)
        return self.clock

    def brings(self, *papers: Paper | str, source: str = "daily") -> Any:
        """Ingests a digest of these papers, which has the day of the clock. Returns the counts. Posts nothing.

        A text is the title of a paper. The digest is arXiv's feed if a paper says how it is announced.
        """
        finished = self.tries_to_bring(*papers, source=source)
        assert finished.status == 0, finished.err
        return finished.json

    def tries_to_bring(self, *papers: Paper | str, source: str = "daily") -> Finished:
        """Does what `brings` does, but may fail."""
        entries = [paper(one) if isinstance(one, str) else one for one in papers]
        day = self.clock.now().date()
        self._brought += 1
        if any(entry.announce_type for entry in entries):
            path = self.writes(f"brought/{day}_{self._brought}.xml", feed("cs", day, entries))
        else:
            path = self.writes(f"brought/{day}_{self._brought}.jsonl", jsonl(entries))
        return self.runs("ingest", str(path), "--source", source, "--json")

    def delivers(self) -> list[Seen]:
        """Delivers what is due. Returns each new message of Telegram separately."""
        seen = len(self.telegram.journal)
        self.delivered = self.runs("deliver", "--json")
        return [Seen((entry,)) for entry in list(self.telegram.journal)[seen:]]

    def later(self, **by: float) -> list[Seen]:
        """Moves the clock, and delivers what is due. Returns each new message of Telegram separately."""
        self.clock.advance(timedelta(**by))
        return self.delivers()

    def at(self, moment: datetime) -> list[Seen]:
        """Moves the clock to a moment, and delivers what is due. Returns each new message of Telegram separately."""
        self.clock.advance(moment - self.clock.now())
        return self.delivers()

    def says(self, text: str, chat: str = "42", **more: Any) -> Seen:
        """Sends a message. Returns what people then see. In a group, `by` is the sender.

        `more` are arguments of the fake's `user_writes`.
        """
        where, _, topic = chat.partition("/")
        self._set_platform_time()
        self.telegram.user_writes(text, where, topic=int(topic or 0), **more)
        return self.listens()

    def presses(self, label: str, chat: str = "42", **more: Any) -> Seen:
        """Presses the newest button with this label. Returns what people then see. `by` is the person."""
        self._set_platform_time()
        press = self.telegram.presses(label, chat.partition("/")[0], **more)
        after = self.listens()
        return Seen(after.entries, self.telegram.toasts().get(press, "not even acknowledged"))

    def listens(self) -> Seen:
        """Lets the program do one round (`run --once`): it answers all waiting updates.

        Returns what people then see.
        """
        seen = len(self.telegram.journal)
        self._set_platform_time()
        self.round = self.answers()
        if self.telegram.waiting():  # such as a block that came while the round delivered
            self.round = self.answers()
        assert self.telegram.waiting() == 0, self.round.err
        return Seen(tuple(self.telegram.journal)[seen:])

    def answers(self) -> Finished:
        """Runs a round, in which the updates are answered that wait on Telegram."""
        return self.runs("run", "--once")

    def _set_platform_time(self) -> None:
        self.telegram.sets_time(self.clock.now().timestamp())

    def reads(self, url: str) -> str:
        """Returns a page of a running process, whatever its status."""
        return httpx.get(url, timeout=PATIENCE, trust_env=False).text

    def agrees(self, questions: Sequence[EmailMessage]) -> None:
        """Opens the link of each mail that asks whether papers shall come, and presses the button there, as readers do.

        The links lead to PAPERWIRE_WEB_URL, for which the address of a running process stands in.
        """
        with self.starts("run", moved=True) as process, httpx.Client(timeout=PATIENCE, trust_env=False) as browser:
            root = process.waits_until_ready()
            for mail in questions:
                page = mail.get_body(("html",))
                link = page and re.search(r'href="([^"]+)"[^>]*>yes', page.get_content())
                assert link, mail.as_string()
                there = urlsplit(unescape(link[1]))
                press = partial(browser.post, f"{root}{there.path}?{there.query}")
                process.waits_until(lambda press=press: press().status_code == httpx.codes.OK)  # type: ignore[misc]

    def outbox(self) -> list[dict[str, Any]]:
        """Returns all deliveries: those that wait or are dead, and those that were sent."""
        return [*self.tells("outbox"), *self.tells("outbox", "--state", "sent")]

    def subscriptions(self, chat: str = "telegram:42") -> list[dict[str, Any]]:
        """Returns the subscriptions of a chat, which need not exist."""
        finished = self.runs("subscriptions", "--as", chat, "--json")
        return finished.json if finished.status == 0 else []

    def queries(self, chat: str = "42") -> list[str]:
        """Returns the queries of a chat of Telegram, as typed."""
        return [one["text"] for one in self.subscriptions(f"telegram:{chat}")]


def _is_planned(subscription: Mapping[str, Any], now: datetime) -> bool:
    due = subscription["next_due_at"]
    return subscription["state"] != "active" or due is None or datetime.fromisoformat(due) > now


@contextlib.contextmanager
def surroundings(
    folder: Path, settings: Mapping[str, str], stdin: bytes, out: io.TextIOWrapper, err: io.TextIOWrapper
) -> Iterator[None]:
    """Gives a command line its environment, folder, streams, signal handlers and log, and takes them back."""
    environment, before = dict(os.environ), Path.cwd()
    streams = sys.stdin, sys.stdout, sys.stderr
    handlers = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    root, ours = logging.getLogger(), logging.getLogger("paperwire")
    logged = root.handlers[:], root.level, ours.level
    root.handlers[:] = []
    os.environ.update(settings)
    os.chdir(folder)
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"), out, err
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)
        root.handlers[:], root.level, ours.level = logged
        for one, handler in handlers.items():
            signal.signal(one, handler)


class Stream(io.TextIOWrapper):
    """A stream that is read after it was written."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")

    def written(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


class Process:
    """A real process of the program, whose output a test reads. The end of the `with` block stops it."""

    def __init__(
        self, product: Product, module: str, arguments: Sequence[str], *, moved: bool, settings: Mapping[str, str]
    ) -> None:
        self._product = product
        self._clock_file = product.folder / "clock" if moved else None
        self.now = product.clock.now()
        if self._clock_file:
            self._set_clock()
            module, arguments = "tests.moved", (str(self._clock_file), *arguments)
        self._log = product.folder / f"process{product.count_process()}.log"
        with self._log.open("wb") as log:
            self.popen = Forked(
                [module, *arguments],
                cwd=product.folder,
                env=clean_environment(**{**product.settings, "PYTHONUNBUFFERED": "1", **settings}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def said(self) -> str:
        """What it has written to stdout and stderr."""
        return self._log.read_text(errors="replace")

    def waits_for_line(self, pattern: str) -> re.Match[str]:
        """Waits until a line matches, and returns the match. Fails the test if the program ends first."""
        self.waits_until(lambda: re.search(pattern, self.said) is not None)
        found = re.search(pattern, self.said)
        assert found
        return found

    def waits_until_ready(self) -> str:
        """Waits until the program receives and serves. Returns the address of its health page, without the path."""
        return self.waits_for_line(r"(http://\S+)/health/ready")[1]

    def waits_until(self, is_true: Callable[[], bool]) -> None:
        """Waits until something is true. Fails the test if the program ends first, or if it takes too long."""
        end = time.monotonic() + PATIENCE
        while not is_true():
            assert time.monotonic() < end
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(_LOOK_EVERY)
                raise AssertionError(f"it has ended with {self.popen.returncode}: {self.said}")

    def waits_until_planned(self) -> None:
        """Waits until the program has planned all that is due by its clock."""
        self.waits_until(lambda: all(_is_planned(one, self.now) for one in self._product.tells("subscriptions")))

    def later(self, **by: float) -> None:
        """Moves the clock of a process that was started with `moved`."""
        self.now += timedelta(**by)
        self._set_clock()

    def _set_clock(self) -> None:
        assert self._clock_file is not None
        new = self._clock_file.with_suffix(".new")
        new.write_text(self.now.isoformat())
        new.replace(self._clock_file)  # at once, so that no half of it is read

    def kill(self) -> None:
        """Kills it, so that it can finish nothing."""
        self.popen.kill()
        self.popen.wait(PATIENCE)

    def signals(self, which: signal.Signals) -> None:
        self.popen.send_signal(which)

    def ends(self) -> int:
        """Waits until it has ended by itself, and returns its exit status."""
        status = self.popen.wait(PATIENCE)
        assert not _ACCIDENT.search(self.said), self.said
        return status

    def stops(self) -> int:
        """Asks it to stop (SIGTERM), and returns its exit status."""
        self.signals(signal.SIGTERM)
        return self.ends()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.popen.poll() is not None:
            return
        if kind is not None:
            self.kill()
        else:
            assert self.stops() == 0, self.said
