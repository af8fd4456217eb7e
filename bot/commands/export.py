"""export, import and library: subscriptions as text or a file, papers as BibTeX or RIS, a chat's own papers."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from bot.commands import access as admission
from bot.commands.asking import ask, subscriptions_here
from bot.commands.base import Callback, Command, Context, refusal, with_stored_chat
from bot.commands.cards import CARDS, named_papers, stored_and_unknown
from bot.digests.library import is_library, read_library
from bot.messages import LARGEST, Buttons, File, FileReader, FileWithoutCommand, Reply
from bot.rendering.bibliography import bibliography, references
from subscriptions.errors import Refused, Sentence
from subscriptions.language import Language
from subscriptions.model import Library, StoredPaper
from subscriptions.papers.search import HOW_TO_SEND, NO_LIBRARY
from subscriptions.papers.stored import feedback as interests
from subscriptions.plan import why as delivered_papers
from subscriptions.query.links import LIBRARY_QUERY, mentioned
from subscriptions.subscribing import export_format as portable
from subscriptions.subscribing import import_export

LONG = 2500  # characters; a longer text is sent as a file
LONG_IN_GROUP = 300
LONG_LINE = 900  # characters; a text with a longer line is sent as a file, since a message would split the line
_FORMS = frozenset({"bib", "bibtex", "ris"})
_DAYS = {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}
_LONGEST_SPAN = 10 * 366  # days
_SPAN = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>[dwmy]?)(?:ays?|eeks?|onths?|ears?)?")
_LIST_FILE = FileReader(most=256 * 1024)  # subscriptions
_LIBRARY_FILE = FileReader(most=LARGEST, content=read_library)
_LEAVES_OUT = Sentence(
    "The library is stored: {entries}. Papers that are in it are left out. Meaning is off here, so no others come first."
)
_ORDERS = Sentence(
    "The library is stored: {entries}. Papers like these come first, and papers that are in it are left out."
)


def export_(context: Context) -> Reply:
    """Show the subscriptions as text that /import reads, or papers (delivered, saved or named) as BibTeX or RIS."""
    words = context.args.casefold().split()
    form = "ris" if "ris" in words else "bib"
    rest = [word for word in words if word not in _FORMS]
    if not words:
        return _subscriptions(context)
    if mentioned(context.args):
        return _named(context, form)
    if rest == ["saved"]:
        saved = interests.saved_papers(context.transaction, context.chat)
        if not saved:
            return context.reply("Nothing is saved here.")
        head = context.count("{count} saved paper", "{count} saved papers", len(saved))
        return _as_papers(context, head, saved, form, name="saved")
    if len(rest) == len(words):
        raise refusal(
            "I export subscriptions, or papers as BibTeX or RIS.",
            "For example: /export, /export bib 30d, or /export ris saved",
        )
    return _delivered(context, form, " ".join(rest) or "30d")


def _subscriptions(context: Context) -> Reply:
    text = import_export.export(context.transaction, context.chat.address) if context.chat.id else ""
    if not text:
        return context.reply("There are no subscriptions yet.")
    head = context.count(
        "{count} subscription; /import reads it back.",
        "{count} subscriptions; /import reads them back.",
        text.count("\n"),
    )
    return _as_text(context, head, "paperwire.txt", text)


def _delivered(context: Context, form: str, typed: str) -> Reply:
    """Return the reply with the papers that were delivered within a typed length of time: "30d", "2w".

    Raise Refused.
    """
    span = _SPAN.fullmatch(typed)
    days = int(span["count"]) * _DAYS[span["unit"]] if span else 0
    if not 0 < days <= _LONGEST_SPAN:
        raise refusal("“{typed}” is not a length of time.", "For example: /export bib 30d", typed=typed)
    since, papers = context.now - timedelta(days=days), list[StoredPaper]()
    if context.chat.id:
        papers = list(delivered_papers.papers_sent(context.transaction, context.chat.address, since=since))
    if not papers:
        none = context.count(
            "In the last day no paper was delivered here.",
            "In the last {count} days no paper was delivered here.",
            days,
        )
        return Reply((none,))
    found = context.count("{count} paper", "{count} papers", len(papers))
    head = context.count("{papers} of the last day.", "{papers} of the last {count} days.", days, papers=found)
    return _as_papers(context, head, papers, form)


def _named(context: Context, form: str) -> Reply:
    """Return the reply with the papers that the arguments name, as BibTeX or RIS.

    If one is not stored, it is looked up.
    """
    papers, unknown = stored_and_unknown(context, mentioned(context.args)[:CARDS])
    if unknown:
        return named_papers(context, unknown)
    head = context.count("{count} paper", "{count} papers", len(papers))
    return _as_papers(context, head, papers, form)


def _as_papers(context: Context, head: str, papers: Sequence[StoredPaper], form: str, *, name: str = "papers") -> Reply:
    text = references(papers) if form == "ris" else bibliography(papers)
    return _as_text(context, head, f"{name}.{form}", text)


def _as_text(context: Context, head: str, name: str, text: str) -> Reply:
    """Return a reply with the text as a block that can be copied, or as a file if it is long."""
    most = LONG_IN_GROUP if context.read_by_group else LONG
    lines = text.rstrip("\n").split("\n")
    if len(text) > most or max(map(len, lines)) > LONG_LINE:
        return Reply((head,), file=File(name, text))
    return Reply((head,), code=lines)


def import_(context: Context) -> Reply:
    """Import the lines of a text or of the attached file; without either, asks for them."""
    text = context.args
    if isinstance(context.file, bytes):
        try:
            text = portable.text_of(context.file)
        except UnicodeDecodeError:
            raise refusal(
                "This file is not text in UTF-8.", "Save it as UTF-8, one subscription a line, and send it again."
            ) from None
    if not text.strip():
        how = context.say("Send the lines, or a text file with them. A line looks like this:")
        asked = ask(context, "import", how)
        return Reply(asked.lines, code=("daily 09:00 | diffusion -survey | ",), buttons=asked.buttons)
    lines = portable.read_lines(text, context.chat.address, alone=True)
    context.ask_for_vectors(import_export.texts_asked(lines))
    done = import_export.import_lines(context.transaction, lines, now=context.now, who=context.actor)
    if not done:
        return context.reply("There is no line to import.")
    counts = Counter(sign for sign, _, _ in done)
    if len(done) == counts["="]:
        return context.reply("All of it is there already.")
    said = {
        "+": context.count("{count} new", "{count} new", counts["+"]),
        "~": context.count("{count} changed", "{count} changed", counts["~"]),
        "=": context.count("{count} there already", "{count} there already", counts["="]),
    }
    shown = " · ".join(words for sign, words in said.items() if counts[sign])
    return context.reply("Imported: {counts}.", counts=shown, ok=True, buttons=context.undo_row)


def library(context: Context) -> Reply:
    """Store the attached library; without a file, shows what is stored."""
    if isinstance(read := context.file, Library):
        admission.waits(context)  # raises Refused where nobody new is served
        context.ask_for_vectors(interests.titles_to_ask(read))  # papers are compared to them
        context = with_stored_chat(context)
        interests.put_library(context.transaction, context.chat.id, read, now=context.now)
        lines = library_lines(read, context.localizer, orders=bool(context.transaction.store.encoder))
        return context.done(*lines, buttons=_library_buttons(context))
    if context.args.casefold() in ("remove", "删除"):
        return on_remove(context)
    if context.args:
        raise Refused(Sentence("I read a library from a file, not from a message."), HOW_TO_SEND)
    found = interests.library_of(context.transaction, context.chat.id)
    if found is None:
        return context.reply(NO_LIBRARY, HOW_TO_SEND)
    return context.reply(
        "The library here has {entries}; it was stored {moment}. A new file replaces it.",
        entries=_entries(context.localizer, found.entries),
        moment=context.localizer.moment(found.at),
        buttons=_library_buttons(context),
    )


def on_remove(context: Context) -> Reply:
    """Handle [take out]: removes the chat's library."""
    if not interests.drop_library(context.transaction, context.chat.id):
        return context.reply(NO_LIBRARY)
    lines = [context.say("The library is removed.")]
    lines += [
        context.say("Subscription {number} finds nothing without it; /unsub {number} ends it.", number=one.number)
        for one in subscriptions_here(context)
        if one.text == LIBRARY_QUERY
    ]
    return context.done(*lines)


def library_lines(read: Library, localizer: Language, *, orders: bool) -> tuple[str, ...]:
    """Return the lines that describe a library that was just stored, and its unreadable entries.

    `orders`: papers like these come first, since meaning is on.
    """
    stored = localizer.say(_ORDERS if orders else _LEAVES_OUT, entries=_entries(localizer, len(read.entries)))
    if not read.broken:
        return (stored,)
    broken = localizer.count(
        "{count} entry cannot be read: {names}",
        "{count} entries cannot be read, the first: {names}",
        read.broken,
        names=" · ".join(read.examples),
    )
    return stored, broken


def _without_command(data: bytes) -> FileWithoutCommand:
    """Return the content of a file that came without a command, and the command that reads such files."""
    name, reader = ("library", _LIBRARY_FILE) if is_library(data) else ("import", _LIST_FILE)
    return FileWithoutCommand(name, reader.read(data))


ANY_FILE = FileReader(most=LARGEST, content=_without_command)


def _entries(localizer: Language, amount: int) -> str:
    return localizer.count("{count} entry", "{count} entries", amount)


def _library_buttons(context: Context) -> Buttons:
    bring = context.button("bring such papers", "subscribe-to", text=LIBRARY_QUERY)
    return ((bring, context.button("take out", "library-remove")),)


COMMANDS = (
    Command(
        export_,
        "export",
        "subscriptions as text, papers as BibTeX",
        examples=("/export", "/export bib 30d", "/export ris saved"),
        usage="[bib | ris [30d | saved]]",
    ),
    Command(
        import_,
        "import",
        "subscriptions from text or a file",
        examples=("/import daily 09:00 | diffusion -survey | Diffusion",),
        needs_manager=True,
        wants_file=_LIST_FILE,
        is_answer=lambda text: "|" in text,
        many_lines=True,
        usage="[LINES]",
    ),
    Command(
        library,
        "library",
        "your own papers, from a file",
        examples=("/library",),
        needs_manager=True,
        wants_file=_LIBRARY_FILE,
        usage="[remove]",
    ),
)

CALLBACKS = {"library-remove": Callback(on_remove, needs_manager=True)}
