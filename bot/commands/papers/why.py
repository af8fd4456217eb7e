"""why, whynot: which subscription brought a paper and by which words, or why it does not come."""

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.papers.cards import near_lines, taste_lines
from bot.commands.papers.last_shown import paper_delivered
from bot.commands.papers.paper_lookup import named_papers
from bot.commands.phrasing.reason_words import ReasonContext, delivered_line, hold_reason_line
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import KnownPaper
from subscriptions.query.links import mentioned
from subscriptions.service.papers.hold_reasons import reasons
from subscriptions.service.papers.paper_search import papers_named
from subscriptions.store.outbox.deliveries import DeliveredPaper, deliveries_of

MOST_REASONS = 5  # subscriptions whose reasons are shown
_EXAMPLE = "2601.01234"


def why(context: CommandContext) -> Reply:
    """Shows which subscriptions brought a paper and by which words; without arguments, the last paper that was delivered."""
    if not context.args:
        found = paper_delivered(context)
        return (
            _delivered(context, found)
            if found
            else Reply(
                lines=(
                    context.say(
                        "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.01234"
                    ),
                )
            )
        )
    return _about(context, "why")


def whynot(context: CommandContext) -> Reply:
    """Shows for each subscription why a paper does not come; or when it came."""
    return _about(context, "whynot")


def _about(context: CommandContext, command: str) -> Reply:
    """Returns the reply about the paper that the arguments name. Raises Refused if they name none."""
    names = mentioned(context.args)
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."),
            Sentence("For example: /{command} {id}", {"command": command, "id": _EXAMPLE}),
        )
    known = papers_named(context.store, names[:1]).get(names[0])
    if known is None:
        return named_papers(context, names[0])
    found = deliveries_of(context.store, context.chat.id, known.id)
    return _delivered(context, found) if found else _not_delivered(context, known)


# ------------------------------------------------------------------------------------------------------------ it came


def _delivered(context: CommandContext, found: DeliveredPaper) -> Reply:
    """Returns when the paper was delivered and why, with the passages that contain the words."""
    return Reply(
        lines=(
            delivered_line(found, context.chat, context.localizer),
            *near_lines(context, found.item),
            *taste_lines(context, found.item.paper),
        ),
        items=(found.item,),
        item_layout="why",
    )


# ---------------------------------------------------------------------------------------------------- it did not come


def _not_delivered(context: CommandContext, known: KnownPaper) -> Reply:
    moment = context.localizer.moment(known.sequenced_at or known.first_seen_at)
    lines = [context.title(known), context.say("It became known {moment}; this chat was not sent it.", moment=moment)]
    found = reasons(context.store, context.chat, known, now=context.now) if context.chat.id else ()
    if not found:
        return Reply(lines=(*lines, context.say("There are no subscriptions yet.")))
    teller = ReasonContext(
        localizer=context.localizer, reading=context.formatter.reading, command=lambda words: f"/{words}"
    )
    day = context.localizer.day(known.day, seen_from=context.now.date())
    lines += [hold_reason_line(one, context.chat, teller, day) for one in found[:MOST_REASONS]]
    left = len(found) - MOST_REASONS
    if left > 0:
        lines.append(
            context.localizer.count(
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
CALLBACKS: dict[str, Callback] = {}
