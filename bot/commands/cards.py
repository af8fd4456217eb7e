"""Cards of papers and the buttons under papers; save and saved.

A list has too many buttons to store a token for each. Only the button that opens a card has a stored token. The other
buttons of the card have the same data with their name after it. Under a delivery no token is stored at all: the data
names the delivery and the position of the paper.

    d<delivery>.c<n>     the card of the nth paper of the delivery, counted from 0
    d<delivery>.m<n>     the papers beyond the chat's limit, from the nth of them on; without n, from the first
    <card>.<name>        another button of the card, whose verb is card-<name>

docs/queries.md explains which signals the buttons store, and how signals change the order of papers.

The data is not trusted: delivery and paper are looked up only among the deliveries of the chat where the button was
pressed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands.asking import ask
from bot.commands.base import (
    Callback,
    Change,
    Command,
    CommandFunction,
    Context,
    Registry,
    refusal,
    with_stored_chat,
)
from bot.commands.phrasing import shortened, subscription_label
from bot.commands.results import nothing_known, number_buttons, papers_reply
from bot.commands.settings import phone_rows
from bot.commands.sub import edit_here
from bot.free_text.wishes import is_word
from bot.messages import Button, Reply, Row
from bot.rendering.papers import concern, gone
from subscriptions.chats.stored.conversations import find_callback
from subscriptions.database.store import Transaction
from subscriptions.errors import PaperwireError, Refused, Sentence, sentences
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import CallbackToken, ChatAddress, Item, Signal, StoredPaper, Subscription
from subscriptions.outbox.stored.deliveries import DeliveredPaper, delivered_items
from subscriptions.papers.search import papers_named
from subscriptions.papers.similarity import with_known_vectors
from subscriptions.papers.stored.feedback import note_signal, saved_papers, take_back
from subscriptions.papers.stored.papers import first_paper_at, stored_papers
from subscriptions.plan import why as delivered_papers
from subscriptions.plan.why import as_item, subscriptions_behind
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.rewriting import author_rule, narrowed, words_rule
from subscriptions.schedule.times import only_excluded
from subscriptions.subscribing.pause import pause
from subscriptions.subscribing.undo import save_papers

CARD = "card"
_OF_DELIVERY = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?P<shows>m|c(?=\d))(?P<at>\d{0,6})")
PAGE = 16  # papers on a page: two rows of eight numbers
_PAUSED_FOR = timedelta(days=7)
_AUTHORS = 3  # authors that are offered: the first ones and the last
_LABEL = 40  # characters of a name in a label
CARDS = 5  # papers that one message may ask for
_SAVED_PAGE = 8  # saved papers on a page
_NOTED = sentences(
    {
        Signal.LIKED: "Papers like this one come first. Press again to take it back.",
        Signal.DISLIKED: "Papers like this one come last. Press again to take it back.",
        Signal.SAVED: "Saved: /saved shows all. Press again to remove it.",
    }
)
_GONE = Sentence("I do not have this paper any more.")
_ONLY_NOTED = Sentence("Noted, but it moves no paper: meaning is off here. Press again to take it back.")


def pressed_token(store: Transaction, data: str, place: ChatAddress | None, registry: Registry) -> CallbackToken | None:
    """Return the token that belongs to the data of a pressed button; None if there is none."""
    if token := read_callback(data, place) or find_callback(store, data):
        return token
    card, _, name = data.rpartition(".")
    verb = f"{CARD}-{name}"
    opens = read_callback(card, place) or find_callback(store, card)
    return replace(opens, verb=verb) if verb in registry.callbacks and opens and opens.verb == CARD else None


def read_callback(data: str, place: ChatAddress | None) -> CallbackToken | None:
    """Return the token for data such as `d7.c0` and `d7.m16`, whose token is not stored; None for other data."""
    found = _OF_DELIVERY.fullmatch(data)
    if found is None:
        return None
    verb, at = (CARD, "position") if found["shows"] == "c" else ("show-more", "start")
    return CallbackToken(verb=verb, arguments={"delivery": found["delivery"], at: int(found["at"] or 0)}, place=place)


def of_paper(run: Callable[[Context, Item], Reply]) -> CommandFunction:
    """Return a handler of a button: it calls `run` with the paper that the button names.

    If that is not stored any more, or the named delivery is not one of this chat's, it says so.
    """

    def handle(context: Context) -> Reply:
        named, transaction, chat = context.arguments, context.transaction, context.chat
        if "delivery" in named:
            delivered = delivered_items(transaction, chat.id, str(named["delivery"]), position=int(named["position"]))
            item = next(iter(delivered), None)
        else:
            known = stored_papers(transaction, [int(named["paper"])])
            item = next((as_item(transaction, chat, one) for one in known.values()), None)
        return run(context, item) if item else context.toast(_GONE)

    return handle


def _paper_arguments(context: Context) -> dict[str, Any]:
    """Return those arguments of the pressed button that name its paper."""
    return {name: context.arguments[name] for name in ("delivery", "position", "paper") if name in context.arguments}


@of_paper
def on_more(context: Context, item: Item) -> Reply:
    """Handle [more]: shows everything that is known about a paper, with its abstract and its summaries."""
    shown = _opened(context, item, whole=True)
    return replace(shown, item_layout="whole", replaces=bool(context.arguments.get("on_card")))


def opens_a_paper(context: Context) -> bool:
    """Return whether the text names exactly one paper, so that its card is shown and the paper counts as opened."""
    return bool(context.chat.id) and not context.read_by_strangers and len(mentioned(context.args)) == 1


def _opened(context: Context, item: Item, *, whole: bool = False) -> Reply:
    """Return a card; the data of its other buttons is that of the button that opens it, and their name.

    Stores the signal that the chat opened the paper, unless strangers can open it: their interest is not the chat's.
    """
    paper = item.paper.id
    if not context.read_by_strangers:
        note_signal(context.transaction, context.chat, [paper], Signal.OPENED, now=context.now)
    arguments = {"paper": paper, **_paper_arguments(context), "number": 1, "on_card": True, "whole": whole}
    opens = Button("1", name=CARD, verb=CARD, arguments=arguments)
    return Reply(items=(item,), item_layout="card", numbers=(opens,))


def on_show_more(context: Context) -> Reply:
    """Handle [show more]: shows a page of papers beyond the chat's limit.

    Their numbers continue those of the delivery.
    """
    delivery, start = str(context.arguments["delivery"]), int(context.arguments.get("start", 0))
    delivered = delivered_items(context.transaction, context.chat.id, delivery)
    rest = [item for item in delivered if not item.shown]
    page = tuple(rest[start : start + PAGE])
    if not page:
        return context.toast(_GONE)
    first, left = len(delivered) - len(rest) + start + 1, len(rest) - start - len(page)
    numbers = tuple(
        Button(str(number), name=CARD, data=f"d{delivery}.c{item.position}") for number, item in enumerate(page, first)
    )
    label = context.say("show {count} more", count=context.localizer.number(left))
    more = ((Button(label, data=f"d{delivery}.m{start + PAGE}"),),) if left else ()
    return Reply(items=page, first=first, numbers=numbers, buttons=more)


@of_paper
def on_less(context: Context, item: Item) -> Reply:
    """Ask what the subscription that brought a paper shall leave out: an author, a category, or a word."""
    behind = subscriptions_behind(context.transaction, context.chat, item)
    subscription = next((one for one in behind if _finds(context, one, item)), None)
    if subscription is None:
        return _nothing_to_change(context)
    here, number = {**_paper_arguments(context), "subscription": subscription.id}, subscription.number
    buttons = []
    for what, rule in _offered(item):
        if _can_leave_out(subscription, rule, item):
            label = context.say("leave {what} out of {number}", what=shortened(what, _LABEL), number=number)
            buttons.append(context.labelled(label, "leave-out", **here, rule=rule))
    for one in behind:
        if one.is_active:
            label = context.say("pause {number} for a week", number=one.number)
            buttons.append(context.labelled(label, "pause-week", **{**here, "subscription": one.id}))
    called = subscription_label(subscription, _LABEL)
    said = context.say("What shall {subscription} leave out from now on? Write a word, or press:", subscription=called)
    asked = ask(context, "leave-out", said, **here)
    return replace(asked, buttons=(*phone_rows(buttons), *asked.buttons))


def _finds(context: Context, subscription: Subscription, item: Item) -> bool:
    """Return whether the query of a subscription, which may have been changed, still matches a paper."""
    query = with_known_vectors(context.transaction, parse_canonical(subscription.canonical))
    return bool(matching_papers(query, [item.paper.paper]))


def _offered(item: Item) -> Iterator[tuple[str, str]]:
    """Yield (what can be left out, its query): authors, then categories of the paper."""
    paper = item.paper.paper
    names = dict.fromkeys((*paper.authors[: _AUTHORS - 1], *paper.authors[-1:]))
    yield from ((name, author_rule(name)) for name in names)
    yield from ((code, f"cat:{code}") for code in paper.categories)


def _can_leave_out(subscription: Subscription, rule: str, item: Item) -> bool:
    """Return whether the query can exclude the rule, and would then no longer find this paper."""
    try:
        less = narrowed(parse_query(subscription.text), rule)
    except PaperwireError:  # for example if the author has only initials, which no query accepts
        return False
    return not matching_papers(less, [item.paper.paper])


def _of_subscription(run: Callable[[Context, Item, Subscription], Reply]) -> CommandFunction:
    """Like `of_paper`, but `run` also gets the subscription that the button or question names.

    It must still bring the paper.
    """

    def handle(context: Context, item: Item) -> Reply:
        behind = subscriptions_behind(context.transaction, context.chat, item)
        chosen = next((one for one in behind if one.id == context.arguments.get("subscription")), None)
        return run(context, item, chosen) if chosen else _nothing_to_change(context)

    return of_paper(handle)


@_of_subscription
def on_leave_out(context: Context, item: Item, subscription: Subscription) -> Reply:
    """Handle an offer or the word that a person wrote: excludes it from the query."""
    typed = only_excluded(context.args) or (words_rule(context.args.lstrip(" -")),)
    less = parse_query(subscription.text)
    for rule in (str(context.arguments["rule"]),) if "rule" in context.arguments else typed:
        less = narrowed(less, rule)
    done = edit_here(context, subscription.number, less.text)
    note_signal(context.transaction, context.chat, [item.paper.id], Signal.EXCLUDED, now=context.now)
    reading, text = context.reading(done.query), done.subscription.text
    return Reply(
        (f"{subscription.number}  {reading}",),
        code=(text,) if text != reading else (),
        ok=True,
        buttons=context.undo_row,
    )


@_of_subscription
def on_pause_week(context: Context, item: Item, subscription: Subscription) -> Reply:
    """Handle [pause N for a week]: its papers wait until then."""
    until, chat = context.now + _PAUSED_FOR, context.chat
    note_signal(context.transaction, chat, [item.paper.id], Signal.MUTED, now=context.now)
    pause(context.transaction, chat.address, subscription.number, until=until, now=context.now, who=context.actor)
    return context.reply(
        "{subscription} is paused until {moment}.",
        subscription=subscription_label(subscription, _LABEL),
        moment=context.localizer.moment(until, now=context.now),
        ok=True,
        buttons=context.undo_row,
    )


def _nothing_to_change(context: Context) -> Reply:
    said = context.say("No subscription of this chat brings this paper any more.")
    return Reply((said,), ok=False) if context.message else Reply(toast=said)


def stored_and_unknown(context: Context, names: Sequence[str]) -> tuple[list[StoredPaper], list[str]]:
    """Return (the stored papers among those that are named, each once; the names of papers that are not stored).

    Raise NeedsLookup for those that arXiv may know, which needs their ids: it is not asked for papers with a DOI only.
    """
    known = papers_named(context.transaction, names)
    papers, unknown = {paper.id: paper for paper in known.values()}, [name for name in names if name not in known]
    if context.app.look_up:
        context.ask_for("papers", [name for name in unknown if not _is_doi(name)])
    return [*papers.values()], unknown


def named_papers(context: Context, names: Sequence[str]) -> Reply:
    """Return the reply with the cards of the papers with these ids and DOIs, of which there must be at least one.

    A single paper has its full card; several are numbered.
    """
    first = names[:CARDS]
    papers, unknown = stored_and_unknown(context, first)
    items = tuple(
        as_item(context.transaction, context.chat, paper)._replace(position=at) for at, paper in enumerate(papers)
    )
    if items and len(first) == 1:
        return _opened(context, items[0])
    asked = [name for name in unknown if context.app.look_up and not _is_doi(name)]
    lost = [name for name in unknown if name not in asked]
    lines = [context.say("{name} is not known here.", name=name) for name in lost]
    if lost and (since := first_paper_at(context.transaction)):
        moment = context.localizer.moment(since)
        lines.append(context.say("I know the papers that came since {moment}.", moment=moment))
    elif lost:
        lines.append(nothing_known(context))
    if asked:
        said = Sentence("arXiv does not answer now, so I do not know {names}. Ask again in a minute.")
        if context.arxiv_answered:
            said = Sentence("arXiv knows no paper {names}.")
        lines.append(context.say(said, names=", ".join(asked)))
    if len(names) > CARDS:
        lines.append(context.say("The first {most} of {count}.", most=CARDS, count=len(names)))
    look: Row = ()
    if len(first) == 1:
        place = "https://doi.org/" if _is_doi(first[0]) else "https://arxiv.org/abs/"
        look = (Button(context.say("look there"), url=f"{place}{first[0]}"),)
    return Reply(
        lines,
        items=items,
        item_layout="card",
        numbers=number_buttons(items),
        buttons=(look,),
        ok=None if items else False,
    )


def no_paper_named(context: Context, example: str) -> Refused:
    """Return the error for a command that names no paper; `example` is the command with one."""
    return refusal(
        "Say which paper, by its arXiv id, DOI or link.", "For example: {example}", example=context.typed(example)
    )


def _is_doi(name: str) -> bool:
    return name.startswith("10.") and "/" in name


def no_paper(context: Context, said: str) -> Reply:
    """Return the reply to a link or an id that names no paper that we can look up."""
    name = links_to_no_paper(said)[0]
    head = Sentence("That link names no paper that I can look up.")
    if name[0].isdecimal():
        head = Sentence("arXiv has no id {name}: ids have four or five digits after the point.")
    return context.reply(
        head,
        "I understand links that hold an arXiv id or a DOI: arxiv.org/abs/…, doi.org/…, huggingface.co/papers/…, "
        "alphaxiv.org/abs/…, biorxiv.org/content/…",
        "Words of its title find it, if it is known here: /search graph neural networks",
        name=name,
        ok=False,
    )


def paper_delivered(context: Context) -> DeliveredPaper | None:
    """Return the paper of the message that the sender replied to; without a reply, the last delivered paper."""
    replied_to = context.message.reply_to if context.message else ""
    if not context.chat.id:
        return None
    return delivered_papers.last_delivered(context.transaction, context.chat, message=replied_to)


def _toggle(kind: Signal) -> CommandFunction:
    """Return the handler of 👍, 👎 or [save]: the first press stores the signal, the second one removes it."""

    def handle(context: Context, item: Item) -> Reply:
        context = with_stored_chat(context)
        transaction, paper, is_saving = context.transaction, item.paper.id, kind is Signal.SAVED
        if take_back(transaction, context.chat, paper, kind):
            return context.toast("No longer saved.") if is_saving else context.toast("Taken back.")
        if is_saving:
            save_papers(transaction, context.chat, [paper], now=context.now, who=context.actor)
        else:
            note_signal(transaction, context.chat, [paper], kind, now=context.now)
        return context.toast(_NOTED[kind] if is_saving or transaction.store.encoder else _ONLY_NOTED)

    return of_paper(handle)


def save(context: Context) -> Reply:
    """Save the named papers; without a name, the paper of the message replied to, or the last delivered one.

    The reply says so, and which names are unknown.
    """
    names = mentioned(context.args)[:CARDS]
    papers, unknown = stored_and_unknown(context, names)
    if names and not papers:
        return named_papers(context, names[:1])
    if not names:
        found = None if context.args else paper_delivered(context)
        if found is None:
            raise no_paper_named(context, "/save 2601.11087")
        papers = [found.item.paper]
    context = with_stored_chat(context)
    ids = [paper.id for paper in papers]
    new = save_papers(context.transaction, context.chat, ids, now=context.now, who=context.actor)
    lines = []
    for paper in papers:
        said = Sentence("Saved: {title}") if paper.id in new else Sentence("It is saved already: {title}")
        lines.append(context.say(said, title=context.title(paper)))
        if state := gone(paper.paper, context.localizer) or concern(paper.paper, context.localizer):
            lines.append(context.say("Beware: {state}.", state=state))
    lines += [context.say("{name} is not known here.", name=name) for name in unknown]
    undo = context.undo_button
    if len(ids) == 1:  # also for those who may not change the chat
        undo = (context.button("undo" if new else "take out", "unsave", paper=ids[0]),)
    return context.done(*lines, buttons=((context.button("all saved", "saved-page", start=0), *undo),))


@of_paper
def on_unsave(context: Context, item: Item) -> Reply:
    """Handle [undo] or [take out] under the reply that a paper was saved: removes it from the saved papers."""
    take_back(context.transaction, context.chat, item.paper.id, Signal.SAVED)
    return context.reply("No longer saved: {title}", title=context.title(item.paper), ok=True)


def saved(context: Context) -> Reply:
    """Show a page of the saved papers, the last saved one first; also for [newer], [older] and [all saved]."""
    papers = saved_papers(context.transaction, context.chat)
    if not papers:
        return context.reply("Nothing is saved here. /save 2601.11087 saves a paper, and so does [save] on its card.")
    start = min(int(context.arguments.get("start", 0)), (len(papers) - 1) // _SAVED_PAGE * _SAVED_PAGE)
    lines = [context.count("{count} saved paper", "{count} saved papers", len(papers))]
    turns: Row = ()
    if start:
        turns += (context.button("newer", "saved-page", start=start - _SAVED_PAGE, replaces=True),)
    if start + _SAVED_PAGE < len(papers):
        turns += (context.button("older", "saved-page", start=start + _SAVED_PAGE, replaces=True),)
    return papers_reply(lines, papers[start : start + _SAVED_PAGE], first=start + 1, buttons=(turns,))


COMMANDS = (
    Command(
        save,
        "save",
        "keep a paper",
        examples=("/save 2601.15529",),
        usage="[ID…]",
        writes=True,
    ),
    Command(saved, "saved", "papers that you kept", examples=("/saved",)),
)

CALLBACKS = {
    CARD: Callback(of_paper(_opened), writes=True),
    "card-more": Callback(on_more, writes=True),
    "show-more": Callback(on_show_more),
    "card-less": Callback(on_less, needs_manager=True),
    "leave-out": Change(on_leave_out, is_answer=is_word, offer=Sentence("leave “{answer}” out of {number}")),
    "pause-week": Change(on_pause_week),
    "card-like": Callback(_toggle(Signal.LIKED), writes=True),
    "card-dislike": Callback(_toggle(Signal.DISLIKED), writes=True),
    "card-save": Callback(_toggle(Signal.SAVED), writes=True),
    "unsave": Callback(on_unsave, writes=True, replaces=True),
    "saved-page": Callback(saved),
}
