"""What a chat thinks of a paper: 👍, 👎, save, unsave, saved (how many a page); how each is taken back.

docs/queries.md explains which signals these store, and how signals change the order of papers.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.commands import cards, paper_lookup, results
from bot.commands.context import Callback, Command, CommandContext, CommandFunction, with_stored_chat
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Sentence
from subscriptions.query.links import mentioned
from subscriptions.store import interests

PAGE = 8  # saved papers on a page
_NOTED: Mapping[states.Signal, Sentence] = {
    states.Signal.LIKED: Sentence("Papers like this one come first. Press again to take it back."),
    states.Signal.DISLIKED: Sentence("Papers like this one come last. Press again to take it back."),
    states.Signal.SAVED: Sentence("Saved: /saved shows all. Press again to remove it."),
}
_TAKEN_BACK: Mapping[states.Signal, Sentence] = {
    states.Signal.LIKED: Sentence("Taken back."),
    states.Signal.DISLIKED: Sentence("Taken back."),
    states.Signal.SAVED: Sentence("No longer saved."),
}
_ONLY_NOTED = Sentence("Noted, but it moves no paper: meaning is off here. Press again to take it back.")


def _toggle(kind: states.Signal) -> CommandFunction:
    """Returns the handler of 👍, 👎 or [save]: the first press stores the signal, the second one removes it."""

    def handle(context: CommandContext, item: model.Item) -> channel.Reply:
        context = with_stored_chat(context)
        if interests.take_back(context.transaction, context.chat, item.paper.id, kind):
            return context.toast(_TAKEN_BACK[kind])
        interests.note_signal(context.transaction, context.chat, [item.paper.id], kind, now=context.now)
        moves = kind is states.Signal.SAVED or context.transaction.store.encoder
        return context.toast(_NOTED[kind] if moves else _ONLY_NOTED)

    return cards.of_paper(handle)


def save(context: CommandContext) -> channel.Reply:
    """Saves a paper: the named one; without a name, the paper of the message replied to, or the last delivered one."""
    names = mentioned(context.args)
    known = paper_lookup.paper_meant(context, names) if names or not context.args else None
    if known is not None:
        return keep(with_stored_chat(context), known)
    if not names:
        raise paper_lookup.no_paper_named(context, "/save 2601.11087")
    return paper_lookup.named_papers(context, names[0])


def keep(context: CommandContext, known: model.KnownPaper) -> channel.Reply:
    """Saves a paper. Returns the reply that says so."""
    is_new = interests.save_paper(context.transaction, context.chat, known.id, now=context.now)
    title = context.title(known)
    said = context.say("It is saved already: {title}", title=title)
    remove = context.button("take out", "unsave", paper=known.id)
    if is_new:
        said = context.say("Saved: {title}", title=title)
        remove = context.button("undo", "unsave", paper=known.id)
    all_saved = context.button("all saved", "saved-page", start=0)
    return context.done(said, buttons=((all_saved, remove),))


@cards.of_paper
def on_unsave(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [undo] or [take out] under the reply that says that a paper was saved: removes it from the saved papers."""
    said = "No longer saved: {title}"
    if not interests.take_back(context.transaction, context.chat, item.paper.id, states.Signal.SAVED):
        said = "{title} is not saved here."
    return context.reply(said, title=context.title(item.paper), ok=True, replaces=True)


def saved(context: CommandContext) -> channel.Reply:
    """Shows the saved papers, the last saved one first."""
    return _page(context, 0)


def on_saved_page(context: CommandContext) -> channel.Reply:
    """Handles [newer], [older] and [all saved]: shows a page of the saved papers."""
    start = int(context.arguments["start"])
    return replace(_page(context, start), replaces=bool(context.arguments.get("turns")))


def _page(context: CommandContext, start: int) -> channel.Reply:
    papers = interests.saved_papers(context.transaction, context.chat)
    if not papers:
        return context.reply("Nothing is saved here. /save 2601.11087 saves a paper, and so does [save] on its card.")
    start = min(start, (len(papers) - 1) // PAGE * PAGE)
    lines = [context.count("{count} saved paper", "{count} saved papers", len(papers))]
    if not context.read_by_group:
        lines.append(context.say("As a file: /export bib saved, /export ris saved"))
    turning, shown = _turning(context, start, len(papers)), papers[start : start + PAGE]
    return results.papers_reply(lines, shown, first=start + 1, buttons=turning)


def _turning(context: CommandContext, start: int, amount: int) -> channel.Buttons:
    """Returns [newer] and [older], if there are such pages."""
    row: channel.Row = ()
    if start:
        row += (context.button("newer", "saved-page", start=start - PAGE, turns=True),)
    if start + PAGE < amount:
        row += (context.button("older", "saved-page", start=start + PAGE, turns=True),)
    return (row,)


COMMANDS = (
    Command(
        name="save",
        examples=("/save 2601.15529",),
        run=save,
        usage="[ID]",
        writes=True,
        wants=paper_lookup.wanted,
        summary=Sentence("keep a paper"),
    ),
    Command(name="saved", examples=("/saved",), run=saved, summary=Sentence("papers that you kept")),
)

CALLBACKS = {
    "card-like": Callback(letter="l", run=_toggle(states.Signal.LIKED), writes=True),
    "card-dislike": Callback(letter="d", run=_toggle(states.Signal.DISLIKED), writes=True),
    "card-save": Callback(letter="s", run=_toggle(states.Signal.SAVED), writes=True),
    "unsave": Callback(run=on_unsave, writes=True),
    "saved-page": Callback(run=on_saved_page),
}
