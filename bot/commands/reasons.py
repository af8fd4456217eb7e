"""why, whynot: which subscription brought a paper and with which words, or what keeps it from coming."""

from bot.commands.named import named_papers
from bot.commands.reasoning import ReasonContext, came_line, kept_line
from bot.commands.turn import Callback, Command, CommandContext
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import KnownPaper
from subscriptions.query import mentioned
from subscriptions.service.papers import deliveries_of_paper, last_delivered, papers_named, reasons
from subscriptions.store import DeliveredPaper

MOST_REASONS = 5  # subscriptions that are gone into
_EXAMPLE = "2601.01234"


def why(turn: CommandContext) -> Reply:
    """Which subscriptions brought a paper and with which words; without one, the last that was delivered."""
    if not turn.args:
        found = last_delivered(turn.store, turn.chat, message=turn.request.reply_to) if turn.chat.id else None
        return _came(turn, found) if found else Reply(lines=(turn.say("This chat was not sent a paper yet."),))
    return _about(turn, "why")


def whynot(turn: CommandContext) -> Reply:
    """Whether a paper is known and was told here; else what keeps it, for each subscription."""
    return _about(turn, "whynot")


def _about(turn: CommandContext, command: str) -> Reply:
    """What is to be said of the paper that the words name. Raises Refused when they name none."""
    names = mentioned(turn.args)
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."),
            Sentence("For example: /{command} {id}", {"command": command, "id": _EXAMPLE}),
        )
    known = papers_named(turn.store, names[:1]).get(names[0])
    if known is None:
        return named_papers(turn, names[0])
    found = deliveries_of_paper(turn.store, turn.chat, known)
    return _came(turn, found) if found else _did_not_come(turn, known)


# ------------------------------------------------------------------------------------------------------------ it came


def _came(turn: CommandContext, found: DeliveredPaper) -> Reply:
    """When it came and why, with the passages where the words stand."""
    return Reply(lines=(came_line(found, turn.chat, turn.localizer),), items=(found.item,), item_layout="why")


# ---------------------------------------------------------------------------------------------------- it did not come


def _did_not_come(turn: CommandContext, known: KnownPaper) -> Reply:
    moment = turn.localizer.moment(known.sequenced_at or known.first_seen_at)
    lines = [turn.title(known), turn.say("It became known {moment}; this chat was not sent it.", moment=moment)]
    found = reasons(turn.store, turn.chat, known, now=turn.now) if turn.chat.id else ()
    if not found:
        return Reply(lines=(*lines, turn.say("There are no subscriptions yet.")))
    teller = ReasonContext(localizer=turn.localizer, reading=turn.formatter.reading, command=lambda words: f"/{words}")
    day = turn.localizer.day(known.day, seen_from=turn.now.date())
    lines += [kept_line(one, turn.chat, teller, day) for one in found[:MOST_REASONS]]
    left = len(found) - MOST_REASONS
    if left > 0:
        lines.append(
            turn.localizer.count(
                "{count} more subscription is further from it.",
                "{count} more subscriptions are further from it.",
                left,
            )
        )
    return Reply(lines=tuple(lines))


COMMANDS = (
    Command(name="why", run=why, usage="[ID]", summary=Sentence("see why a paper came")),
    Command(name="whynot", run=whynot, usage="ID", summary=Sentence("see why a paper did not come")),
)
PRESSES: dict[str, Callback] = {}
