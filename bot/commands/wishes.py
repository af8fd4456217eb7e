"""Subscriptions: what became of a wish, and which there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.commands.changes import fixed_offset
from bot.commands.coming import first_line
from bot.commands.rhythms import cadence_words
from bot.commands.voice import Localizer
from bot.ports.reply import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import Sentence
from subscriptions.model import Subscription
from subscriptions.states import Admission, ChatState

if TYPE_CHECKING:  # their module loads the store, which a refused query has no need of
    from subscriptions.service.papers import Base
    from subscriptions.service.subscriptions import Listed, Subscribed

_MOST_NAMED = 10  # subscriptions that a reply names one by one
_NO_NAME = frozenset({"-", "off"})
_LONGEST = 80  # characters of a query in a line that is not about how it reads
_HELD = {
    "paused": Sentence("paused"),
    "orphaned": Sentence("paused: who asked for it has left"),
    "asked": Sentence("waits for whoever runs this bot"),
    "denied": Sentence("whoever runs this bot said no"),
    "moved": Sentence("moved"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subscription as a list shows it."""

    chat: str
    number: int
    reading: str  # its name, else the query in words
    when: str  # "daily 08:00 Europe/Berlin"
    state: str  # "" while all is well: "paused until Mon 26 Jan 08:00"
    next_due: str  # "Mon 26 Jan 08:00"; "" when it waits for papers


def subscribed(
    done: "Subscribed",
    voice: Localizer,
    *,
    reading: str,
    examples: Sequence[str],
    instead: str = "",
    advice: str = "",
    short: bool = False,
    now: datetime | None = None,
    says_since: bool = False,
    says_year: bool = False,
) -> Reply:
    """The echo of a wish: how it was read, when it comes, what it would have brought.

    `reading` is the query in words, `examples` are papers that it would have brought, one line each, `instead` what it
    was before, `advice` a sentence. With `short`, for groups, all that counts in two lines. `now` tells whether the first
    time has begun already; with `says_since` also what goes without saying is said of the papers that it begins with,
    with `says_year` in which year that is.
    """
    wish = done.subscription
    zone = wish.zone or done.chat.settings.timezone
    head = f"{wish.number}  {reading} · {_when(wish, zone, voice)}"
    if wish.name:
        head = f"{head} · {wish.name}"
    hints = [voice.say("({inner})", inner=hint.say(voice.translate)) for hint in done.query.hints]
    if short:
        return Reply(
            lines=(_beside(voice, head, *hints[:1]), _beside(voice, _become(done, voice), _first(done, voice, now))),
            ok=True,
        )
    lines = [head, *hints]
    if instead:
        lines.append(voice.say("Instead of: {words}", words=instead))
    if done.outcome in ("added", "edited"):
        lines += _found(done, voice, examples)
    else:
        lines.append(_become(done, voice))
    lines += [advice] if advice else []
    lines.append(_beginning(done, voice, now, says_since=says_since, says_year=says_year))
    return Reply(lines=(*lines, *fixed_offset(zone, voice)), ok=True)


def one_line(done: "Subscribed", voice: Localizer, *, reading: str) -> str:
    """A wish as one of several: its number, how it was read, when it comes, and whether it is new."""
    wish = done.subscription
    said = f"{wish.number}  {reading} · {_when(wish, wish.zone or done.chat.settings.timezone, voice)}"
    return said if done.outcome in ("added", "edited") else f"{said} · {_become(done, voice)}"


def unsubscribed(gone: Sequence[Subscription], voice: Localizer, *, missing: str = "") -> Reply:
    """The answer to `unsubscribe`; `missing` are numbers that were named and are nobody's."""
    if not gone:
        return Reply(lines=(voice.say("There was no subscription to remove."),))
    head = voice.count("Removed {count} subscription:", "Removed {count} subscriptions:", len(gone))
    lines = [called(wish) for wish in gone[:_MOST_NAMED]]
    if len(gone) > _MOST_NAMED:
        lines.append(voice.count("and {count} more of them", "and {count} more of them", len(gone) - _MOST_NAMED))
    lines += [voice.say("There is no {numbers} here.", numbers=missing)] if missing else []
    return Reply(lines=(head, *lines), ok=True)


def name_given(typed: str) -> str:
    """The name that is meant behind `name N`; "" takes it away."""
    return "" if typed.strip().casefold() in _NO_NAME else typed


def renamed(before: Subscription, after: Subscription, voice: Localizer) -> Reply:
    """The answer to `name`."""
    if after.name == before.name:
        said = voice.say("It is called that already.") if after.name else voice.say("It has no name.")
        return Reply(lines=(said,))
    if not after.name:
        said = voice.say("{number} has no name any more: {text}", number=after.number, text=after.text)
    else:
        said = voice.say("{number} is called {name} now.", number=after.number, name=after.name)
    return Reply(lines=(said,), ok=True)


def _beside(voice: Localizer, first: str, *then: str) -> str:
    """Sentences on one line, as the language sets them."""
    for one in then:
        first = voice.say("{sentence} {next}", sentence=first, next=one)
    return first


def called(wish: Subscription) -> str:
    """A subscription in a line: its number, with its name or how its query begins."""
    return f"{wish.number}  {in_short(wish.name or wish.text)}"


def in_short(words: str) -> str:
    """Words on one line, as many as are read at a glance."""
    return cut_letters(" ".join(words.split()), _LONGEST)


def rows_of(
    found: Sequence["Listed"],
    reading: Callable[[str], str],
    voice: Callable[["Listed"], Localizer],
    now: datetime | None = None,
) -> list[Row]:
    """The rows of a list. `reading` says a query, given as typed, in words; `voice` speaks in the zone of each row.

    With `now` the end of a pause in another year is told with its year.
    """
    return [_row(one, reading, voice(one), now) for one in found]


def state_of(one: "Listed") -> str:
    """Whether it brings messages: active, else what holds it, be it the subscription or its chat."""
    return one.subscription.state if one.chat.state == "active" else one.chat.state.value


def _row(one: "Listed", reading: Callable[[str], str], voice: Localizer, now: datetime | None) -> Row:
    wish = one.subscription
    state = state_of(one)
    until = wish.paused_until if state == wish.state else one.chat.paused_until
    held = "orphaned" if state == wish.state and wish.pause_reason else state
    held = "denied" if held == "asked" and one.chat.admission is Admission.DENIED else held
    shown = _HELD[held].say(voice.translate) if held in _HELD else ""
    if until is not None and shown:
        shown = voice.say("{state} until {moment}", state=shown, moment=voice.moment(until, now=now))
    return Row(
        chat=str(one.chat.address),
        number=wish.number,
        reading=wish.name or reading(wish.text),
        when=_when(wish, one.zone, voice),
        state=shown,
        next_due=voice.moment(wish.next_due_at) if wish.next_due_at else "",
    )


def _when(wish: Subscription, zone: str, voice: Localizer) -> str:
    return cadence_words(wish.cadence, voice, zone)


def _become(done: "Subscribed", voice: Localizer) -> str:
    """What became of the wish, in one sentence."""
    if done.outcome == "rescheduled":
        return voice.say("It was there already; its schedule is changed.")
    if done.outcome == "known":
        return voice.say("It was there already; its schedule stays.")
    if done.found:
        return voice.count("{count} paper in {days}.", "{count} papers in {days}.", done.found, days=_days(done, voice))
    return _nothing(done, voice)


def _found(done: "Subscribed", voice: Localizer, examples: Sequence[str]) -> list[str]:
    if not done.found:
        return [_nothing(done, voice)]
    days = _days(done, voice)
    if done.found > len(examples):
        head = voice.count("{count} paper in {days}:", "{count} papers in {days}, for example:", done.found, days=days)
    else:
        head = voice.count(
            "It finds {count} paper in {days}:", "It finds {count} papers in {days}:", done.found, days=days
        )
    return [head, *(f"· {example}" for example in examples)]


def _nothing(done: "Subscribed", voice: Localizer) -> str:
    if not done.base.days:
        return voice.say("I know no papers yet.")
    return voice.say("No paper of {days} fits.", days=_days(done, voice))


def of_the_newest(voice: Localizer, days: str, base: "Base") -> str:
    """Days that a number is told of; where not all their papers were counted, it says how many were."""
    if base.whole:
        return days
    return voice.count(
        "{days} (of the newest {count} paper)", "{days} (of the newest {count} papers)", base.of, days=days
    )


def days_i_know(voice: Localizer, base: "Base") -> str:
    """Such as "the 3 days I know"."""
    return of_the_newest(voice, voice.count("the one day I know", "the {count} days I know", base.days), base)


def _days(done: "Subscribed", voice: Localizer) -> str:
    return days_i_know(voice, done.base)


def _beginning(done: "Subscribed", voice: Localizer, now: datetime | None, *, says_since: bool, says_year: bool) -> str:
    """When it comes first, and of a new one with what, unless that goes without saying."""
    first = _first(done, voice, now)
    from_now_on = done.subscription.cadence.kind == "now" and now is not None and done.starts >= now
    if done.outcome != "added" or (from_now_on and not says_since):
        return first
    since = voice.say(
        "Begins with what came since {moment}.", moment=voice.moment(done.starts, now=now, year=says_year)
    )
    return voice.say("{sentence} {next}", sentence=first, next=since)


def _first(done: "Subscribed", voice: Localizer, now: datetime | None) -> str:
    if done.chat.state is ChatState.PAUSED:
        return voice.say("This chat is paused; /resume ends that.")
    if done.subscription.state == "paused":
        return voice.say("It is paused; /resume {number} ends that.", number=done.subscription.number)
    if done.next_delivery is not None and now is not None:
        return first_line(done.next_delivery, voice, now)
    return _first_by_itself(done, voice, now)


def _first_by_itself(done: "Subscribed", voice: Localizer, now: datetime | None) -> str:
    """Where nobody knows when the sources have papers."""
    if done.first is None:
        return voice.say("It comes as soon as papers do.")
    if now is not None and done.first <= now:
        return voice.say("First: as soon as papers are out.")
    if done.subscription.cadence.kind == "when-out":
        return voice.say("First: from {moment} on, as soon as papers are out.", moment=voice.moment(done.first))
    return voice.say("First: {moment}.", moment=voice.moment(done.first))
