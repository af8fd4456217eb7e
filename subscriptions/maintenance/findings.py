"""Finds what is wrong in the outbox, on platforms, with sources, meaning and the model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from shlex import quote

from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.language import Language
from subscriptions.maintenance import word_renewal
from subscriptions.model import ChatAddress, Lane, SourceTrouble
from subscriptions.outbox.notices import STOPPED, WORDS, Finding, Level
from subscriptions.outbox.notify import notify_operators_of_trouble
from subscriptions.outbox.stored import entries as outbox
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.stored import KnownSource

OUTBOX = "Outbox"  # the part of the bot about which `paperwire check` always says something
LONG = timedelta(days=1)  # a delivery that has waited for longer is wrong
RECENTLY = timedelta(days=3)  # a failed poll that is older says little about the source


def stored_findings(
    transaction: Transaction,
    *,
    now: datetime,
    stopped: Mapping[str, str] | None = None,
    is_gone: Callable[[str], bool] = lambda _: False,
) -> tuple[Finding, ...]:
    """Return what is wrong now.

    `stopped`: platform -> why nothing is sent there; None: as the store knows. `is_gone`: whether a file is gone, so
    that nothing is wrong with it any more.
    """
    if stopped is None:
        stopped = bot_state.stopped_platforms(transaction)
    present = (one.without(is_gone) for one in stored_sources.known_sources(transaction))
    known = (source_finding(one, one.trouble_at(now), now) for one in present)
    return (
        *_of_words(transaction),
        *_in_outbox(transaction, now, stopped),
        *(sending_stopped(platform, reason) for platform, reason in sorted(stopped.items())),
        *_of_doubts(transaction),
        *filter(None, known),
        *_of_models(transaction),
        *_of_daily_work(transaction),
    )


def _of_words(transaction: Transaction) -> Iterator[Finding]:
    """Yield that the words on disk are of another version, so that nothing is planned or sent."""
    if found := word_renewal.progress(transaction):
        yield Finding(
            cause=WORDS,
            part="Database",
            text=found.line,
            cure=lambda words: words.say(
                "Until the end, this version plans and sends nothing. `paperwire run` does it after an upgrade, and goes on after a stop."
            ),
            is_told=False,
        )


def _in_outbox(transaction: Transaction, now: datetime, stopped: Mapping[str, str]) -> Iterator[Finding]:
    """Yield dead deliveries, and those that have waited for long on a platform that is not stopped."""
    dead = outbox.dead(transaction)
    if dead.count:
        yield dead_deliveries(dead)
    for platform, late in sorted(outbox.waiting_since(transaction, now - outbox.LONG).items()):
        if platform not in stopped:
            yield waiting_deliveries(platform, late, now)


def _usually(words: Language, reason: str) -> str:
    if not reason:
        return ""
    return words.say("The usual reason: {reason}.", reason=reason.rstrip(".。"))


def dead_deliveries(dead: outbox.Trouble) -> Finding:
    """Return the finding about deliveries that could not be sent and will not be tried again."""

    def why(words: Language) -> str:
        chat = words.say("Chat: {chat}.", chat=dead.chat) if dead.chat else ""
        return words.joined(chat, _usually(words, dead.reason))

    return Finding(
        cause="dead",
        part=OUTBOX,
        text=lambda words: words.count(
            "{count} delivery could not be sent.", "{count} deliveries could not be sent.", dead.count
        ),
        why=why,
        cure=lambda words: words.say(
            "See them with `paperwire outbox --state dead`; `paperwire outbox retry {ids}` sends them again, `dismiss` gives them up.",
            ids=" ".join(dead.ids),
        ),
        since=dead.since,
        newest_at=dead.newest_at,
        about=dead.chat,
    )


def waiting_deliveries(platform: str, late: outbox.Trouble, now: datetime) -> Finding:
    """Return the finding about deliveries that have failed for more than an hour. After a day, that is wrong."""
    is_long = late.since is not None and now - late.since > LONG
    return Finding(
        cause="waiting",
        of=platform,
        part=OUTBOX,
        level=Level.WRONG if is_long else Level.ATTENTION,
        text=lambda words: words.count(
            "{count} delivery to {platform} has waited for more than an hour.",
            "{count} deliveries to {platform} have waited for more than an hour.",
            late.count,
            platform=platform.capitalize(),
        ),
        why=lambda words: _usually(words, late.reason),
        cure=lambda words: words.say(
            "They are tried again by themselves. Nothing is lost; `paperwire outbox` lists them."
        ),
        since=late.since,
    )


def sending_stopped(platform: str, reason: str) -> Finding:
    """Return the finding that nothing is sent to a platform."""
    return Finding(
        cause=STOPPED,
        of=platform,
        part="Sending",
        text=lambda words: words.say("Sending to {platform} has stopped.", platform=platform.capitalize()),
        why=lambda words: _said(words, reason),
        cure=lambda words: words.joined(
            words.say("Nothing is lost."), words.say("`paperwire check` says how to mend it.")
        ),
    )


def _of_doubts(transaction: Transaction) -> Iterator[Finding]:
    """Yield the findings about chats that refuse messages, of which it is in doubt whether they are gone."""
    return (chats_in_doubt(platform, found) for platform, found in outbox.doubted_chats(transaction).items())


def chats_in_doubt(platform: str, found: outbox.Trouble) -> Finding:
    """Return the finding about the chats of a platform that may be gone."""

    def why(words: Language) -> str:
        chats = ", ".join(found.ids) + (" …" if len(found.ids) < found.count else "")
        return words.joined(words.say("{text}", text=f"{chats}."), _usually(words, found.reason))

    return Finding(
        cause="doubt",
        of=platform,
        part=OUTBOX,
        level=Level.ATTENTION,
        text=lambda words: words.count(
            "{count} chat of {platform} may be gone.",
            "{count} chats of {platform} may be gone.",
            found.count,
            platform=platform.capitalize(),
        ),
        why=why,
        cure=lambda words: words.say(
            "Nothing is lost. The bot tries each again after an hour and on the next days, and pauses one that alone refuses for three days. To pause those that are gone at once: `paperwire run --pause-gone`."
        ),
        since=found.since,
        about=found.chat,
    )


def tell_of_doubts(transaction: Transaction, admins: Sequence[ChatAddress], *, now: datetime) -> tuple[Lane, ...]:
    """Tell the operators which chats may be gone. Return the lanes of the stored notices."""
    return notify_operators_of_trouble(transaction, admins, _of_doubts(transaction), now=now)


def _said(words: Language, reason: str) -> str:
    """Return a reason that others gave, which nobody has translated."""
    return words.say("{text}", text=reason)


def source_finding(
    known: KnownSource, trouble: SourceTrouble | None, now: datetime, parts: Sequence[str] = ()
) -> Finding | None:
    """Return the finding about the trouble of a source. `parts`: its late units, if other units have come.

    `since` is when the source was last complete. Its poll tells the operators.
    """
    receipt, since = known.last, known.state.settled_at
    if trouble is SourceTrouble.NOT_POLLED:
        # No process polled the source although it was due, so no process may run that could tell operators.
        return _of_source(
            known,
            "not-polled",
            lambda words: words.say("{source} was not asked although it was due.", source=known.name),
            since=known.state.next_at,
        )
    if trouble is None or receipt is None:
        return None
    match trouble:
        case SourceTrouble.FAILED:
            unread = known.state.unread
            reason = " ".join(unread.values()) or receipt.detail
            are_files = bool(unread) and "" not in unread  # "" is the folder itself
            return _of_source(
                known,
                "source",
                lambda words: words.say("{source} cannot be read.", source=known.name),
                level=Level.ATTENTION if now - receipt.at > RECENTLY else Level.WRONG,
                why=lambda words: _said(words, reason),
                cure=_correct_file if known.kind == "file" and are_files else None,
                since=since,
            )
        case SourceTrouble.LATE:
            return _of_source(
                known,
                "overdue",
                lambda words: _late(words, known.name, parts),
                why=lambda words: _why_late(words, receipt.detail, known),
                since=since,
            )


def _correct_file(words: Language) -> str:
    return words.say(
        "Correct what is named here, or take it out of the folder; it is read again as soon as it changes."
    )


def _late(words: Language, source: str, parts: Sequence[str]) -> str:
    if not parts:
        return words.say("{source} has nothing new although it is time.", source=source)
    return words.say("{source} has nothing new in {parts} although it is time.", source=source, parts=", ".join(parts))


def _why_late(words: Language, found: str, known: KnownSource) -> str:
    """Return what the last poll found, and the usual reason why such a source is late."""
    if known.is_arxivs:
        usual = words.say("arXiv put its announcement off, as on a holiday; status.arxiv.org says so")
    else:
        usual = words.say("who makes it is late, or has stopped")
    return words.joined(_said(words, found), _usually(words, usual))


def _of_source(
    known: KnownSource,
    cause: str,
    text: Callable[[Language], str],
    *,
    level: Level = Level.ATTENTION,
    why: Callable[[Language], str] = lambda _: "",
    cure: Callable[[Language], str] | None = None,
    since: datetime | None = None,
) -> Finding:
    """Return a finding about a source. By default, what one can do is to poll it."""

    def poll(words: Language) -> str:
        return words.say(
            "It is tried again by itself; at once by `paperwire sources poll {name}`.", name=quote(known.name)
        )

    return Finding(
        cause=cause,
        of=known.name,
        part=f"Source {known.name}",
        level=level,
        text=text,
        why=why,
        cure=cure or poll,
        since=since,
        is_told=False,
        is_of_source=True,
    )


def _of_models(transaction: Transaction) -> Iterator[Finding]:
    """Yield what is wrong with the meaning of papers and with the language model."""
    if transaction.store.encoder and (since := bot_state.get_moment(transaction, bot_state.ENCODER_FAILS)):
        yield Finding(
            cause="meaning",
            part="Meaning",
            level=Level.ATTENTION,
            text=lambda words: words.say(
                "The encoder fails, so papers come without their meaning: about: and like: find none of them."
            ),
            cure=lambda words: words.say("The log says why, and `paperwire check` what to do."),
            since=since,
        )
    if transaction.store.has_model and (since := bot_state.get_moment(transaction, bot_state.MODEL_FAILS)):
        yield Finding(
            cause="model",
            part="Language model",
            level=Level.ATTENTION,
            text=lambda words: words.say("The language model gives no answers, so papers come without its summaries."),
            cure=lambda words: words.say("It is asked again by itself. The log says why."),
            since=since,
        )


def _of_daily_work(transaction: Transaction) -> Iterator[Finding]:
    """Yield that the daily clean-up or copy of the database failed, and has not been done since.

    A copy that failed before the move to a server counts no more: its operator makes the copies.
    """
    is_file = transaction.store.kind.file is not None
    names = [name for work, name in bot_state.WORK_FAILS.items() if is_file or work != "copy"]
    moments = (bot_state.get_moment(transaction, name) for name in names)
    if since := min(filter(None, moments), default=None):
        yield Finding(
            cause="daily work",
            part="Daily work",
            level=Level.ATTENTION,
            text=lambda words: words.say("The daily clean-up or the copy of the database failed."),
            cure=lambda words: words.say("It is tried again every hour. The log says why."),
            since=since,
        )
