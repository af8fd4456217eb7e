"""Pauses, in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.commands.phrasing import Localizer, setting_words
from bot.ports.channel import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import Sentence
from subscriptions.model import Subscription
from subscriptions.planning.decision import MOST_NEAR
from subscriptions.planning.pauses import NextDelivery
from subscriptions.service.next_deliveries import Listed
from subscriptions.service.paper_search import Base
from subscriptions.service.pausing import PauseResult, WaitingPapers
from subscriptions.service.requests import Subscribed
from subscriptions.states import Admission, ChatState, SubscriptionState


def paused_line(held: PauseResult, localizer: Localizer, *, now: datetime) -> str:
    """Returns a sentence that says what is paused and until when."""
    words = subscription_label(held.subscription) if held.subscription else ""
    if held.until is None:
        return (
            localizer.say("{subscription} is paused.", subscription=words)
            if words
            else localizer.say("This chat is paused.")
        )
    until = localizer.moment(held.until, now=now)
    if words:
        return localizer.say("{subscription} is paused until {moment}.", subscription=words, moment=until)
    return localizer.say("This chat is paused until {moment}.", moment=until)


def resumed_line(held: PauseResult, localizer: Localizer) -> str:
    """Returns a sentence that says what is active again."""
    if not held.changed:
        return localizer.say("Nothing is paused here.")
    subscription = held.subscription
    return (
        localizer.say("{subscription} is active again.", subscription=subscription_label(subscription))
        if subscription
        else localizer.say("Papers come again.")
    )


def waiting_lines(found: WaitingPapers, localizer: Localizer) -> tuple[str, ...]:
    """Returns sentences that say how many papers wait after a pause and when they come by themselves; none if no paper waits."""
    if not found.papers:
        return ()
    waits = localizer.count("{count} paper waits.", "{count} papers wait.", found.papers)
    if found.delivered_at is None:
        return (waits,)
    comes = localizer.count(
        "Without a word from you it comes {moment}.",
        "Without a word from you they come {moment}.",
        found.papers,
        moment=localizer.moment(found.delivered_at),
    )
    return waits, comes


# --------------------------------------------------------------------------------------------- subscriptions, in words

# the echo of a new one, and the rows of a list.


_MOST_WORDS = 8  # of the papers that a query names

_MOST_NAMED = 10  # subscriptions that a reply lists
_NO_NAME = frozenset({"-", "off"})
_LONGEST = 80  # characters of a name or query in a line
_HELD = {
    "paused": Sentence("paused"),
    "orphaned": Sentence("paused: who asked for it has left"),
    "asked": Sentence("waits for whoever runs this bot"),
    "denied": Sentence("whoever runs this bot said no"),
    "moved": Sentence("moved"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subscription in a list."""

    chat: str
    number: int
    reading: str  # the name, else the query in words
    when: str  # "daily 08:00 Europe/Berlin"
    state: str  # "paused until Mon 26 Jan 08:00"; "" while it is active
    next_due: str  # "Mon 26 Jan 08:00"; "" if it delivers when papers come


def subscribed(
    done: Subscribed,
    localizer: Localizer,
    *,
    reading: str,
    examples: Sequence[str],
    instead: str = "",
    advice: str = "",
    short: bool = False,
    now: datetime,
    says_since: bool = False,
    says_year: bool = False,
) -> Reply:
    """Returns the echo of a subscription: how it was read, when it delivers, and what it would have found.

    `reading` is the query in words, `examples` are papers that it would have found, one line each. `instead` is the
    former subscription, `advice` a sentence. `short`, for groups, gives two lines. `says_since` names the moment from which papers count even if that is obvious, `says_year` also
    its year.
    """
    subscription = done.subscription
    zone = subscription.zone or done.chat.settings.timezone
    head = f"{subscription.number}  {reading} · {setting_words.cadence_words(subscription.cadence, localizer, zone)}"
    if subscription.name:
        head = f"{head} · {subscription.name}"
    hints = [localizer.say("({inner})", inner=hint.say(localizer.translate)) for hint in done.query.hints]
    if short:
        return Reply(
            lines=(
                _on_one_line(localizer, head, *hints[:1]),
                _on_one_line(localizer, _outcome(done, localizer), _first(done, localizer, now)),
            ),
            ok=True,
        )
    lines = [head, *hints]
    if instead:
        lines.append(localizer.say("Instead of: {words}", words=instead))
    if done.outcome in ("added", "edited"):
        lines += _findings(done, localizer, examples)
    else:
        lines.append(_outcome(done, localizer))
    lines += [advice] if advice else []
    lines.append(_beginning(done, localizer, now, says_since=says_since, says_year=says_year))
    return Reply(lines=(*lines, *setting_words.fixed_offset(zone, localizer)), ok=True)


def subscribed_line(done: Subscribed, localizer: Localizer, *, reading: str) -> str:
    """Returns one of several subscriptions as a line: its number, how it was read, when it delivers, and whether it is new."""
    subscription = done.subscription
    zone = subscription.zone or done.chat.settings.timezone
    said = f"{subscription.number}  {reading} · {setting_words.cadence_words(subscription.cadence, localizer, zone)}"
    return said if done.outcome in ("added", "edited") else f"{said} · {_outcome(done, localizer)}"


def unsubscribed(gone: Sequence[Subscription], localizer: Localizer, *, missing: str = "") -> Reply:
    """Returns the reply to `unsubscribe`; `missing` are the numbers that no subscription has."""
    if not gone:
        return Reply(lines=(localizer.say("There was no subscription to remove."),))
    head = localizer.count("Removed {count} subscription:", "Removed {count} subscriptions:", len(gone))
    lines = [subscription_label(subscription) for subscription in gone[:_MOST_NAMED]]
    if len(gone) > _MOST_NAMED:
        lines.append(localizer.count("and {count} more of them", "and {count} more of them", len(gone) - _MOST_NAMED))
    lines += [localizer.say("There is no {numbers} here.", numbers=missing)] if missing else []
    return Reply(lines=(head, *lines), ok=True)


def name_given(typed: str) -> str:
    """Returns the name that was typed after `name N`; "" removes the name."""
    return "" if typed.strip().casefold() in _NO_NAME else typed


def renamed(before: Subscription, after: Subscription, localizer: Localizer) -> Reply:
    """Returns the reply to `name`."""
    if after.name == before.name:
        said = localizer.say("It is called that already.") if after.name else localizer.say("It has no name.")
        return Reply(lines=(said,))
    if not after.name:
        said = localizer.say("{number} has no name any more: {text}", number=after.number, text=after.text)
    else:
        said = localizer.say("{number} is called {name} now.", number=after.number, name=after.name)
    return Reply(lines=(said,), ok=True)


def _on_one_line(localizer: Localizer, first: str, *then: str) -> str:
    """Returns several sentences on one line, joined as the language does it."""
    for one in then:
        first = localizer.say("{sentence} {next}", sentence=first, next=one)
    return first


def subscription_label(subscription: Subscription) -> str:
    """Returns a subscription on one line: its number, and its name or the beginning of its query."""
    return f"{subscription.number}  {shortened(subscription.label)}"


def shortened(words: str) -> str:
    """Returns the words on one line, cut to a length that is read at a glance."""
    return cut_letters(" ".join(words.split()), _LONGEST)


def subscription_rows(
    found: Sequence[Listed],
    reading: Callable[[str], str],
    localizer: Callable[[Listed], Localizer],
    now: datetime | None = None,
) -> list[Row]:
    """Returns the rows of a list.

    `reading` says a typed query in words; `localizer` gives the localizer of a row, which speaks in its zone. With `now`, a
    pause that ends in another year says that year.
    """
    return [_row(one, reading, localizer(one), now) for one in found]


def state_of(one: Listed) -> str:
    """Returns "active", or the state of the subscription or of its chat that keeps it from delivering."""
    return one.subscription.state if one.chat.state is ChatState.ACTIVE else one.chat.state.value


def _row(one: Listed, reading: Callable[[str], str], localizer: Localizer, now: datetime | None) -> Row:
    subscription = one.subscription
    state = state_of(one)
    until = subscription.paused_until if state == subscription.state else one.chat.paused_until
    held = "orphaned" if state == subscription.state and subscription.pause_reason else state
    held = "denied" if held == "asked" and one.chat.admission is Admission.DENIED else held
    shown = _HELD[held].say(localizer.translate) if held in _HELD else ""
    if until is not None and shown:
        shown = localizer.say("{state} until {moment}", state=shown, moment=localizer.moment(until, now=now))
    return Row(
        chat=str(one.chat.address),
        number=subscription.number,
        reading=subscription.name or reading(subscription.text),
        when=setting_words.cadence_words(subscription.cadence, localizer, one.zone),
        state=shown,
        next_due=localizer.moment(subscription.next_due_at) if subscription.next_due_at else "",
    )


def _outcome(done: Subscribed, localizer: Localizer) -> str:
    """Returns a sentence that says what became of the request."""
    if done.outcome == "rescheduled":
        return localizer.say("It was there already; its schedule is changed.")
    if done.outcome == "known":
        return localizer.say("It was there already; its schedule stays.")
    if done.found:
        return localizer.count(
            "{count} paper in {days}.", "{count} papers in {days}.", done.found, days=days_known(localizer, done.base)
        )
    return _no_findings(done, localizer)


def _findings(done: Subscribed, localizer: Localizer, examples: Sequence[str]) -> list[str]:
    if not done.found:
        return [_no_findings(done, localizer)]
    days = days_known(localizer, done.base)
    if done.seen:
        return []
    if done.found <= len(examples):
        head = localizer.count(
            "It finds {count} paper in {days}:", "It finds {count} papers in {days}:", done.found, days=days
        )
    else:
        head = localizer.count(
            "{count} paper in {days}:", "{count} papers in {days}, for example:", done.found, days=days
        )
    return [head, *(f"· {example}" for example in examples)]


def _no_findings(done: Subscribed, localizer: Localizer) -> str:
    if not done.base.days:
        return localizer.say("I know no papers yet.")
    return localizer.say("No paper of {days} fits.", days=days_known(localizer, done.base))


def days_known(localizer: Localizer, base: Base) -> str:
    """Returns the days in which papers were counted: "the last 7 days"; where these have none, "the 3 days known"."""
    known = localizer.count("the one day known", "the {count} days known", base.days)
    return of_the_newest(localizer, localizer.say("the last 7 days") if base.recent else known, base)


def of_the_newest(localizer: Localizer, days: str, base: Base) -> str:
    """Returns `days`; adds how many papers were counted if not all were."""
    if base.whole:
        return days
    return localizer.count(
        "{days} (of the newest {count} paper)", "{days} (of the newest {count} papers)", base.of, days=days
    )


def _beginning(done: Subscribed, localizer: Localizer, now: datetime, *, says_since: bool, says_year: bool) -> str:
    """Returns when the subscription delivers first and, for a new one, from which moment on papers count.

    The moment is left out if it is obvious.
    """
    first = _first(done, localizer, now)
    from_now_on = done.subscription.cadence.kind == "now" and done.starts >= now
    if done.outcome != "added" or (from_now_on and not says_since):
        return first
    since = localizer.say(
        "Begins with what came since {moment}.", moment=localizer.moment(done.starts, now=now, year=says_year)
    )
    return localizer.say("{sentence} {next}", sentence=first, next=since)


def nearness_line(localizer: Localizer, words: Sequence[str]) -> str:
    """Returns the words by which papers are near to those that a query names, and how many come."""
    return localizer.say(
        "Near by the words {words}; the nearest {most} each time.",
        words=", ".join(words[:_MOST_WORDS]),
        most=MOST_NEAR,
    )


def _first(done: Subscribed, localizer: Localizer, now: datetime) -> str:
    if done.chat.state is ChatState.PAUSED:
        return localizer.say("This chat is paused; /resume ends that.")
    if done.subscription.state is SubscriptionState.PAUSED:
        return localizer.say("It is paused; /resume {number} ends that.", number=done.subscription.number)
    if done.next_delivery is not None:
        return setting_words.first_line(done.next_delivery, localizer, now)
    # Nothing is known of when sources have papers.
    has_begun = done.first is not None and done.first <= now
    is_open = has_begun or done.subscription.cadence.kind == "when-out"
    return setting_words.first_line(NextDelivery(at=done.first, opens=is_open), localizer, now)
