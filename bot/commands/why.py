"""why: why a paper was delivered or not, in words, and for how many subscriptions that is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

from bot.commands import cards, paper_lookup, phrasing
from bot.commands.context import Command, CommandContext
from bot.commands.paper_lookup import paper_delivered
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Sentence
from subscriptions.matching.fulfilment import nearness_to
from subscriptions.matching.hits import tokenize
from subscriptions.query import links
from subscriptions.query.links import without_owner
from subscriptions.query.tree import And, Not, Term, leaves
from subscriptions.service import delivered_papers
from subscriptions.service.delivered_papers import Reason
from subscriptions.service.paper_search import papers_named
from subscriptions.store.known_papers import as_announced
from subscriptions.store.stored_deliveries import DeliveredPaper, deliveries_of

MOST_REASONS = 5  # subscriptions whose reasons are shown


def why(context: CommandContext) -> channel.Reply:
    """Shows which subscriptions brought a paper and by which words, or for each why it was not delivered.

    Without arguments, it is about the last delivered paper. Raises Refused if the arguments name no paper.
    """
    if not context.args:
        found = paper_delivered(context)
        if found:
            return _delivered(context, found)
        return context.reply(
            "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.11087"
        )
    names = links.mentioned(context.args)
    if not names:
        raise paper_lookup.no_paper_named(context, "/why 2601.11087")
    known = papers_named(context.transaction, names[:1]).get(names[0])
    if known is None:
        return paper_lookup.named_papers(context, names[0])
    found = deliveries_of(context.transaction, context.chat.id, known.id)
    if found:
        return _delivered(context, found)
    return _not_delivered(context, known)


def _delivered(context: CommandContext, found: DeliveredPaper) -> channel.Reply:
    """Returns the reply that says when and why a paper was delivered, with the passages that contain the words.

    If the paper was not sent, the reply names the state of its delivery.
    """
    sentence = _TOLD["long ago" if found.at is None else found.state]
    if found.at is not None and found.state is states.MessageState.SENT and not found.item.shown:
        sentence = _BEHIND
    elif found.state in _ON_ITS_WAY and not context.chat.is_active:
        sentence = _HELD
    said = context.say(sentence, moment=context.localizer.moment(found.at))
    return channel.Reply(
        lines=(said, *cards.why_lines(context, found.item)),
        items=(found.item,),
        item_layout="why",
    )


def _not_delivered(context: CommandContext, known: model.KnownPaper) -> channel.Reply:
    known = as_announced(context.transaction, known)
    moment = context.localizer.moment(known.sequenced_at or known.first_seen_at)
    lines = [
        context.title(known),
        context.say("It became known {moment}; this chat was not sent it.", moment=moment),
        *cards.by_model(context, known),
    ]
    found = delivered_papers.reasons(context.transaction, context.chat, known, now=context.now)
    if not found:
        return channel.Reply(lines=(*lines, context.say("There are no subscriptions yet.")))
    day = context.localizer.day(known.day, seen_from=context.now.date())
    lines += [_held_line(context, one, known.paper, day) for one in found[:MOST_REASONS]]
    left = len(found) - MOST_REASONS
    if left > 0:
        lines.append(
            context.count(
                "{count} more subscription is further from it.",
                "{count} more subscriptions are further from it.",
                left,
            )
        )
    return channel.Reply(lines=tuple(lines))


_ON_ITS_WAY = frozenset({"planned", "ready", "sending", "waiting", "unclear"})
_COMING = Sentence("It was planned {moment} and is on its way.")
_TOLD: Mapping[str, Sentence] = {
    "long ago": Sentence("It came here before."),
    "sent": Sentence("It came {moment}."),
    "dismissed": Sentence("It was planned {moment} and then dismissed, so it does not come."),
    "dead": Sentence("It was planned {moment}, but could not be sent."),
    **dict.fromkeys(_ON_ITS_WAY, _COMING),
}
_BEHIND = Sentence("It came {moment}, under [show more].")
_HELD = Sentence("It was planned {moment} and waits until this chat is active again.")
_KEPT: Mapping[str, Sentence] = {
    "replacement": Sentence("fits, but only a new version of it came here, and those are not announced"),
    "archive": Sentence("fits, but it is of {day} and came later than a week after it, so it was filed"),
    "crosslist": Sentence("fits, but it is a cross-list, and this chat wants none: {command}"),
    "older": Sentence("fits, but begins with what came since {moment}"),
    "passed": Sentence("fits now; when the paper came, it did not, or the chat was set otherwise"),
    "library": Sentence("fits, but it is in the library of this chat, so it is left out: /library"),
    "paused": Sentence("fits; it is paused: {command}"),
    "chat": Sentence("fits; this chat is paused: {command}"),
    "time": Sentence("fits, and is about to come"),
}
# reason why a paper is not delivered → the command that removes this reason
_MENDS: Mapping[str, str] = {
    "crosslist": "set crosslists in",
    "paused": "resume {number}",
    "chat": "resume",
}
_PAUSED_UNTIL = Sentence("fits; it is paused until {moment}: {command}")
_NOT_LET_IN = Sentence("fits; this chat waits until an admin lets it in")
_COMES = Sentence("fits, and comes {moment}")


def _held_line(context: CommandContext, reason: Reason, paper: model.Paper, day: str) -> str:
    """Returns a line that says why a subscription does not bring a paper of `day`: number, name, reason."""
    subscription = reason.subscription
    kept = _words(context, reason, paper) if reason.hold_reason == "words" else _kept(context, reason, day)
    said = context.say("{name}: {text}", name=phrasing.shortened(subscription.label), text=kept)
    return f"{subscription.number}  {said}"


def _kept(context: CommandContext, reason: Reason, day: str) -> str:
    """Returns why a paper is not delivered, as a sentence.

    The sentence names the time when this changes, or the command that changes it.
    """
    subscription, keeps = reason.subscription, reason.hold_reason.value
    sentence, at = _KEPT[keeps], None
    if keeps == "older":
        at = subscription.since
    elif keeps == "chat" and context.chat.state is states.ChatState.ASKED:
        sentence = _NOT_LET_IN
    elif keeps == "paused" and subscription.paused_until:
        sentence, at = _PAUSED_UNTIL, subscription.paused_until
    elif keeps == "time" and reason.due:
        sentence, at = _COMES, reason.due
    command = ""
    if keeps in _MENDS:
        command = context.typed(f"/{_MENDS[keeps]}".format(number=subscription.number))
    moment = context.localizer.moment(at, about=keeps == "time" and reason.about)
    return context.say(sentence, command=command, day=day, moment=moment)


def _words(context: CommandContext, reason: Reason, paper: model.Paper) -> str:
    """Returns a sentence that says which parts of the query a paper lacks, and which excluded parts it has."""
    found: dict[bool, list[str]] = {False: [], True: []}
    for node in reason.failing:
        part = node.node if isinstance(node, Not) else node
        words = context.reading(replace(reason.query, tree=part))
        if isinstance(part, And):
            words = context.say("({inner})", inner=words)
        if note := _how_near(
            context, [leaf.term for leaf in leaves(part) if leaf.term.field.kind.needs_vectors], paper
        ):
            words = context.say("{part} ({note})", part=words, note=note)
        found[isinstance(node, Not)].append(words)
    lacks, excluded = _list(context, found[False]), _list(context, found[True])
    if lacks and excluded:
        return context.say("lacks {lacking}, and has {excluded}", lacking=lacks, excluded=excluded)
    if lacks:
        return context.say("lacks {lacking}", lacking=lacks)
    return context.say("has {excluded}, which this excludes", excluded=excluded)


def _how_near(context: CommandContext, terms: Sequence[Term], paper: model.Paper) -> str:
    """Returns how near a paper is to the texts and papers of these terms, or why that is not known; "" without terms."""
    if not terms:
        return ""
    if not paper.meaning:
        return context.say("the paper's meaning was not known when it came")
    if not all(term.question for term in terms):
        return context.say("its meaning is not known now")
    tokens = tokenize(paper)
    near = {term.value: phrasing.how_related(context.localizer, nearness_to(term, tokens)) for term in terms}
    said = [context.say("{name}: {text}", name=without_owner(name), text=number) for name, number in near.items()]
    if len(said) > 1:
        return _list(context, said)
    return near[terms[0].value]


def _list(context: CommandContext, parts: list[str]) -> str:
    if parts:
        return reduce(lambda before, part: context.say("{before}; {part}", before=before, part=part), parts)
    return ""


COMMANDS = (
    Command(
        name="why",
        examples=("/why 2601.15529",),
        aliases=("whynot",),
        run=why,
        usage="[ID]",
        wants=paper_lookup.wanted,
        summary=Sentence("see why a paper came, or did not"),
    ),
)
