"""People of the simulated year: who joins, what they subscribe to, and what they change. Each act is done twice:
by the use case that a command calls in the product, and in the model.
"""

import random
from datetime import datetime, time, timedelta

from subscriptions.service import amendments, pausing, requests
from tests.make import address
from tests.programs.faults.year import model, world
from tests.programs.faults.year.simulated_bot import SimulatedBot

# Zone → the hour of its winter time that is 00:00, 06:00, 12:00 or 18:00 UTC. People choose this hour, or one some
# quarters of a day later. So many subscriptions are due at the same moments, and the simulation needs fewer plans.
ZONES = {
    "UTC": time(6), "Europe/Berlin": time(7), "America/New_York": time(7), "America/Los_Angeles": time(4),
    "America/St_Johns": time(8, 30), "America/Sao_Paulo": time(9), "Asia/Shanghai": time(8), "Asia/Kolkata": time(5, 30),
    "Asia/Kathmandu": time(5, 45), "Australia/Lord_Howe": time(10, 30), "Pacific/Auckland": time(6),
    "Africa/Casablanca": time(7),
}  # fmt: skip
SMALL_HOURS = time(2, 30)  # this time is skipped or repeated when the clocks change
NIGHT_OWLS = ("Europe/Berlin",)  # zones in which some people choose this time
LIMITS = (2, 3, 5, None)
LATE_JOINERS = 0.3  # share of chats that join during the simulation
OWLS = 0.5  # share of subscriptions in these zones with this time
OWN_ZONES = 0.15  # share of further subscriptions that have another zone than their chat
ACT_EVERY = 50  # average days between two acts in a chat
MOST_SUBSCRIPTIONS = 3


class People:
    """All chats of the simulation."""

    def __init__(
        self, bot: SimulatedBot, rules: model.Model, *, start: datetime, days: int, chats: int, seed: int
    ) -> None:
        self._bot, self._model = bot, rules
        self._dice = random.Random(f"people {seed}")
        self._joins_at: dict[str, datetime] = {}
        self.zones = list(ZONES)[:chats]
        self._zones = {_name(number): self.zones[number % len(self.zones)] for number in range(1, chats + 1)}
        self._acts: dict[str, datetime] = {}  # chat → when a person does something there next
        for chat in self._zones:
            late = self._dice.random() < LATE_JOINERS
            self._joins_at[chat] = start + timedelta(hours=24 * days * self._dice.random() * late)

    def act(self, now: datetime) -> None:
        """Lets each chat do what is due at this moment."""
        for chat, moment in list(self._joins_at.items()):
            if moment <= now:
                del self._joins_at[chat]
                self._joins(chat, now)
        for chat, moment in self._acts.items():
            if moment <= now:
                self._acts[chat] = now + timedelta(days=ACT_EVERY * self._dice.expovariate(1))
                self._does_something(chat, now)

    # ── coming ────────────────────────────────────────────────────────────────

    def _joins(self, chat: str, now: datetime) -> None:
        zone, limit = self._zones[chat], self._dice.choice(LIMITS)
        self._model.readers[chat] = model.Reader(zone)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            self._subscribes(chat, now)
        if not chat.startswith("console:"):
            self._sets_quiet(chat, self._quiet_hours(zone), now)
            self._sets_limit(chat, limit, now)
        self._acts[chat] = now + timedelta(days=ACT_EVERY * self._dice.expovariate(1))

    def _subscribes(self, chat: str, now: datetime) -> None:
        """Adds a subscription, sometimes in another zone than the chat's."""
        reader = self._model.readers[chat]
        own = self._dice.choice(self.zones) if reader.subscriptions and self._dice.random() < OWN_ZONES else ""
        query, when = self._query(), self._when(own or reader.zone)
        if (
            query in [subscription.query for subscription in reader.subscriptions.values()]
            or len(reader.subscriptions) >= MOST_SUBSCRIPTIONS
        ):
            return
        tz = own or ("" if reader.subscriptions else reader.zone)
        request = requests.SubscriptionRequest(text=query.text, when=when.text, tz=tz)
        done = requests.subscribe(self._bot.store, address(chat), request, now=now)
        self._model.subscribes(chat, done.subscription.number, query, when, now, own_zone=own)

    def _query(self) -> model.ModelQuery:
        dice, topics = self._dice, sorted(world.TOPICS)
        one, two, three = dice.sample(topics, 3)
        return dice.choice(
            (
                model.ModelQuery(frozenset({one})),
                model.ModelQuery(frozenset({one}), without=frozenset({three})),
                model.ModelQuery(frozenset({one, two}), without=frozenset({three})),
                model.ModelQuery(frozenset({world.TOPICS[one], two})),
                model.ModelQuery(frozenset({one, two}), categories=frozenset(dice.sample(world.CATEGORIES, 2))),
                model.ModelQuery(categories=frozenset({dice.choice(world.CATEGORIES)})),
            )
        )

    def _when(self, zone: str) -> model.When:
        dice, (morning, noon, evening) = self._dice, times_of(zone)
        at = SMALL_HOURS if zone in NIGHT_OWLS and dice.random() < OWLS else dice.choice((morning, evening))
        return dice.choice(
            (
                model.When("now"),
                model.When("when-out", morning, evening),
                model.When("when-out", morning, noon),
                model.When("daily", at),
                model.When("weekdays", at),
                model.When("weekly", at, day=dice.randrange(7)),
                model.When("weekly", at, day=dice.randrange(7)),
            )
        )

    def _quiet_hours(self, zone: str) -> tuple[time, time] | None:
        morning, noon, evening = times_of(zone)
        return self._dice.choice(((evening, morning), (evening, morning), (morning, noon), None))

    # ── changing one's mind ───────────────────────────────────────────────────

    def _does_something(self, chat: str, now: datetime) -> None:
        reader = self._model.readers[chat]
        if reader.paused:
            pausing.resume(self._bot.store, address(chat), None, now=now)
            self._model.resumes(chat, now)
            return
        acts = (
            self._subscribes, self._drops, self._edits, self._edits, self._edits, self._reschedules,
            self._reschedules, self._pauses, self._pauses, self._pauses_one, self._chooses,
        )  # fmt: skip
        self._dice.choice(acts)(chat, now)

    def _one(self, chat: str) -> int:
        return self._dice.choice(sorted(self._model.readers[chat].subscriptions))

    def _drops(self, chat: str, now: datetime) -> None:
        reader = self._model.readers[chat]
        if len(reader.subscriptions) > 1:
            number = self._one(chat)
            requests.unsubscribe(self._bot.store, address(chat), str(number), now=now)
            del reader.subscriptions[number]

    def _edits(self, chat: str, now: datetime) -> None:
        reader, number, query = self._model.readers[chat], self._one(chat), self._query()
        if query not in [subscription.query for subscription in reader.subscriptions.values()]:
            amendments.edit(self._bot.store, address(chat), number, query.text, now=now)
            reader.subscriptions[number].query = query

    def _reschedules(self, chat: str, now: datetime) -> None:
        number = self._one(chat)
        when = self._when(self._model.readers[chat].subscriptions[number].zone)
        amendments.reschedule(self._bot.store, address(chat), number, when.text, now=now)
        self._model.reschedules(chat, number, when, now)

    def _pauses(self, chat: str, now: datetime) -> None:
        """Pauses a chat until a moment, or without an end."""
        reader = self._model.readers[chat]
        until = now + timedelta(days=self._dice.randint(1, 12)) if self._dice.random() < 0.5 else None
        pausing.pause(self._bot.store, address(chat), None, until=until, now=now)
        reader.paused, reader.paused_until = True, until

    def _pauses_one(self, chat: str, now: datetime) -> None:
        reader, number = self._model.readers[chat], self._one(chat)
        subscription = reader.subscriptions[number]
        if subscription.paused:
            pausing.resume(self._bot.store, address(chat), number, now=now)
            subscription.goes_on(now)
        else:
            until = now + timedelta(days=self._dice.randint(1, 12))
            pausing.pause(self._bot.store, address(chat), number, until=until, now=now)
            subscription.paused, subscription.paused_until = True, until

    def _chooses(self, chat: str, now: datetime) -> None:
        """Changes the limit, the quiet hours, cross-lists and the zone."""
        if not chat.startswith("console:"):
            self._sets_limit(chat, self._dice.choice(LIMITS), now)
            self._sets_quiet(chat, self._quiet_hours(self._model.readers[chat].zone), now)
        reader, wanted = self._model.readers[chat], self._dice.random() < 0.5
        amendments.set_settings(self._bot.store, address(chat), {"crosslists": "in" if wanted else "out"}, now=now)
        reader.crosslists = wanted
        # the model has no rule for a window that is open during a change of the zone
        if all(subscription.when.kind != "when-out" for subscription in reader.subscriptions.values()):
            zone = self._dice.choice(self.zones)
            amendments.set_settings(self._bot.store, address(chat), {"timezone": zone}, now=now)
            self._model.moves(chat, zone, now)

    def _sets_limit(self, chat: str, limit: int | None, now: datetime) -> None:
        amendments.set_settings(self._bot.store, address(chat), {"limit": str(limit or "all")}, now=now)
        self._model.readers[chat].limit = limit

    def _sets_quiet(self, chat: str, quiet: tuple[time, time] | None, now: datetime) -> None:
        text = f"{quiet[0]:%H:%M}-{quiet[1]:%H:%M}" if quiet else "off"
        amendments.set_settings(self._bot.store, address(chat), {"quiet": text}, now=now)
        self._model.readers[chat].quiet = quiet


def times_of(zone: str) -> tuple[time, time, time]:
    """Returns three times of one day that people in a zone choose, six hours apart."""
    first = ZONES[zone]
    return first, first.replace(hour=first.hour + 6), first.replace(hour=first.hour + 12)


def moments(zones: list[str]) -> set[tuple[str, model.When]]:
    """Returns (zone, cadence) for every time of day at which something may become due."""
    chosen = {(zone, model.When("daily", at)) for zone in zones for at in times_of(zone)}
    return chosen | {(zone, model.When("daily", SMALL_HOURS)) for zone in zones if zone in NIGHT_OWLS}


def _name(number: int) -> str:
    """Returns the address of a chat. There are private chats, groups, topics and consoles."""
    return {
        0: f"console:reader{number}",
        5: f"telegram:-{1000 + number}",
        7: f"telegram:-{2000 + number % 3}/{number}",
    }.get(number % 10, f"telegram:{number}")
