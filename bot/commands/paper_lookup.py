"""Papers that are named: their cards, papers like them, and why they came or not."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal

from pydantic import TypeAdapter

from bot.commands import cards, results
from bot.commands.asking import shown_buttons
from bot.commands.context import Callback, Command, CommandContext, Event
from bot.commands.phrasing.reason_words import delivered_line, hold_reason_line
from bot.ports.channel import Button, Buttons, Reply
from bot.ports.conversation import EventRequest, Request
from subscriptions.errors import Refused, Sentence
from subscriptions.model import CallbackToken, Item, KnownPaper
from subscriptions.normalize import tokens
from subscriptions.query import FIELDS
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.query.rewriting import words_rule
from subscriptions.service.hold_reasons import last_delivered, reasons
from subscriptions.service.known_papers import as_item, last_papers
from subscriptions.service.loosening import papers_alike, papers_near_text
from subscriptions.service.paper_search import papers_named
from subscriptions.store.conversations import end_lookup, last_callbacks
from subscriptions.store.deliveries import DeliveredPaper, deliveries_of
from subscriptions.store.known_papers import first_paper_at, stored_papers

CARDS = 5  # papers of one message
PENDING_FOR = timedelta(days=1)  # how long a lookup may still be answered
LOOKUP_EVENT = "looked-up"  # the event that a lookup has ended
LOOKUP_VERB = "looks-up"  # the name of a pending lookup in the store begins so
LookupOutcome = Literal["stored", "unanswered", "refused"]  # by arXiv, by the database


_UNKNOWN: Mapping[str, Sentence] = MappingProxyType(  # by the outcome of a look-up
    {
        "stored": Sentence("arXiv knows no paper {names}."),
        "unanswered": Sentence("arXiv cannot be asked now, so I do not know {names}. Please try again later."),
        "refused": Sentence("I could not store {names}. Please tell the operator."),
    }
)
_EVENT = TypeAdapter(EventRequest)


def named_papers(context: CommandContext, text: str) -> Reply:
    """Returns the cards of the papers that a text names by id, DOI or link; it must name at least one."""
    names = mentioned(text)
    known = papers_named(context.store, names[:CARDS])
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


def on_looked_up(context: CommandContext) -> Reply | None:
    """Shows what arXiv answered: the cards, and which papers it does not know. None if the lookup is no longer stored."""
    details = context.event_details
    if not end_lookup(context.store, details["as"], since=context.now - PENDING_FOR):
        return None
    names = details["names"].split()
    known = papers_named(context.store, names)
    unknown = ", ".join(name for name in names if name not in known)
    lines = [context.say(_UNKNOWN[details["outcome"]].template, names=unknown)] if unknown else []
    return replace(_cards(context, names, known, lines), ok=None if known else False)


def pending_lookup(request: Request, names: Sequence[str]) -> tuple[str, CallbackToken]:
    """Returns (the name, the token) under which the event that will answer a request is stored during the look-up."""
    name = pending_name(request)
    answer = EventRequest(
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
    token = CallbackToken(verb=LOOKUP_VERB, arguments=arguments, place=str(request.chat), person=request.sender)
    return name, token


def pending_name(request: Request) -> str:
    """Returns the name under which the pending lookup of a request is stored."""
    return f"{LOOKUP_VERB}:{request.chat.platform}:{request.update_id}"


def lookup_request(pending: Mapping[str, Any], outcome: LookupOutcome) -> Request:
    """Returns the event that answers the pending lookup of a request."""
    event = _EVENT.validate_python(pending["answer"])
    return replace(event, details={**event.details, "outcome": outcome})


def _cards(
    context: CommandContext, names: Sequence[str], known: Mapping[str, KnownPaper], lines: Sequence[str]
) -> Reply:
    """Returns the known papers as rows with numbers; a single one as its full card."""
    if len(names) == 1 and known:
        return cards.card_reply(context, known[names[0]])
    papers = {paper.id: paper for paper in known.values()}
    items = tuple(
        as_item(context.store, context.chat, paper)._replace(position=at) for at, paper in enumerate(papers.values())
    )
    return Reply(
        lines=tuple(lines),
        items=items,
        item_layout="card",
        numbers=results.card_buttons(context, items),
        buttons=((_elsewhere(context, names[0]),),) if len(names) == 1 else (),
    )


def _known_since(context: CommandContext) -> str:
    since = first_paper_at(context.store)
    if since is None:
        return context.say("No papers are known yet.")
    return context.say("I know the papers that came since {moment}.", moment=context.localizer.moment(since))


def _is_doi(name: str) -> bool:
    return name.startswith("10.") and "/" in name


def _elsewhere(context: CommandContext, name: str) -> Button:
    host = "https://doi.org/" if _is_doi(name) else "https://arxiv.org/abs/"
    return Button(label=context.say("look there"), url=host + name)


def no_paper(context: CommandContext, said: str) -> Reply:
    """Returns the answer to a link or an id that names no paper that can be looked up."""
    name = links_to_no_paper(said)[0]
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
    return Reply(lines=lines, ok=False)


EVENTS = {LOOKUP_EVENT: Event(run=on_looked_up)}


# ---------------------------------------------------------------------------------------------------------------- like


MOST_GIVEN = 5  # papers to which others shall be near
WORDS = 8  # that are shown
_MOST_WORDS = 25  # of a query
_MOST_READ = 5000  # characters of a text
_TELLING = 3  # words of a text that has no near papers
_GIVEN_OF_TEXT = 3  # papers nearest to a text, to which others shall be near
_OPERATOR = re.compile(rf"(?<!\S)(?:OR|AND|NOT|ANDNOT|\||-\w\S*)(?!\S)|(?<!\S)(?:{'|'.join(FIELDS.by_name)}):\S")


def like(context: CommandContext) -> Reply:
    """Shows the papers nearest to those that are named by id, DOI or link.

    Papers that are not stored are looked up first.
    """
    names = mentioned(context.args)[:MOST_GIVEN]
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."), Sentence("For example: /like 2601.11087")
        )
    known = papers_named(context.store, names)
    if len(known) < len(names):  # its card has [more like this]
        return named_papers(context, " ".join(name for name in names if name not in known))
    return alike(context, *{one.id: one for one in known.values()}.values())


@cards.of_paper
def on_more_like_this(context: CommandContext, item: Item) -> Reply:
    """Handles [more like this] on a card."""
    return alike(context, item.paper)


def is_a_text(said: str) -> bool:
    """Returns whether words are a text, such as a pasted abstract, and no query: more than 25 words without operators."""
    different = set(tokens(said))
    words = sum(1.0 if one.isascii() else 0.5 for one in different)  # a Chinese word has two characters, more or less
    return words > _MOST_WORDS and not _OPERATOR.search(said)


def near_text(context: CommandContext, said: str) -> Reply:
    """Shows the papers nearest to a text."""
    found = papers_near_text(context.store, said[:_MOST_READ])
    words = found.words[:_TELLING]
    among = context.localizer.count("{count} paper", "{count} papers", found.looked_at)
    if not found.papers:
        any_of = " OR ".join(words_rule(word) for word in words)
        look = (Button(label=any_of, verb="look-for", arguments={"text": any_of}),) if words else ()
        lines = (context.say("Nothing is near to this text among {among}.", among=among),)
        return Reply(lines=lines, buttons=shown_buttons(context, (look,)))
    items = results.result_items(found.papers)
    by_words = (context.say("by their words {words}", words=", ".join(found.words[:WORDS])),)
    return Reply(
        lines=(
            context.say("I read this as a text. Nearest to it, among {among}:", among=among),
            *(by_words if said.isascii() else ()),  # pairs of Chinese characters are no words to read
        ),
        items=items,
        days=results.days_of(context, found.papers),
        numbers=results.card_buttons(context, items),
        buttons=_as_wish(context, found.papers[:_GIVEN_OF_TEXT]),
    )


def alike(context: CommandContext, *given: KnownPaper) -> Reply:
    """Shows the papers nearest to one or several."""
    found = papers_alike(context.store, given)
    among = context.localizer.count(
        "the newest {count} paper", "the newest {count} papers", found.looked_at
    )  # fmt: skip
    titles = "; ".join(context.title(one) for one in given)
    if not found.papers:
        none = context.say("Nothing among {among} is near to {titles}.", titles=titles, among=among)
        return Reply(lines=(none,), buttons=_as_wish(context, given))
    items = results.result_items(found.papers)
    words = ", ".join(found.words[:WORDS])
    return Reply(
        lines=(
            context.say("Nearest to {titles}, among {among}:", titles=titles, among=among),
            context.say("by their words {words}", words=words),
        ),
        items=items,
        numbers=results.card_buttons(context, items),
        buttons=_as_wish(context, given),
    )


def _as_wish(context: CommandContext, given: Sequence[KnownPaper]) -> Buttons:
    """Returns a button that subscribes to papers near to these; none where strangers could press it."""
    names = [one.paper.arxiv_id or one.paper.doi for one in given]
    if context.read_by_strangers or None in names:
        return ()
    text = f"like:{','.join(name for name in names if name)}"
    return ((Button(label=context.say("bring such papers"), verb="subscribe-to", arguments={"text": text}),),)


# ------------------------------------------------------------------------ what a message may refer to without its name


WITHIN = timedelta(minutes=15)  # an older answer is not referred to


def last_buttons(context: CommandContext) -> tuple[CallbackToken, ...]:
    """Returns the buttons of the last answer in this chat that had some, if the sender may press them."""
    since = context.now - WITHIN
    found = last_callbacks(context.store, str(context.origin.address), since=since)
    return tuple(token for token in found if token.person in ("", context.request.sender))


def papers_shown(context: CommandContext) -> Mapping[int, KnownPaper]:
    """Returns the papers that the chat was shown last, by their numbers: in the last answer, else in the last delivery."""
    buttons = last_buttons(context)
    numbers = {int(one.arguments["number"]): int(one.arguments["paper"]) for one in buttons if one.verb == "card"}
    if not buttons and context.chat.id:
        numbers = last_papers(context.store, context.chat)
    known = stored_papers(context.store, list(numbers.values()))
    return {number: known[paper] for number, paper in sorted(numbers.items()) if paper in known}


def paper_meant(context: CommandContext, names: Sequence[str]) -> KnownPaper | None:
    """Returns the first paper that is named, by id or DOI; without names the last one that was delivered."""
    if names:
        return papers_named(context.store, names[:1]).get(names[0])
    found = paper_delivered(context)
    return found.item.paper if found else None


def paper_delivered(context: CommandContext) -> DeliveredPaper | None:
    """Returns the paper of the message that this one replies to, else the last one that was delivered."""
    replied_to = context.message.reply_to if context.message else ""
    return last_delivered(context.store, context.chat, message=replied_to) if context.chat.id else None


# --------------------------------------------------------------------------------------------------------- why, whynot


MOST_REASONS = 5  # subscriptions whose reasons are shown
_EXAMPLE = "2601.11087"


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
                        "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.11087"
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
            *cards.why_lines(context, found.item),
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
    day = context.localizer.day(known.day, seen_from=context.now.date())
    reading = context.formatter.reading
    lines += [hold_reason_line(one, context.chat, context.localizer, reading, day) for one in found[:MOST_REASONS]]
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


CALLBACKS = {"more-like-this": Callback(run=on_more_like_this)}

COMMANDS = (
    Command(name="like", run=like, usage="ID", aliases=("similar",), summary=Sentence("papers near to a paper")),
    Command(name="why", run=why, usage="[ID]", summary=Sentence("see why a paper came")),
    Command(name="whynot", run=whynot, usage="ID", summary=Sentence("see why a paper did not come")),
)
