"""People of the simulated year: who joins, what they subscribe to, and what they change. Each act is done twice:
by what a person says to the program, and in the model.
"""

import random
from copy import deepcopy
from datetime import datetime, time, timedelta

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
SECOND = 0.25  # share of chats that begin with two subscriptions
OWN_ZONES = 0.15  # share of further subscriptions that have another zone than their chat
ACT_EVERY = 50  # average days between two acts in a chat
UNDONE = 0.15  # share of acts that are undone at once
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
        bot.knows([chat.removeprefix("telegram:") for chat in self._zones if not _is_console(chat)])
        self._acts: dict[str, datetime] = {}  # chat → when a person does something there next
        for chat in self._zones:
            late = self._dice.random() < LATE_JOINERS
            self._joins_at[chat] = start + timedelta(hours=24 * days * self._dice.random() * late)

    def wants(self, now: datetime) -> bool:
        """Tells whether a chat does something at this moment."""
        return any(moment <= now for moment in (*self._joins_at.values(), *self._acts.values()))

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

    def _joins(self, chat: str, now: datetime) -> None:
        zone, limit = self._zones[chat], self._dice.choice(LIMITS)
        self._model.readers[chat] = model.Reader(zone)
        query, when = self._query(), self._when(zone)
        self._bot.subscribes(query.text, f"{when.text} {zone}", chat, now)
        self._model.subscribes(chat, query, when, now)
        if self._dice.random() < SECOND:
            self._subscribes(chat, now)
        if not _is_console(chat):
            self._sets_quiet(chat, self._quiet_hours(zone), now)
            self._sets_limit(chat, limit, now)
        self._acts[chat] = now + timedelta(days=ACT_EVERY * self._dice.expovariate(1))

    def _subscribes(self, chat: str, now: datetime) -> None:
        """Adds a subscription, sometimes in another zone than the chat's."""
        reader, dice = self._model.readers[chat], self._dice
        query, zone = self._query(), dice.choice(self.zones) if dice.random() < OWN_ZONES else reader.zone
        when = self._when(zone)
        if self._has(reader, query) or len(reader.subscriptions) >= MOST_SUBSCRIPTIONS:
            return
        own = "" if when.kind == "now" or zone == reader.zone else zone  # a zone behind `now` would be the chat's
        self._bot.says(f"/sub {query.text} {when.text} {own}".strip(), chat, now)
        self._model.subscribes(chat, query, when, now, own_zone=own)

    def _has(self, reader: model.Reader, query: model.ModelQuery) -> bool:
        return query in [subscription.query for subscription in reader.subscriptions.values()]

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
                model.When("when-out", morning, evening, model.WEEKDAYS),
                model.When("at", at),
                model.When("at", at, days=model.WEEKDAYS),
                model.When("at", at, days=frozenset(dice.sample(range(7), 2))),
                model.When("at", at, days=frozenset({dice.randrange(7)})),
                model.When("at", at, days=frozenset({dice.randrange(7)})),
            )
        )

    def _quiet_hours(self, zone: str) -> tuple[time, time] | None:
        morning, noon, evening = times_of(zone)
        return self._dice.choice(((evening, morning), (evening, morning), (morning, noon), None))

    def _does_something(self, chat: str, now: datetime) -> None:
        """Does something in a chat, and sometimes takes it back at once."""
        before = deepcopy(self._model.readers[chat])
        acts = (
            self._subscribes, self._drops, self._edits, self._edits, self._edits, self._reschedules, self._reschedules,
            self._pauses, self._pauses, self._pauses_one, self._sets_crosslists, self._sets_limits,
        )  # fmt: skip
        act = self._resumes if before.paused else self._dice.choice(acts)
        act(chat, now)
        after = self._model.readers[chat]
        if after != before and self._dice.random() < UNDONE:
            self._bot.says("/undo", chat, now)
            self._model.readers[chat] = before
            before.made = after.made
        elif act == self._sets_crosslists and all(one.when.kind != "when-out" for one in after.subscriptions.values()):
            self._sets_zone(chat, now)  # the model has no rule for a window that is open during a change of the zone

    def _one(self, chat: str) -> int:
        return self._dice.choice(sorted(self._model.readers[chat].subscriptions))

    def _drops(self, chat: str, now: datetime) -> None:
        reader = self._model.readers[chat]
        if len(reader.subscriptions) > 1:
            number = self._one(chat)
            self._bot.says(f"/unsub {number}", chat, now)
            del reader.subscriptions[number]

    def _edits(self, chat: str, now: datetime) -> None:
        reader, number, query = self._model.readers[chat], self._one(chat), self._query()
        if not self._has(reader, query):
            self._bot.says(f"/edit {number} {query.text}", chat, now)
            reader.subscriptions[number].query = query

    def _reschedules(self, chat: str, now: datetime) -> None:
        """Changes the time of a subscription: by its number, or by subscribing to the same once more."""
        number = self._one(chat)
        subscription = self._model.readers[chat].subscriptions[number]
        when, again = self._when(subscription.zone), self._dice.random() < 0.3 and not subscription.paused
        words = f"/sub {subscription.query.text}" if again else f"/schedule {number}"
        self._bot.says(f"{words} {when.text}", chat, now)
        self._model.reschedules(chat, number, when, now)

    def _pauses(self, chat: str, now: datetime) -> None:
        """Pauses a chat for some days, or without an end."""
        reader, days = self._model.readers[chat], self._dice.randint(1, 12) * (self._dice.random() < 0.5)
        self._bot.says(f"/pause {days}d" if days else "/pause", chat, now)
        reader.paused, reader.paused_until = True, self._model.after_days(chat, days, now) if days else None

    def _resumes(self, chat: str, now: datetime) -> None:
        self._bot.says("/resume", chat, now)
        self._model.resumes(chat, now)

    def _pauses_one(self, chat: str, now: datetime) -> None:
        number = self._one(chat)
        subscription = self._model.readers[chat].subscriptions[number]
        if subscription.paused:
            self._bot.says(f"/resume {number}", chat, now)
            subscription.goes_on(now)
        else:
            days = self._dice.randint(1, 12)
            self._bot.says(f"/pause {number} {days}d", chat, now)
            subscription.paused, subscription.paused_until = True, self._model.after_days(chat, days, now)

    def _sets_crosslists(self, chat: str, now: datetime) -> None:
        wanted = self._dice.random() < 0.5
        self._bot.says(f"/set crosslists {'in' if wanted else 'out'}", chat, now)
        self._model.readers[chat].crosslists = wanted

    def _sets_zone(self, chat: str, now: datetime) -> None:
        zone = self._dice.choice(self.zones)
        self._bot.says(f"/set timezone {zone}", chat, now)
        self._model.moves(chat, zone, now)

    def _sets_limits(self, chat: str, now: datetime) -> None:
        """Changes the quiet hours or the limit, which a console does not have."""
        if not _is_console(chat) and self._dice.random() < 0.5:
            self._sets_limit(chat, self._dice.choice(LIMITS), now)
        elif not _is_console(chat):
            self._sets_quiet(chat, self._quiet_hours(self._model.readers[chat].zone), now)

    def _sets_limit(self, chat: str, limit: int | None, now: datetime) -> None:
        self._bot.says(f"/set limit {limit or 'all'}", chat, now)
        self._model.readers[chat].limit = limit

    def _sets_quiet(self, chat: str, quiet: tuple[time, time] | None, now: datetime) -> None:
        text = f"{quiet[0]:%H:%M}-{quiet[1]:%H:%M}" if quiet else "off"
        self._bot.says(f"/set quiet {text}", chat, now)
        self._model.readers[chat].quiet = quiet


def times_of(zone: str) -> tuple[time, time, time]:
    """Returns three times of one day that people in a zone choose, six hours apart."""
    first = ZONES[zone]
    return first, first.replace(hour=first.hour + 6), first.replace(hour=first.hour + 12)


def moments(zones: list[str]) -> set[tuple[str, model.When]]:
    """Returns (zone, cadence) for every time of day at which something may become due."""
    chosen = {(zone, model.When("at", at)) for zone in zones for at in times_of(zone)}
    return chosen | {(zone, model.When("at", SMALL_HOURS)) for zone in zones if zone in NIGHT_OWLS}


def _is_console(chat: str) -> bool:
    return chat.startswith("console:")


def _name(number: int) -> str:
    """Returns the address of a chat. There are private chats, groups, topics and consoles."""
    return {
        0: f"console:reader{number}",
        5: f"telegram:-{1000 + number}",
        7: f"telegram:-{2000 + number % 3}/{number}",
    }.get(number % 10, f"telegram:{number}")
