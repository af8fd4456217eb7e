"""save, saved, and the buttons 👍 👎 [save] of a card: what a chat tells of a paper (docs/queries.md)."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import MappingProxyType

from bot.commands import asking
from bot.commands.cards import of_paper, paper_gone
from bot.commands.context import Callback, Command, CommandContext, CommandFunction, Event, always
from bot.commands.paper_lookup import named_papers, paper_meant
from bot.commands.results import card_buttons, result_items
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Item, KnownPaper
from subscriptions.query.links import mentioned
from subscriptions.service import near_papers
from subscriptions.service.changes import judging
from subscriptions.states import Signal
from subscriptions.store.database.store import Transaction
from subscriptions.store.deliveries import papers_in_message

PAGE = 8  # saved papers of a page
_NOTED: Mapping[Signal, Sentence] = MappingProxyType(
    {
        Signal.LIKED: Sentence("Papers like this one come first. Press again to take it back."),
        Signal.DISLIKED: Sentence("Papers like this one come last. Press again to take it back."),
        Signal.SAVED: Sentence("Saved: /saved shows all. Press again to remove it."),
    }
)
_TAKEN_BACK: Mapping[Signal, Sentence] = MappingProxyType(
    {
        Signal.LIKED: Sentence("Taken back."),
        Signal.DISLIKED: Sentence("Taken back."),
        Signal.SAVED: Sentence("No longer saved."),
    }
)
_RATED: Mapping[Signal, Sentence] = MappingProxyType(
    {
        Signal.LIKED: Sentence("Noted: papers like this one come first. {title}"),
        Signal.DISLIKED: Sentence("Noted: papers like this one come last. {title}"),
    }
)
_REACTIONS: Mapping[str, Signal] = MappingProxyType({"liked": Signal.LIKED, "disliked": Signal.DISLIKED})


# ------------------------------------------------------------------------------------------------- buttons and reactions


def _toggle(kind: Signal) -> CommandFunction:
    """Returns the handler of 👍, 👎 or [save], which is taken back if it is pressed again."""

    def handle(context: CommandContext, item: Item) -> Reply:
        context = asking.with_stored_chat(context)
        with _judging(context) as transaction:
            if near_papers.take_back(transaction, context.chat, item.paper.id, kind):
                return Reply(toast=_TAKEN_BACK[kind].say(context.localizer.translate))
            near_papers.note_signal(transaction, context.chat, [item.paper.id], kind, now=context.now)
        return Reply(toast=_NOTED[kind].say(context.localizer.translate))

    return of_paper(handle)


def _judging(context: CommandContext) -> AbstractContextManager[Transaction]:
    return judging(context.store, context.chat, now=context.now, who=context.actor)


def on_reaction(context: CommandContext) -> None:
    """Handles a reaction to a message that shows one paper. There is no answer: the person sees the reaction itself."""
    details = context.event_details
    papers = papers_in_message(context.store, context.chat.id, details.get("message", ""))
    if len(papers) != 1:  # it is unclear which of several is meant
        return
    before, after = _REACTIONS.get(details.get("before", "")), _REACTIONS.get(details.get("after", ""))
    with _judging(context) as transaction:
        if before is not None and before is not after:
            near_papers.take_back(transaction, context.chat, papers[0], before)
        if after is not None:
            near_papers.note_signal(transaction, context.chat, papers, after, now=context.now)


# ---------------------------------------------------------------------------------------------------------- save, saved


def save(context: CommandContext) -> Reply:
    """Saves a paper: the named one, else the one of the message replied to, else the last one delivered."""
    names = mentioned(context.args)
    known = paper_meant(context, names) if names or not context.args else None
    if known is not None:
        return keep(asking.with_stored_chat(context), known)
    if names:
        return named_papers(context, names[0])
    raise Refused(Sentence("Say which paper, by its arXiv id, DOI or link."), Sentence("For example: /save 2601.11087"))


def rate(context: CommandContext, papers: Sequence[KnownPaper], kind: Signal) -> Reply:
    """Notes that the chat likes some papers or not, and says so."""
    context = asking.with_stored_chat(context)
    with _judging(context) as transaction:
        near_papers.note_signal(transaction, context.chat, [known.id for known in papers], kind, now=context.now)
    noted = _RATED[kind]
    lines = tuple(context.say(noted.template, title=context.title(known)) for known in papers)
    more = Button(label=context.say("more like this"), verb="more-like-this", arguments={"paper": papers[0].id})
    rows = (*(((more,),) if len(papers) == 1 else ()), *asking.undo_row(context))
    return Reply(lines=lines, ok=True, buttons=asking.shown_buttons(context, rows))


def keep(context: CommandContext, known: KnownPaper) -> Reply:
    """Keeps a paper, and says so."""
    with _judging(context) as transaction:
        is_new = near_papers.save_paper(transaction, context.chat, known.id, now=context.now)
    title = context.title(known)
    said = (
        context.say("Saved: {title}", title=title)
        if is_new
        else context.say("It is saved already: {title}", title=title)
    )
    remove = Button(label=context.say("remove"), verb="unsave", arguments={"paper": known.id})
    all_saved = Button(label=context.say("all saved"), verb="saved-page", arguments={"start": 0})
    return Reply(lines=(said,), ok=True, buttons=() if context.read_by_strangers else ((all_saved, remove),))


@of_paper
def on_unsave(context: CommandContext, item: Item) -> Reply:
    """Handles [remove] under what was saved."""
    with _judging(context) as transaction:
        if not near_papers.take_back(transaction, context.chat, item.paper.id, Signal.SAVED):
            return paper_gone(context)
    said = context.say("No longer saved: {title}", title=context.title(item.paper))
    return Reply(lines=(said,), ok=True, replaces=True)


def saved(context: CommandContext) -> Reply:
    """Shows the saved papers, the last one first."""
    return _page(context, 0)


def on_saved_page(context: CommandContext) -> Reply:
    """Handles [newer], [older] and [all saved]."""
    start = int(context.arguments["start"])
    return replace(_page(context, start), replaces=bool(context.arguments.get("turns")))


def _page(context: CommandContext, start: int) -> Reply:
    papers = near_papers.saved_papers(context.store, context.chat) if context.chat.id else ()
    if not papers:
        nothing = context.say("Nothing is saved here. /save 2601.11087 saves a paper, and so does [save] on its card.")
        return Reply(lines=(nothing,))
    start = min(start, (len(papers) - 1) // PAGE * PAGE)
    items = result_items(papers[start : start + PAGE])
    head = context.localizer.count("{count} saved paper", "{count} saved papers", len(papers))
    export = context.say("As a file: /export saved bib, /export saved ris")
    return Reply(
        lines=(head,) if context.read_by_group else (head, export),
        items=items,
        first=start + 1,
        numbers=card_buttons(context, items, first=start + 1),
        buttons=_turning(context, start, len(papers)),
    )


def _turning(context: CommandContext, start: int, amount: int) -> Buttons:
    """Returns [newer] and [older]; nothing where strangers could press them."""

    def button(label: str, at: int) -> Button:
        return Button(label=label, verb="saved-page", arguments={"start": at, "turns": True})

    row = [button(context.say("newer"), start - PAGE)] if start else []
    row += [button(context.say("older"), start + PAGE)] if start + PAGE < amount else []
    return (tuple(row),) if row and not context.read_by_strangers else ()


COMMANDS = (
    Command(name="save", run=save, usage="[ID]", writes=always, summary=Sentence("keep a paper")),
    Command(name="saved", run=saved, summary=Sentence("papers that you kept")),
)
CALLBACKS = {
    "card-like": Callback(run=_toggle(Signal.LIKED), writes=always),
    "card-dislike": Callback(run=_toggle(Signal.DISLIKED), writes=always),
    "card-save": Callback(run=_toggle(Signal.SAVED), writes=always),
    "unsave": Callback(run=on_unsave, writes=always),
    "saved-page": Callback(run=on_saved_page),
}
EVENTS = {"reaction": Event(run=on_reaction)}
