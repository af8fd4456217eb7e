"""Subscriptions: what became of a wish, and which there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.commands.changes import fixed_offset
from bot.commands.voice import Voice
from bot.ports import Reply
from subscriptions import Sentence, Subscription, cadence_text

if TYPE_CHECKING:  # their module loads the store, which a refused query has no need of
    from subscriptions import Listed, Subscribed


_HELD = {
    "paused": Sentence("paused"),
    "asked": Sentence("waits for an admin"),
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


def subscribed(done: "Subscribed", voice: Voice, *, reading: str, examples: Sequence[str]) -> Reply:
    """The echo of a wish: how it was read, when it comes, what it would have brought.

    `reading` is the query in words, `examples` are papers that it would have brought, one line each.
    """
    wish = done.subscription
    zone = wish.zone or done.chat.settings.timezone
    head = f"{wish.number}  {reading} · {_when(wish, zone)}"
    if wish.name:
        head = f"{head} · {wish.name}"
    lines = [head, *(f"({hint.say(voice.translate)})" for hint in done.query.hints)]
    if done.outcome == "added":
        lines += _found(done, voice, examples)
        lines.append(voice.say("Begins with what came since {moment}.", moment=voice.moment(done.starts)))
    elif done.outcome == "rescheduled":
        lines.append(voice.say("It was there already; its schedule is changed."))
    else:
        lines.append(voice.say("It was there already; its schedule stays."))
    lines.append(_first(done, voice))
    return Reply(lines=(*lines, *fixed_offset(zone, voice)), ok=True)


def unsubscribed(gone: Sequence[Subscription], voice: Voice) -> Reply:
    """The answer to `unsubscribe`."""
    if not gone:
        return Reply(lines=(voice.say("There was no subscription to remove."),))
    head = voice.count("Removed {count} subscription:", "Removed {count} subscriptions:", len(gone))
    return Reply(lines=(head, *(f"{wish.number}  {wish.name or wish.text}" for wish in gone)), ok=True)


def rows_of(found: Sequence["Listed"], reading: Callable[[str], str], voice: Callable[["Listed"], Voice]) -> list[Row]:
    """The rows of a list. `reading` says a query, given as typed, in words; `voice` speaks in the zone of each row."""
    return [_row(one, reading, voice(one)) for one in found]


def listed_reply(rows: Sequence[Row], voice: Voice) -> Reply:
    """The answer to `list`: aligned, for a font of fixed width."""
    if not rows:
        return Reply(lines=(voice.say("There are no subscriptions yet."),))
    number, reading = (max(len(text) for text in texts) for texts in zip(*map(_columns, rows), strict=True))
    code = tuple(f"{row.number:>{number}}  {row.reading:<{reading}}  {row.when}  {row.state}".rstrip() for row in rows)
    return Reply(lines=(voice.count("{count} subscription", "{count} subscriptions", len(rows)),), code=code)


def state_of(one: "Listed") -> str:
    """Whether it brings messages: active, else what holds it, be it the subscription or its chat."""
    return one.subscription.state if one.chat.state == "active" else one.chat.state.value


def _columns(row: Row) -> tuple[str, str]:
    return str(row.number), row.reading


def _row(one: "Listed", reading: Callable[[str], str], voice: Voice) -> Row:
    wish = one.subscription
    state = state_of(one)
    until = wish.paused_until if state == wish.state else one.chat.paused_until
    shown = _HELD[state].say(voice.translate) if state in _HELD else ""
    if until is not None and shown:
        shown = voice.say("{state} until {moment}", state=shown, moment=voice.moment(until))
    return Row(
        chat=str(one.chat.address),
        number=wish.number,
        reading=wish.name or reading(wish.text),
        when=_when(wish, one.zone),
        state=shown,
        next_due=voice.moment(wish.next_due_at) if wish.next_due_at else "",
    )


def _when(wish: Subscription, zone: str) -> str:
    when = cadence_text(wish.cadence)
    return when if wish.cadence.kind == "now" else f"{when} {zone}"


def _found(done: "Subscribed", voice: Voice, examples: Sequence[str]) -> list[str]:
    if not done.days:
        return [voice.say("I know no papers yet.")]
    if not done.found:
        return [
            voice.count("No paper of the one day I know fits.", "No paper of the {count} days I know fits.", done.days)
        ]
    days = voice.count("the one day I know", "the {count} days I know", done.days)
    head = voice.count("{count} paper in {days}:", "{count} papers in {days}, for example:", done.found, days=days)
    return [head, *(f"· {example}" for example in examples)]


def _first(done: "Subscribed", voice: Voice) -> str:
    if done.first is None:
        return voice.say("It comes as soon as papers do.")
    if done.subscription.cadence.kind == "when-out":
        return voice.say("First: from {moment} on, as soon as papers are out.", moment=voice.moment(done.first))
    return voice.say("First: {moment}.", moment=voice.moment(done.first))
