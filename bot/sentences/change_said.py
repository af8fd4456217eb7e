"""Tells which change of one subscription a sentence says: its query, its name, its time ("an hour later"), a pause, its removal. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

from bot.sentences import meant
from bot.sentences.words import boundaries, days, intents, pauses, reader, subjects
from bot.sentences.words.said import CERTAIN, Said
from subscriptions import errors, model
from subscriptions.normalize import tokens
from subscriptions.planning.cadence import cadence_of_days, days_of, with_days
from subscriptions.planning.pauses import length_of
from subscriptions.planning.times.reading import clock_of, reading_of
from subscriptions.query import rewriting
from subscriptions.query.parse import parse_query

# changes of the words of a query
OF_WORDS = ("exclude", "narrow", "widen")
_SOME_DAY = date(2026, 1, 1)
_TITLES = re.compile(r"title|标题|题目")


def change_of(said: Said, one: model.Subscription) -> tuple[str, str] | None:
    """Returns (command, arguments) to change one subscription in the way that a sentence says; None if that is impossible."""
    change = _CHANGES.get(said.intent)
    with suppress(errors.PaperwireError):
        args = change(said, one) if change else None
        command = _COMMANDS.get(said.intent, said.intent)
        if args is not None:
            return (command, f"{one.number} {args}".strip())
        return None
    return None


def with_numbers(said: Said, there: Sequence[model.Subscription]) -> Said:
    """Returns the meaning of a text with numbers in place of the names of subscriptions.

    The meaning itself if the text names none, if a name is part of a longer subject ("no kelp forests"), or if no words
    are left that say how to change a query.
    """
    named = [one for one in there if meant.is_named(reader.folded(said.text), one)]
    if not named or said.marked(reader.NUMBER):
        return said
    text = said.text
    for one in named:
        text = meant.with_number(text, one)
    numbered = intents.meaning(text)
    left = numbered.texts(reader.UNWANTED, reader.WANTED, reader.AUTHOR)
    removes = numbered.intent == "unsub" and numbered.sure >= CERTAIN  # "remove coral reefs and coral fish"
    has_lost = said.intent in OF_WORDS and all(map(boundaries.is_crumb, left)) and not removes
    if has_lost or any(_belongs_to_number(one, numbered.text) for one in left):
        return said
    return numbered


def _belongs_to_number(subject: str, text: str) -> bool:
    """Returns whether a subject and the number of a subscription stand together: "forests" of "no #1 forests"."""
    words = re.escape(subject)
    beside = re.search(rf"#\d+ +{words}|{words} +(?:(?:of|and|or) +)?#\d", text)
    return "#" in subject or beside is not None


def with_new_words(said: Said, text: str) -> str:
    """Returns the query that a sentence puts in place of another one, or of the words of it that the sentence names."""
    wanted = said.texts(reader.WANTED)
    new = said.subject if " OR " in said.subject or len(wanted) != 1 else wanted[0]
    return new and meant.with_other_words(text, " ".join(said.texts(reader.NAMED)), new)


def reworded(said: Said, text: str) -> str | None:
    """Returns a query with the exclusion, restriction or alternative that a sentence names; None if that changes nothing."""
    with suppress(errors.PaperwireError):
        return _REWORDS[said.intent](said, text)
    return None


def _excluded(said: Said, text: str) -> str | None:
    if not subjects.denies(reader.folded(said.text)):  # "also for kelp" excludes nothing
        return None
    query = parse_query(text)
    for term in subjects.unwanted_in(said.text, said.intent):
        if {*tokens(text)} == {*tokens(term)}:  # "take out kelp" removes the subscription to kelp
            return None
        query = rewriting.narrowed(query, term)
    return query.text if query.text != text else None


def _narrowed(said: Said, text: str) -> str | None:
    subject, titles = (
        subjects.wanted_in(said.text, said.intent).removeprefix("ti:"),
        _TITLES.search(reader.folded(said.text)),
    )
    if titles and (not subject or subject in text):
        return rewriting.rewritten(parse_query(text), rewriting.in_titles) or None
    if {*tokens(subject)} <= {*tokens(text)}:  # "only kelp" says nothing new of "kelp forests"
        return None
    whole = f"({text})" if " OR " in text else text
    if titles and " OR " not in subject:
        subject = f'ti:"{subject}"' if " " in subject else f"ti:{subject}"
    if subject:
        return f"{whole} {f'({subject})' if ' OR ' in subject else subject}"
    return None


def _widened(said: Said, text: str) -> str | None:
    """Returns a query that finds more: without `ti:`, without an exclusion, or with one more alternative.

    None if there is none.
    """
    subject = subjects.wanted_in(said.text, said.intent).removeprefix("ti:")
    if "ti:" in text and (not subject or _TITLES.search(reader.folded(said.text))):
        return text.replace("ti:", "")
    lifted = re.sub(rf'\s*-"?{re.escape(subject.rstrip("s"))}s?"?(?!\w)', "", text, flags=re.IGNORECASE)
    if subject and lifted.strip() not in ("", text):
        return lifted
    wider = or_else(text, subject)
    return wider if subject and wider != text else None


def or_else(text: str, other: str) -> str:
    """Returns a query with an alternative; the query itself if the alternative has the same words."""
    if {*tokens(other)} == {*tokens(text)}:
        return text
    return f"{text} OR {other}"


def _scheduled(said: Said, one: model.Subscription) -> str | None:
    """Returns the new time of a subscription: the named time, or its own time, moved earlier or later.

    If only days are named, the time of day stays. Days that come "too" are added, and those that are denied are taken out.
    None if no time is named.
    """
    named = days.days_in(said)
    if named.added:
        return str(with_days(one.cadence, named.added))
    if named.denied:
        return _without_days(one.cadence, named)
    return _moved(said, one.cadence) or _named_time(said, one.cadence) or None


def _moved(said: Said, cadence: model.Cadence) -> str:
    """Returns the time, moved earlier or later: "an hour later"; "" if a sentence says no such thing."""
    shift = _SHIFT.search(reader.folded(said.text))
    length = next(filter(None, map(length_of, said.marked(reader.LONG))), None)
    if not cadence.at or not shift or not length:
        return ""
    moved = (datetime.combine(_SOME_DAY, cadence.at) + (-length if shift["earlier"] else length)).time()
    return str(replace(cadence, at=moved))


def _named_time(said: Said, cadence: model.Cadence) -> str:
    """Returns the time that a sentence names, with the days or the time of day that it does not name."""
    when, at = _new_time(said, cadence), cadence.at
    if not when and at and not cadence.until and (named := days.days_in(said).named):
        return str(cadence_of_days(named, at))
    if not when or not at or cadence.until:
        return when
    if (clock := clock_of(when)) and cadence.kind not in ("now", "when-out"):  # the days stay
        return str(replace(cadence, at=clock))
    reading = reading_of(when)
    is_only_days = (
        reading
        and reading.exact
        and reading.at is None
        and not reading.part
        and reading.kind in ("daily", "weekdays", "weekly", "days")
    )
    if is_only_days:
        return f"{when} {at:%H:%M}"
    return when


def _without_days(cadence: model.Cadence, said: days.Days) -> str | None:
    """Returns the cadence without the days that a sentence denies; None if that is impossible.

    That is so if no day would be left, or if papers come as soon as they are out, where only weekends can be left out.
    """
    kept = (said.named - said.denied or said.named) or frozenset(days_of(cadence)) - said.denied
    if cadence.kind == "when-out" and kept == days.WEEKDAYS:
        return str(replace(cadence, weekdays_only=True))
    if kept and cadence.at and not cadence.until:
        return str(cadence_of_days(kept, cadence.at))
    return None


def _new_time(said: Said, cadence: model.Cadence) -> str:
    """Returns the time that a sentence names, without the one that it replaces: "from mondays to fridays" of a weekly one."""
    when = subjects.time_in(said.text, said.intent)
    former, _, then = when.lower().removeprefix("from ").partition(" to ")
    reading = reading_of(former) if then and when.lower().startswith("from ") else None
    if reading and reading.weekday is not None and cadence.kind == "weekly" and reading.weekday == cadence.weekday:
        return then
    return when


_SHIFT = re.compile(
    r"(?P<earlier>\b(?:earlier|sooner|before|forward)\b|提前|提早|往前|早(?=@|\s*\d|[一半两]))|\b(?:later|after|back|delay|postpone)\b|推迟|延后|延迟|往后|晚(?=\s*\d|[一半两])"
)


_REWORDS: Mapping[str, Callable[[Said, str], str | None]] = {
    "exclude": _excluded,
    "narrow": _narrowed,
    "widen": _widened,
}
_CHANGES: Mapping[str, Callable[[Said, model.Subscription], str | None]] = {
    "unsub": lambda _said, _one: "",
    **dict.fromkeys(OF_WORDS, lambda said, one: reworded(said, one.text)),
    "edit": lambda said, one: with_new_words(said, one.text) or None,
    "name": lambda said, _: intents.name_in(said) or None,
    "schedule": _scheduled,
    "pause": lambda said, _: pauses.pause_in(said),
    "resume": lambda _said, _one: "",
    "now": lambda _said, _one: "now",
    "weekdays": lambda _said, _one: "weekdays",
}
_COMMANDS = {**dict.fromkeys(OF_WORDS, "edit"), **dict.fromkeys(("now", "weekdays"), "schedule")}
INTENTS = frozenset(_CHANGES)  # the intents of such sentences
