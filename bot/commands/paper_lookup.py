"""Papers that people name: shows their cards, papers near to them, and why they were delivered or not."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Any, Literal

from pydantic import TypeAdapter

from bot.commands import cards
from bot.commands.context import Callback, Command, CommandContext, Event
from bot.commands.phrasing import shortened
from bot.ports import channel, conversation
from subscriptions import errors, model, states
from subscriptions.matching.hits import nearness_in_meaning, tokenize
from subscriptions.meaning import NEAR
from subscriptions.normalize import tokens
from subscriptions.query import ABOUT, FIELDS, And, Leaf, Not, Term, links
from subscriptions.query.rewriting import words_rule
from subscriptions.service import chat_status, known_papers, near_papers
from subscriptions.service.chat_status import Reason
from subscriptions.service.paper_search import papers_named
from subscriptions.service.questions import vector_of
from subscriptions.store import conversations
from subscriptions.store import known_papers as stored_known_papers
from subscriptions.store.deliveries import DeliveredPaper, deliveries_of

CARDS = 5  # papers that one message may ask for
PENDING_FOR = timedelta(days=1)  # an older pending look-up is dropped
LOOKUP_EVENT = "looked-up"  # the event when a look-up has ended
LOOKUP_VERB = "looks-up"  # the first part of the name of a pending look-up in the store
LookupOutcome = Literal["stored", "unanswered", "refused"]  # unanswered by arXiv, refused by the database


_UNKNOWN: Mapping[str, errors.Sentence] = {
    "stored": errors.Sentence("arXiv knows no paper {names}."),
    "unanswered": errors.Sentence("arXiv cannot be asked now, so I do not know {names}. Please try again later."),
    "refused": errors.Sentence("I could not store {names}. Please tell the operator."),
}
_EVENT = TypeAdapter(conversation.EventRequest)


def named_papers(context: CommandContext, text: str) -> channel.Reply:
    """Returns the reply with the cards of the papers that a text names by id, DOI or link; it must name at least one."""
    names = links.mentioned(text)
    known = papers_named(context.transaction, names[:CARDS])
    unknown = [name for name in names[:CARDS] if name not in known]
    asked = tuple(name for name in unknown if context.bot_info.looks_up_papers and not _is_doi(name))
    lost = [name for name in unknown if name not in asked]
    lines = [context.say("{name} is not known here.", name=name) for name in lost]
    if lost:
        lines.append(_known_since(context))
    if asked:
        lines.append(context.say("I look it up at arXiv: {names}", names=", ".join(asked)))
    if len(names) > CARDS:
        lines.append(context.say("The first {most} of {count}.", most=CARDS, count=len(names)))
    reply = _cards(context, names[:CARDS], known, lines)
    return replace(reply, ok=None if known or asked else False, lookup_ids=asked)


def on_looked_up(context: CommandContext) -> channel.Reply | None:
    """Shows the result of a look-up: cards, and which papers arXiv does not know. None if the look-up is no longer stored."""
    details = context.event_details
    if not conversations.end_lookup(context.transaction, details["as"], since=context.now - PENDING_FOR):
        return None
    names = details["names"].split()
    known = papers_named(context.transaction, names)
    unknown = ", ".join(name for name in names if name not in known)
    lines = [context.say(_UNKNOWN[details["outcome"]].template, names=unknown)] if unknown else []
    return replace(_cards(context, names, known, lines), ok=None if known else False)


def pending_lookup(request: conversation.Request, names: Sequence[str]) -> tuple[str, model.CallbackToken]:
    """Returns (name, token) to store while papers are looked up; the token holds the event that will show the result."""
    name = pending_name(request)
    answer = conversation.EventRequest(
        place=request.place,
        update_id=f"{LOOKUP_VERB}:{request.update_id}",
        event=LOOKUP_EVENT,
        details={"as": name, "names": " ".join(names)},
        sender=request.sender,
        sender_name=request.sender_name,
        language=request.language,
        response_url=request.response_url,
        thread_id=request.thread_id,
    )
    arguments = {"names": list(names), "answer": _EVENT.dump_python(answer, mode="json", exclude_defaults=True)}
    token = model.CallbackToken(verb=LOOKUP_VERB, arguments=arguments, place=str(request.chat), person=request.sender)
    return name, token


def pending_name(request: conversation.Request) -> str:
    """Returns the name under which the pending look-up of a request is stored."""
    return f"{LOOKUP_VERB}:{request.chat.platform}:{request.update_id}"


def lookup_request(pending: Mapping[str, Any], outcome: LookupOutcome) -> conversation.Request:
    """Returns the event that shows the result of a pending look-up."""
    event = _EVENT.validate_python(pending["answer"])
    return replace(event, details={**event.details, "outcome": outcome})


def _cards(
    context: CommandContext, names: Sequence[str], known: Mapping[str, model.KnownPaper], lines: Sequence[str]
) -> channel.Reply:
    """Returns the reply with the known papers as numbered cards; if only one was named, with its full card."""
    if len(names) == 1 and known:
        return cards.card_reply(context, known[names[0]])
    papers = {paper.id: paper for paper in known.values()}
    items = tuple(
        known_papers.as_item(context.transaction, context.chat, paper)._replace(position=at)
        for at, paper in enumerate(papers.values())
    )
    return channel.Reply(
        lines=tuple(lines),
        items=items,
        item_layout="card",
        numbers=cards.card_buttons(items),
        buttons=((_elsewhere(context, names[0]),),) if len(names) == 1 else (),
    )


def _known_since(context: CommandContext) -> str:
    since = stored_known_papers.first_paper_at(context.transaction)
    if since is None:
        return context.say("No papers are known yet.")
    return context.say("I know the papers that came since {moment}.", moment=context.localizer.moment(since))


def _is_doi(name: str) -> bool:
    return name.startswith("10.") and "/" in name


def _elsewhere(context: CommandContext, name: str) -> channel.Button:
    host = "https://doi.org/" if _is_doi(name) else "https://arxiv.org/abs/"
    return channel.Button(label=context.say("look there"), url=host + name)


def no_paper(context: CommandContext, said: str) -> channel.Reply:
    """Returns the reply to a link or an id that names no paper that we can look up."""
    name = links.links_to_no_paper(said)[0]
    lines = (
        context.say("arXiv has no id {name}: ids have four or five digits after the point.", name=name)
        if name[0].isdecimal()
        else context.say("That link names no paper that I can look up."),
        context.say(
            "I understand links that hold an arXiv id or a DOI: arxiv.org/abs/…, doi.org/…, huggingface.co/papers/…, "
            "alphaxiv.org/abs/…, biorxiv.org/content/…"
        ),
        context.say("Words of its title find it, if it is known here: /search graph neural networks"),
    )
    return channel.Reply(lines=lines, ok=False)


# ---------------------------------------------------------------------------------------------------------------- like


MOST_GIVEN = 5  # papers that may be given to find papers near to them
WORDS = 8  # words that are shown as the reason for nearness
_MOST_WORDS = 25  # a text with more words is no query
_MOST_READ = 5000  # characters of a text that are read
_TELLING = 3  # words that are offered as a search if no papers are near to a text
_GIVEN_OF_TEXT = 3  # papers to which [bring such papers] subscribes after a text: those nearest to it
_OPERATOR = re.compile(rf"(?<!\S)(?:OR|AND|NOT|ANDNOT|\||-\w\S*)(?!\S)|(?<!\S)(?:{'|'.join(FIELDS.by_name)}):\S")


def like(context: CommandContext) -> channel.Reply:
    """Shows the papers nearest to those that are named by id, DOI or link.

    If some of them are not stored, these are looked up instead.
    """
    names = links.mentioned(context.args)[:MOST_GIVEN]
    if not names:
        raise errors.Refused(
            errors.Sentence("Say which paper, by its arXiv id, DOI or link."),
            errors.Sentence("For example: /like 2601.11087"),
        )
    known = papers_named(context.transaction, names)
    if len(known) < len(names):  # the card of a looked-up paper has [more like this]
        return named_papers(context, " ".join(name for name in names if name not in known))
    return alike(context, *{one.id: one for one in known.values()}.values())


@cards.of_paper
def on_more_like_this(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [more like this] on a card: shows the papers nearest to that one."""
    return alike(context, item.paper)


def is_a_text(said: str) -> bool:
    """Returns whether words are a text such as a pasted abstract and not a query: over 25 words without operators."""
    different = set(tokens(said))
    words = sum(1.0 if one.isascii() else 0.5 for one in different)  # a Chinese word has about two characters
    return words > _MOST_WORDS and not _OPERATOR.search(said)


def near_text(context: CommandContext, said: str) -> channel.Reply:
    """Shows the papers nearest to a text."""
    text = said[:_MOST_READ]
    vector = vector_of(context.transaction, text)
    found = near_papers.papers_near_text(context.transaction, text, vector)
    words = found.words[:_TELLING]
    among = context.localizer.count("{count} paper", "{count} papers", found.looked_at)
    if not found.papers:
        any_of = " OR ".join(words_rule(word) for word in words)
        look = (channel.Button(label=any_of, verb="look-for", arguments={"text": any_of}),) if words else ()
        lines = (context.say("Nothing is near to this text among {among}.", among=among),)
        return channel.Reply(lines=lines, buttons=(look,))
    items = cards.result_items(found.papers)
    by_words = (_by_words(context, found),)
    return channel.Reply(
        lines=(
            context.say("I read this as a text. Nearest to it, among {among}:", among=among),
            *(by_words if said.isascii() else ()),  # "words" of Chinese text are just two characters
        ),
        items=items,
        days=cards.days_of(context, found.papers),
        numbers=cards.card_buttons(items),
        buttons=_as_wish(context, found.papers[:_GIVEN_OF_TEXT]),
    )


def _by_words(context: CommandContext, found: near_papers.Alike) -> str:
    words = ", ".join(found.words[:WORDS])
    if found.in_meaning:
        return context.say("by their meaning, and their words {words}", words=words)
    return context.say("by their words {words}", words=words)


def alike(context: CommandContext, *given: model.KnownPaper) -> channel.Reply:
    """Shows the papers nearest to the given ones."""
    found = near_papers.papers_alike(context.transaction, given)
    among = context.localizer.count(
        "the newest {count} paper", "the newest {count} papers", found.looked_at
    )  # fmt: skip
    titles = "; ".join(context.title(one) for one in given)
    if not found.papers:
        none = context.say("Nothing among {among} is near to {titles}.", titles=titles, among=among)
        return channel.Reply(lines=(none,), buttons=_as_wish(context, given))
    items = cards.result_items(found.papers)
    return channel.Reply(
        lines=(
            context.say("Nearest to {titles}, among {among}:", titles=titles, among=among),
            _by_words(context, found),
        ),
        items=items,
        numbers=cards.card_buttons(items),
        buttons=_as_wish(context, given),
    )


def _as_wish(context: CommandContext, given: Sequence[model.KnownPaper]) -> channel.Buttons:
    """Returns a button that subscribes to papers near to these.

    Returns none if one of them has neither an arXiv id nor a DOI.
    """
    names = [one.paper.arxiv_id or one.paper.doi for one in given]
    if None in names:
        return ()
    text = f"like:{','.join(name for name in names if name)}"
    return ((channel.Button(label=context.say("bring such papers"), verb="subscribe-to", arguments={"text": text}),),)


# ------------------------------------------------------------------------ what a message may refer to without its name


WITHIN = timedelta(minutes=15)  # a text cannot refer to a reply that is older than this


def last_buttons(context: CommandContext) -> tuple[model.CallbackToken, ...]:
    """Finds the last reply with buttons in this chat. Returns those of its buttons that the sender may press."""
    since = context.now - WITHIN
    found = conversations.last_callbacks(context.transaction, str(context.origin.address), since=since)
    return tuple(token for token in found if token.person in ("", context.request.sender))


def papers_shown(context: CommandContext) -> Mapping[int, model.KnownPaper]:
    """Returns {number: paper} of the last reply with buttons; if there is none, of the last delivery."""
    buttons = last_buttons(context)
    numbers = {int(one.arguments["number"]): int(one.arguments["paper"]) for one in buttons if one.verb == "card"}
    if not buttons and context.chat.id:
        numbers = known_papers.last_papers(context.transaction, context.chat)
    known = stored_known_papers.stored_papers(context.transaction, list(numbers.values()))
    return {number: known[paper] for number, paper in sorted(numbers.items()) if paper in known}


def paper_meant(context: CommandContext, names: Sequence[str]) -> model.KnownPaper | None:
    """Returns the first of the named papers; without names, the result of `paper_delivered`.

    None if there is no such paper.
    """
    if names:
        return papers_named(context.transaction, names[:1]).get(names[0])
    found = paper_delivered(context)
    return found.item.paper if found else None


def paper_delivered(context: CommandContext) -> DeliveredPaper | None:
    """Returns the paper of the message that the sender replied to; without a reply, the last delivered paper."""
    replied_to = context.message.reply_to if context.message else ""
    return (
        chat_status.last_delivered(context.transaction, context.chat, message=replied_to) if context.chat.id else None
    )


# --------------------------------------------------------------------------------------------------------- why, whynot


MOST_REASONS = 5  # subscriptions whose reasons are shown
_EXAMPLE = "2601.11087"


def why(context: CommandContext) -> channel.Reply:
    """Shows which subscriptions brought a paper and by which words; without arguments, about the last delivered paper."""
    if not context.args:
        found = paper_delivered(context)
        return (
            _delivered(context, found)
            if found
            else channel.Reply(
                lines=(
                    context.say(
                        "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.11087"
                    ),
                )
            )
        )
    return _about(context, "why")


def whynot(context: CommandContext) -> channel.Reply:
    """Shows for each subscription why a paper was not delivered; if it was delivered, when."""
    return _about(context, "whynot")


def _about(context: CommandContext, command: str) -> channel.Reply:
    """Returns the reply to /why or /whynot about the paper that the arguments name. Raises Refused if they name none."""
    names = links.mentioned(context.args)
    if not names:
        raise errors.Refused(
            errors.Sentence("Say which paper, by its arXiv id, DOI or link."),
            errors.Sentence("For example: /{command} {id}", {"command": command, "id": _EXAMPLE}),
        )
    known = papers_named(context.transaction, names[:1]).get(names[0])
    if known is None:
        return named_papers(context, names[0])
    found = deliveries_of(context.transaction, context.chat.id, known.id)
    return _delivered(context, found) if found else _not_delivered(context, known)


# ------------------------------------------------------------------------------------------------------------ it came


def _delivered(context: CommandContext, found: DeliveredPaper) -> channel.Reply:
    """Returns the reply that says when and why a paper was delivered, with the passages that contain the words.

    If the paper was not sent, the reply names the state of its delivery.
    """
    sentence = _TOLD["long ago" if found.at is None else found.state]
    if found.at is not None and found.state is states.MessageState.SENT and not found.item.shown:
        sentence = _BEHIND
    elif found.state in _ON_ITS_WAY and context.chat.state is not states.ChatState.ACTIVE:
        sentence = _HELD
    said = context.say(sentence.template, moment=context.localizer.moment(found.at) if found.at else "")
    return channel.Reply(lines=(said, *cards.why_lines(context, found.item)), items=(found.item,), item_layout="why")


# ---------------------------------------------------------------------------------------------------- it did not come


def _not_delivered(context: CommandContext, known: model.KnownPaper) -> channel.Reply:
    moment = context.localizer.moment(known.sequenced_at or known.first_seen_at)
    lines = [context.title(known), context.say("It became known {moment}; this chat was not sent it.", moment=moment)]
    found = chat_status.reasons(context.transaction, context.chat, known, now=context.now) if context.chat.id else ()
    if not found:
        return channel.Reply(lines=(*lines, context.say("There are no subscriptions yet.")))
    day = context.localizer.day(known.day, seen_from=context.now.date())
    lines += [_held_line(context, one, known.paper, day) for one in found[:MOST_REASONS]]
    left = len(found) - MOST_REASONS
    if left > 0:
        lines.append(
            context.localizer.count(
                "{count} more subscription is further from it.",
                "{count} more subscriptions are further from it.",
                left,
            )
        )
    return channel.Reply(lines=tuple(lines))


# ------------------------------------------------------------------------------------ why a paper came or not, in words


_ON_ITS_WAY = frozenset({"planned", "ready", "sending", "waiting", "unclear"})
_COMING = errors.Sentence("It was planned {moment} and is on its way.")
_TOLD: Mapping[str, errors.Sentence] = {
    "long ago": errors.Sentence("It came here before."),
    "sent": errors.Sentence("It came {moment}."),
    "dismissed": errors.Sentence("It was planned {moment} and then dismissed, so it does not come."),
    "dead": errors.Sentence("It was planned {moment}, but could not be sent."),
    **dict.fromkeys(_ON_ITS_WAY, _COMING),
}
_BEHIND = errors.Sentence("It came {moment}, under [show more].")
_HELD = errors.Sentence("It was planned {moment} and waits until this chat is active again.")
_KEPT: Mapping[str, errors.Sentence] = {
    "replacement": errors.Sentence("fits, but only a new version of it came here, and those are not announced"),
    "archive": errors.Sentence("fits, but it is of {day} and came later than a week after it, so it was filed"),
    "crosslist": errors.Sentence("fits, but it is a cross-list, and this chat wants none: {command}"),
    "older": errors.Sentence("fits, but begins with what came since {moment}"),
    "passed": errors.Sentence("fits now; when the paper came, it did not, or the chat was set otherwise"),
    "library": errors.Sentence("fits, but it is in the library of this chat, so it is left out: /library"),
    "paused": errors.Sentence("fits; it is paused: {command}"),
    "chat": errors.Sentence("fits; this chat is paused: {command}"),
    "time": errors.Sentence("fits, and is about to come"),
}
# reason why a paper is not delivered → the command that removes this reason
_MENDS: Mapping[str, str] = {
    "crosslist": "set crosslists in",
    "paused": "resume {number}",
    "chat": "resume",
}
_PAUSED_UNTIL = errors.Sentence("fits; it is paused until {moment}: {command}")
_NOT_LET_IN = errors.Sentence("fits; this chat waits until an admin lets it in")
_COMES = errors.Sentence("fits, and comes {moment}")


def _held_line(context: CommandContext, reason: Reason, paper: model.Paper, day: str) -> str:
    """Returns a line that says why a subscription does not bring a paper of `day`: number, name, reason."""
    subscription = reason.subscription
    kept = _words(context, reason, paper) if reason.hold_reason == "words" else _kept(context, reason, day)
    said = context.say("{name}: {text}", name=shortened(subscription.label), text=kept)
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
    command = f"/{_MENDS[keeps]}".format(number=subscription.number) if keeps in _MENDS else ""
    moment = context.localizer.moment(at, about=keeps == "time" and reason.about) if at else ""
    return context.say(sentence.template, command=command, day=day, moment=moment)


def _words(context: CommandContext, reason: Reason, paper: model.Paper) -> str:
    """Returns a sentence that says which parts of the query a paper lacks, and which excluded parts it has."""
    found: dict[bool, list[str]] = {False: [], True: []}
    for node in reason.failing:
        part = node.node if isinstance(node, Not) else node
        words = context.reading(replace(reason.query, tree=part))
        if isinstance(part, And):
            words = context.say("({inner})", inner=words)
        if isinstance(part, Leaf) and part.term.field is ABOUT:
            words = context.say("{part} ({note})", part=words, note=_how_near(context, part.term, paper))
        found[isinstance(node, Not)].append(words)
    lacks, excluded = _list(context, found[False]), _list(context, found[True])
    if lacks and excluded:
        return context.say("lacks {lacking}, and has {excluded}", lacking=lacks, excluded=excluded)
    if lacks:
        return context.say("lacks {lacking}", lacking=lacks)
    return context.say("has {excluded}, which this excludes", excluded=excluded)


def _how_near(context: CommandContext, term: Term, paper: model.Paper) -> str:
    """Returns how near a paper is to the text of a term, or why that is not known."""
    if not term.question:
        return context.say("its meaning is not known now")
    if not paper.meaning:
        return context.say("the paper's meaning is not known")
    nearness = f"{nearness_in_meaning(term, tokenize(paper)):.2f}"
    return context.say("{nearness}; {least} is near", nearness=nearness, least=NEAR)


def _list(context: CommandContext, parts: list[str]) -> str:
    return (
        reduce(lambda before, part: context.say("{before}; {part}", before=before, part=part), parts) if parts else ""
    )


COMMANDS = (
    Command(name="like", run=like, usage="ID", aliases=("similar",), summary=errors.Sentence("papers near to a paper")),
    Command(name="why", run=why, usage="[ID]", summary=errors.Sentence("see why a paper came")),
    Command(name="whynot", run=whynot, usage="ID", summary=errors.Sentence("see why a paper did not come")),
)

CALLBACKS = {"more-like-this": Callback(run=on_more_like_this)}

EVENTS = {LOOKUP_EVENT: Event(run=on_looked_up)}
