"""People in the year: who comes, what they ask for, and how they change their minds. Each act happens in both worlds:
in the product by the use case that a command calls, and in the model.
"""

import random
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from subscriptions.service.subscriptions import (
    SubscriptionRequest,
    edit,
    pause,
    reschedule,
    resume,
    set_setting,
    subscribe,
    unsubscribe,
)
from tests.faults.year.model import Ask, Model, Reader, When
from tests.faults.year.simulated_bot import House
from tests.faults.year.world import CATEGORIES, TOPICS
from tests.make import address

# Zone → an hour of its winter that is 00:00, 06:00, 12:00 or 18:00 of UTC. People choose that hour or one some quarters of a
# day later, so that many are due together: each plan takes its time, and a year has many hours.
ZONES = {
    "UTC": time(6), "Europe/Berlin": time(7), "America/New_York": time(7), "America/Los_Angeles": time(4),
    "America/St_Johns": time(8, 30), "America/Sao_Paulo": time(9), "Asia/Shanghai": time(8), "Asia/Kolkata": time(5, 30),
    "Asia/Kathmandu": time(5, 45), "Australia/Lord_Howe": time(10, 30), "Pacific/Auckland": time(6),
    "Africa/Casablanca": time(7),
}  # fmt: skip
SMALL_HOURS = time(2, 30)  # skipped or doubled when the clocks change
NIGHT_OWLS = ("Europe/Berlin",)  # where some choose it
LIMITS = (2, 3, 5, None)
LATE_JOINERS = 0.3  # the share of chats that come in the middle
OWLS = 0.5  # the share of wishes there that do
OWN_ZONES = 0.15  # the share of further wishes that go by other clocks than those of their chat
ACT_EVERY = 50  # days between two acts of a chat, on average
MOST_WISHES = 3


class People:
    """All chats of the story."""

    def __init__(self, house: House, model: Model, *, start: datetime, days: int, chats: int, seed: int) -> None:
        self._house, self._model = house, model
        self._dice = random.Random(f"people {seed}")
        self._coming: dict[str, datetime] = {}
        self.zones = list(ZONES)[:chats]
        self._zones = {_name(number): self.zones[number % len(self.zones)] for number in range(1, chats + 1)}
        self._acts: dict[str, datetime] = {}  # when somebody in a chat does something next
        for chat in self._zones:
            late = self._dice.random() < LATE_JOINERS
            self._coming[chat] = start + timedelta(hours=24 * days * self._dice.random() * late)

    def act(self, now: datetime) -> None:
        """Whoever wants to do something does it."""
        for chat, moment in list(self._coming.items()):
            if moment <= now:
                del self._coming[chat]
                self._joins(chat, now)
        for chat, moment in self._acts.items():
            if moment <= now:
                self._acts[chat] = now + timedelta(days=ACT_EVERY * self._dice.expovariate(1))
                self._does_something(chat, now)

    # ── coming ────────────────────────────────────────────────────────────────

    def _joins(self, chat: str, now: datetime) -> None:
        zone, limit = self._zones[chat], self._dice.choice(LIMITS)
        self._model.readers[chat] = Reader(zone)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            self._asks(chat, now)
        if not chat.startswith("console:"):
            self._sets_quiet(chat, self._quiet_hours(zone), now)
            self._sets_limit(chat, limit, now)
        self._acts[chat] = now + timedelta(days=ACT_EVERY * self._dice.expovariate(1))

    def _asks(self, chat: str, now: datetime) -> None:
        """A new wish; now and then it goes by other clocks than those of the chat."""
        reader = self._model.readers[chat]
        own = self._dice.choice(self.zones) if reader.wishes and self._dice.random() < OWN_ZONES else ""
        ask, when = self._ask(), self._when(own or reader.zone)
        if ask in [wish.ask for wish in reader.wishes.values()] or len(reader.wishes) >= MOST_WISHES:
            return
        zone = own or ("" if reader.wishes else reader.zone)
        done = subscribe(
            self._house.store, address(chat), SubscriptionRequest(text=ask.text, when=when.text, tz=zone), now=now
        )
        self._model.asks(chat, done.subscription.number, ask, when, now, own_zone=own)

    def _ask(self) -> Ask:
        dice, topics = self._dice, sorted(TOPICS)
        one, two, three = dice.sample(topics, 3)
        return dice.choice(
            (
                Ask(frozenset({one})),
                Ask(frozenset({one}), without=frozenset({three})),
                Ask(frozenset({one, two}), without=frozenset({three})),
                Ask(frozenset({TOPICS[one], two})),
                Ask(frozenset({one, two}), categories=frozenset(dice.sample(CATEGORIES, 2))),
                Ask(categories=frozenset({dice.choice(CATEGORIES)})),
            )
        )

    def _when(self, zone: str) -> When:
        dice, (morning, noon, evening) = self._dice, times_of(zone)
        at = SMALL_HOURS if zone in NIGHT_OWLS and dice.random() < OWLS else dice.choice((morning, evening))
        return dice.choice(
            (
                When("now"),
                When("when-out", morning, evening),
                When("when-out", morning, noon),
                When("daily", at),
                When("weekdays", at),
                When("weekly", at, day=dice.randrange(7)),
                When("weekly", at, day=dice.randrange(7)),
            )
        )

    def _quiet_hours(self, zone: str) -> tuple[time, time] | None:
        morning, noon, evening = times_of(zone)
        return self._dice.choice(((evening, morning), (evening, morning), (morning, noon), None))

    # ── changing one's mind ───────────────────────────────────────────────────

    def _does_something(self, chat: str, now: datetime) -> None:
        reader = self._model.readers[chat]
        if reader.paused:
            resume(self._house.store, address(chat), None, now=now)
            self._model.resumes(chat, now)
            return
        acts = (
            self._asks, self._drops, self._edits, self._edits, self._edits, self._reschedules,
            self._reschedules, self._pauses, self._pauses, self._pauses_one, self._chooses,
        )  # fmt: skip
        self._dice.choice(acts)(chat, now)

    def _one(self, chat: str) -> int:
        return self._dice.choice(sorted(self._model.readers[chat].wishes))

    def _drops(self, chat: str, now: datetime) -> None:
        reader = self._model.readers[chat]
        if len(reader.wishes) > 1:
            number = self._one(chat)
            unsubscribe(self._house.store, address(chat), str(number), now=now)
            del reader.wishes[number]

    def _edits(self, chat: str, now: datetime) -> None:
        reader, number, ask = self._model.readers[chat], self._one(chat), self._ask()
        if ask not in [wish.ask for wish in reader.wishes.values()]:
            edit(self._house.store, address(chat), number, ask.text, now=now)
            reader.wishes[number].ask = ask

    def _reschedules(self, chat: str, now: datetime) -> None:
        number = self._one(chat)
        when = self._when(self._model.readers[chat].wishes[number].zone)
        reschedule(self._house.store, address(chat), number, when.text, now=now)
        self._model.reschedules(chat, number, when, now)

    def _pauses(self, chat: str, now: datetime) -> None:
        """Until a moment, or until somebody resumes it."""
        reader = self._model.readers[chat]
        until = now + timedelta(days=self._dice.randint(1, 12)) if self._dice.random() < 0.5 else None
        pause(self._house.store, address(chat), None, until=until, now=now)
        reader.paused, reader.paused_until = True, until

    def _pauses_one(self, chat: str, now: datetime) -> None:
        reader, number = self._model.readers[chat], self._one(chat)
        wish = reader.wishes[number]
        if wish.paused:
            resume(self._house.store, address(chat), number, now=now)
            wish.goes_on(now)
        else:
            until = now + timedelta(days=self._dice.randint(1, 12))
            pause(self._house.store, address(chat), number, until=until, now=now)
            wish.paused, wish.paused_until = True, until

    def _chooses(self, chat: str, now: datetime) -> None:
        """Another limit, other quiet hours, no cross-lists, another zone."""
        if not chat.startswith("console:"):
            self._sets_limit(chat, self._dice.choice(LIMITS), now)
            self._sets_quiet(chat, self._quiet_hours(self._model.readers[chat].zone), now)
        reader, wanted = self._model.readers[chat], self._dice.random() < 0.5
        set_setting(self._house.store, address(chat), "crosslists", "in" if wanted else "out", now=now)
        reader.crosslists = wanted
        if all(wish.when.kind != "when-out" for wish in reader.wishes.values()):  # an open window would need a rule
            self._moves(chat, self._dice.choice(self.zones), now)

    def _sets_limit(self, chat: str, limit: int | None, now: datetime) -> None:
        set_setting(self._house.store, address(chat), "limit", str(limit or "all"), now=now)
        self._model.readers[chat].limit = limit

    def _sets_quiet(self, chat: str, quiet: tuple[time, time] | None, now: datetime) -> None:
        text = f"{quiet[0]:%H:%M}-{quiet[1]:%H:%M}" if quiet else "off"
        set_setting(self._house.store, address(chat), "quiet", text, now=now)
        self._model.readers[chat].quiet = quiet

    def _moves(self, chat: str, zone: str, now: datetime) -> None:
        """To another zone, and with it all of its wishes."""
        set_setting(self._house.store, address(chat), "timezone", zone, now=now)
        self._model.moves(chat, zone, now)


def times_of(zone: str) -> tuple[time, time, time]:
    """Three times that people there choose, six hours apart, on one day."""
    first = ZONES[zone]
    return first, first.replace(hour=first.hour + 6), first.replace(hour=first.hour + 12)


def moments(zones: Iterable[str]) -> set[tuple[str, When]]:
    """(zone, time of each day) at which something may become due for somebody there."""
    chosen = {(zone, When("daily", at)) for zone in zones for at in times_of(zone)}
    return chosen | {(zone, When("daily", SMALL_HOURS)) for zone in zones if zone in NIGHT_OWLS}


def _name(number: int) -> str:
    """Private chats, groups, topics of them, and consoles."""
    kinds = {
        0: f"console:reader{number}",
        5: f"telegram:-{1000 + number}",
        7: f"telegram:-{2000 + number % 3}/{number}",
    }
    return kinds.get(number % 10, f"telegram:{number}")
