"""why, and [why] on a card: why a paper was delivered or not, in words, and for how many subscriptions that is told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands.base import Callback, Command, Context
from bot.commands.cards import named_papers, no_paper_named, of_paper, paper_delivered
from bot.commands.phrasing import how_related, in_a_row, shortened
from bot.messages import Reply
from subscriptions.errors import Sentence, sentences
from subscriptions.matching.reasons import Hit
from subscriptions.matching.reasons import why as hits_of
from subscriptions.matching.term_matching import label_of, nearness_to, papers_of, tokenize
from subscriptions.model import ChatState, Item, MessageState, Paper, StoredPaper
from subscriptions.outbox.stored.deliveries import DeliveredPaper, deliveries_of
from subscriptions.papers import similarity as nearness
from subscriptions.papers.search import papers_named
from subscriptions.papers.similarity import with_known_vectors
from subscriptions.plan import why as delivered_papers
from subscriptions.plan.why import Reason
from subscriptions.query import LIKE
from subscriptions.query.links import LIBRARY, mentioned, without_owner
from subscriptions.query.parse import query_of
from subscriptions.query.tree import And, Not, Term, leaves

MOST_REASONS = 5  # subscriptions whose reasons are shown
_ON_ITS_WAY = frozenset({"planned", "ready", "sending", "waiting", "unclear"})
_TOLD = sentences(
    {
        "long ago": "It came here before.",
        "sent": "It came {moment}.",
        "behind": "It came {moment}, under [show more].",
        "dismissed": "It was planned {moment} and then dismissed, so it does not come.",
        "dead": "It was planned {moment}, but could not be sent.",
        "on its way": "It was planned {moment} and is on its way.",
        "held": "It was planned {moment} and waits until this chat is active again.",
    }
)
_KEPT = sentences(
    {
        "replacement": "fits, but only a new version of it came here, and those are not announced",
        "archive": "fits, but it is of {day} and came later than a week after it, so it was filed",
        "crosslist": "fits, but it is a cross-list, and this chat wants none: {command}",
        "older": "fits, but begins with what came since {moment}",
        "passed": "fits now; when the paper came, it did not, the chat was set otherwise, or it was skipped",
        "library": "fits, but it is in the library of this chat, so it is left out: /library",
        "paused": "fits; it is paused: {command}",
        "paused until": "fits; it is paused until {moment}: {command}",
        "chat": "fits; this chat is paused: {command}",
        "not let in": "fits; this chat waits until the operator of this bot lets it in",
        "time": "fits, and is about to come",
        "known time": "fits, and comes {moment}",
    }
)
# reason why a paper is not delivered → the command that removes this reason
_MENDS = {
    "crosslist": "set crosslists in",
    "paused": "resume {number}",
    "chat": "resume",
}


def why(context: Context) -> Reply:
    """Show which subscriptions brought a paper and by which words, or for each why it was not delivered.

    Without arguments, it is about the last delivered paper. Raise Refused if the arguments name no paper.
    """
    if not context.args:
        if found := paper_delivered(context):
            return _delivered(context, found)
        return context.reply(
            "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.11087"
        )
    names = mentioned(context.args)
    if not names:
        raise no_paper_named(context, "/why 2601.11087")
    known = papers_named(context.transaction, names[:1]).get(names[0])
    if known is None:
        return named_papers(context, names[:1])
    if found := deliveries_of(context.transaction, context.chat.id, known.id):
        return _delivered(context, found)
    return _not_delivered(context, known)


def _why_it_came(context: Context, item: Item, *lines: str) -> Reply:
    """Return the reply that shows which subscriptions brought a paper, and which of its words they matched.

    After `lines`: how near it is to which texts and papers, which entry of the library moved it up, and which model
    summarised it.
    """
    more = [*_to_what_near(context, item)]
    if entry := nearness.nearest_entry(context.transaction, context.chat, item.paper):
        more.append(context.say("Further up, because your library has “{title}”", title=context.title(entry)))
    return Reply((*lines, *more, *_by_model(context, item.paper)), items=(item,), item_layout="why")


def _to_what_near(context: Context, item: Item) -> Iterator[str]:
    """Yield a line for each `about:` and `like:` of the subscriptions to which the paper is near."""
    hits: dict[str, float] = {}
    for because in item.because:
        if query := query_of(because.text, context.chat.id):
            query = with_known_vectors(context.transaction, query)
            found = (hit for hit in hits_of(query, item.paper.paper) if hit.near is not None)
            hits |= {_to_what(context, hit, item.paper): hit.near or 0.0 for hit in found}
    for text, near in hits.items():
        related = how_related(context.localizer, near)
        yield context.say("In meaning {related} to “{text}”.", text=text, related=related)


def _to_what(context: Context, hit: Hit, known: StoredPaper) -> str:
    """Return the text to which a paper is near, or the titles of the papers, with the nearest entry of the library."""
    text = hit.terms[0]
    if hit.field is not LIKE:
        return text
    names = text.split(",")
    papers = papers_named(context.transaction, names)
    titles = [context.title(papers[name]) for name in names if name in papers]
    if LIBRARY in names and (entry := nearness.nearest_entry(context.transaction, context.chat, known)):
        titles.append(entry.paper.title)
    return "; ".join(titles) or text


def _by_model(context: Context, known: StoredPaper) -> tuple[str, ...]:
    """Return a line that says which model made the summary of a paper in the chat's language, if one did."""
    made = next((one for one in known.paper.by_model if one.language == context.chat.settings.lang), None)
    if made is None:
        return ()
    said = Sentence("The translation of its title is by a language model, {model}, {day}.")
    if made.fields:
        said = Sentence("Its summary is by a language model, {model}, {day}.")
    day = context.localizer.day(made.made_at.date(), seen_from=context.now.date())
    return (context.say(said, model=made.model, day=day),)


def _delivered(context: Context, found: DeliveredPaper) -> Reply:
    """Return the reply that says when and why a paper was delivered, with the passages that contain the words.

    If the paper was not sent, the reply names the state of its delivery.
    """
    told: str = found.state
    if found.at is None:
        told = "long ago"
    elif found.state in _ON_ITS_WAY:
        told = "on its way" if context.chat.is_active else "held"
    elif found.state is MessageState.SENT and not found.item.shown:
        told = "behind"
    return _why_it_came(context, found.item, context.say(_TOLD[told], moment=context.localizer.moment(found.at)))


def _not_delivered(context: Context, known: StoredPaper) -> Reply:
    moment = context.localizer.moment(known.sequenced_at or known.first_seen_at)
    lines = [
        context.title(known),
        context.say("It became known {moment}; this chat was not sent it.", moment=moment),
        *_by_model(context, known),
    ]
    found = delivered_papers.reasons(context.transaction, context.chat, known, now=context.now)
    if not found:
        return Reply((*lines, context.say("There are no subscriptions yet.")))
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
    return Reply(lines)


def _held_line(context: Context, reason: Reason, paper: Paper, day: str) -> str:
    """Return a line that says why a subscription does not bring a paper of `day`: number, name, reason."""
    subscription = reason.subscription
    kept = _words(context, reason, paper) if reason.hold_reason == "words" else _kept(context, reason, day)
    said = context.say("{name}: {text}", name=shortened(subscription.label), text=kept)
    return f"{subscription.number}  {said}"


def _kept(context: Context, reason: Reason, day: str) -> str:
    """Return why a paper is not delivered, as a sentence.

    The sentence names the time when this changes, or the command that changes it.
    """
    subscription, keeps = reason.subscription, reason.hold_reason.value
    case, at = keeps, None
    if keeps == "older":
        at = subscription.since
    elif keeps == "chat" and context.chat.state is ChatState.ASKED:
        case = "not let in"
    elif keeps == "paused" and subscription.paused_until:
        case, at = "paused until", subscription.paused_until
    elif keeps == "time" and reason.due:
        case, at = "known time", reason.due
    command = context.typed(f"/{_MENDS.get(keeps, '')}".format(number=subscription.number))
    moment = context.localizer.moment(at, about=keeps == "time" and reason.about)
    return context.say(_KEPT[case], command=command, day=day, moment=moment)


def _words(context: Context, reason: Reason, paper: Paper) -> str:
    """Return a sentence that says which parts of the query a paper lacks, and which excluded parts it has."""
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


def _how_near(context: Context, terms: Sequence[Term], paper: Paper) -> str:
    """Return how near a paper is to the texts and papers of these terms, or why that is not known.

    "" without terms.
    """
    if not terms:
        return ""
    if not paper.meaning:
        return context.say("the paper's meaning was not known when it came")
    if not all(term.question for term in terms):
        return context.say("its meaning is not known now")
    tokens = tokenize(paper)
    near = {
        term.value: context.say("never the paper itself")
        if any(label_of(own) in tokens.labels for own in papers_of(term))
        else how_related(context.localizer, nearness_to(term, tokens))
        for term in terms
    }
    said = [context.say("{name}: {text}", name=without_owner(name), text=number) for name, number in near.items()]
    if len(said) > 1:
        return _list(context, said)
    return near[terms[0].value]


def _list(context: Context, parts: list[str]) -> str:
    return in_a_row(parts, Sentence("{before}; {part}"), context.localizer)


COMMANDS = (
    Command(
        why,
        "why",
        "see why a paper came, or did not",
        examples=("/why 2601.15529",),
        aliases=("whynot",),
        usage="[ID]",
    ),
)

CALLBACKS = {"card-why": Callback(of_paper(_why_it_came))}
