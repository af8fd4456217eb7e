"""Deliberate mistakes around the program. The comparison must detect each of them, in the column that it names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from tests.fakes.telegram import FakeTelegram
from tests.programs.faults.year.simulated_bot import Arrived, SimulatedBot
from tests.programs.faults.year.world import Arrival

SUMMER = datetime(2025, 3, 30, 1, tzinfo=UTC)  # when the clocks of Europe are set forward


class Mistaken(SimulatedBot):
    """The program with a mistake around it."""

    name: ClassVar[str]
    column: ClassVar[str]  # of the table, which must be red


class ForgetsDeliveries(Mistaken):
    """After some deliveries, the database is put back to what it was before them."""

    name = "a database that forgets some deliveries"
    column = "doubled"
    ticked = 0

    def ticks(self, *, tidies: bool) -> list[Arrived]:
        self.ticked += 1
        if self.ticked % 10:
            return super().ticks(tidies=tidies)
        database, copy = self._folder / "paperwire.db", self._folder / f"{self.ticked}.db"
        self._done("backup", str(copy))
        arrived = super().ticks(tidies=tidies)
        for part in ("-wal", "-shm"):
            Path(f"{database}{part}").unlink(missing_ok=True)
        copy.replace(database)
        return arrived


class KnowsNoSummerTime(Mistaken):
    """The clock of the process is an hour slow in summer."""

    name = "a clock without summer time"
    column = "at another hour"

    def comes_to(self, now: datetime) -> None:
        super().comes_to(now - timedelta(hours=now >= SUMMER))


class PollsNothing(Mistaken):
    """The awaited feed shows nothing new, and its papers come as files, so that it has no receipts of its days."""

    name = "a feed without receipts"
    column = "at another hour"

    def receives(self, digest: Arrival) -> None:
        if self._awaits:
            self._ingests(digest)
        else:
            super().receives(digest)


class SetsNoLimit(Mistaken):
    """The model knows limits that the program does not know."""

    name = "limits that are not set"
    column = "limit"

    def says(self, text: str, chat: str, now: datetime) -> None:
        if not text.startswith("/set limit"):
            super().says(text, chat, now)


class AddsAWord(Mistaken):
    """Chats begin with one word more than people asked for."""

    name = "a word that nobody asked for"
    column = "not asked for"

    def subscribes(self, query: str, when: str, chat: str, now: datetime) -> None:
        super().subscribes(f"({query}) OR oboe", when, chat, now)


class SendsNotes(Mistaken):
    """Chats get notes on days without papers, which they did not ask for."""

    name = "notes that nobody asked for"
    column = "empty"

    def subscribes(self, query: str, when: str, chat: str, now: datetime) -> None:
        super().subscribes(query, when, chat, now)
        self.says("/set quietday on", chat, now)


class Drops(FakeTelegram):
    """Confirms each message, but shows only nine of ten."""

    noted = 0

    def _note(self, call: Any, **known: Any) -> None:
        self.noted += 1
        if self.noted % 10:
            super()._note(call, **known)


class LosesMessages(Mistaken):
    """The platform confirms messages that nobody sees."""

    name = "a platform that drops messages"
    column = "lost"
    telegram = Drops


class Repeats(FakeTelegram):
    """Shows every tenth message twice."""

    noted = 0

    def _note(self, call: Any, **known: Any) -> None:
        self.noted += 1
        super()._note(call, **known)
        if self.noted % 10 == 0:
            super()._note(call, **known)


class RepeatsMessages(Mistaken):
    """The platform shows some messages twice."""

    name = "a platform that repeats messages"
    column = "not merged"
    telegram = Repeats


MISTAKES: tuple[type[Mistaken], ...] = (
    ForgetsDeliveries, KnowsNoSummerTime, PollsNothing, SetsNoLimit, AddsAWord, SendsNotes, LosesMessages, RepeatsMessages,
)  # fmt: skip
