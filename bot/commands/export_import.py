"""export, import, share, library: subscriptions as text, papers as BibTeX, one subscription as a link, a chat's own papers.

These come from a file that Zotero, Mendeley, JabRef or Google Scholar exports.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from bot.commands import asking
from bot.commands.citations import bibliography, references
from bot.commands.context import Callback, Command, CommandContext, always
from bot.commands.phrasing import Localizer
from bot.ports.channel import Button, File, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import CallbackToken, Subscription
from subscriptions.planning.cadence import cadence_text
from subscriptions.portable import PortableLine, read_lines, text_of
from subscriptions.query.links import LIBRARY_QUERY
from subscriptions.query.parse import parse_query
from subscriptions.ranking import Library
from subscriptions.service import near_papers
from subscriptions.service.chat_status import share_link
from subscriptions.service.exporting import delivered, export
from subscriptions.service.importing import ImportPlan, import_lines
from subscriptions.store import conversations
from subscriptions.store.signals import library_of

DECIDE_WITHIN = timedelta(hours=1)  # how long an import can be confirmed
MOST_SHOWN = 30  # lines of a difference that are shown
LONG = 2500  # characters; a longer text is sent as a file
LONG_IN_GROUP = 300
LONG_LINE = 900  # characters; a longer line would be broken in two
_DAYS: Mapping[str, int] = MappingProxyType({"d": 1, "w": 7, "m": 30, "y": 365})
_SPAN = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>[dwmy]?)(?:ays?|eeks?|onths?|ears?)?", re.IGNORECASE)
_A_MONTH = timedelta(days=30)
_REMOVE = ("remove", "删除")


# -------------------------------------------------------------------------------------------------------------- export


def export_(context: CommandContext) -> Reply:
    """Shows the subscriptions as text that /import reads; with `bib` the papers of the last days as BibTeX."""
    word, _, rest = context.args.partition(" ")
    if word.casefold() in ("bib", "bibtex"):
        return _bib(context, rest.strip())
    if word.casefold() == "saved":
        return _saved(context, rest.strip())
    if word:
        raise Refused(
            Sentence("I export subscriptions, or papers as BibTeX or RIS."),
            Sentence("For example: /export, /export bib 30d, or /export saved ris"),
        )
    text = export(context.store, context.chat.address) if context.chat.id else ""
    if not text:
        return Reply(lines=(context.say("There are no subscriptions yet."),))
    head = context.localizer.count(
        "{count} subscription; /import reads it back.",
        "{count} subscriptions; /import reads them back.",
        text.count("\n"),
    )
    return _as_text(context, head, File(name="paperwire.txt", text=text))


def _bib(context: CommandContext, typed: str) -> Reply:
    days = _span(typed)
    papers = delivered(context.store, context.chat.address, since=context.now - days) if context.chat.id else ()
    text = bibliography(papers)
    if not text:
        return Reply(
            lines=(context.localizer.count(
                "In the last day no paper was delivered here.",
                "In the last {count} days no paper was delivered here.",
                days.days,
            ),)
        )  # fmt: skip
    found = context.localizer.count("{count} paper", "{count} papers", text.count("@misc{"))
    head = context.localizer.count(
        "{papers} of the last day.", "{papers} of the last {count} days.", days.days, papers=found
    )  # fmt: skip
    return _as_text(context, head, File(name="papers.bib", text=text))


def _saved(context: CommandContext, typed: str) -> Reply:
    """Returns the saved papers as BibTeX, or as RIS."""
    form = typed.casefold() or "bib"
    if form not in ("bib", "bibtex", "ris"):
        raise Refused(
            Sentence("I export saved papers as BibTeX or RIS, not as “{form}”.", {"form": typed}),
            Sentence("For example: /export saved ris"),
        )
    papers = near_papers.saved_papers(context.store, context.chat) if context.chat.id else ()
    if not papers:
        return Reply(lines=(context.say("Nothing is saved here."),))
    head = context.localizer.count("{count} saved paper", "{count} saved papers", len(papers))
    if form == "ris":
        return _as_text(context, head, File(name="saved.ris", text=references(papers)))
    return _as_text(context, head, File(name="saved.bib", text=bibliography(papers)))


def _span(typed: str) -> timedelta:
    """Returns a time span such as 30d, 2w, 6 months, 1y; a month for "". Raises Refused."""
    if not typed:
        return _A_MONTH
    match = _SPAN.fullmatch(typed)
    if match is None or not int(match["count"]):
        raise Refused(
            Sentence("“{typed}” is not a length of time.", {"typed": typed}), Sentence("For example: /export bib 30d")
        )
    return timedelta(days=int(match["count"]) * _DAYS[match["unit"].casefold() or "d"])


def _as_text(context: CommandContext, head: str, file: File) -> Reply:
    """Returns the text as a block that can be copied, or as a file if it is long."""
    most = LONG_IN_GROUP if context.read_by_group else LONG
    lines = file.text.rstrip("\n").split("\n")
    if len(file.text) > most or max(map(len, lines)) > LONG_LINE:
        return Reply(lines=(head,), file=file)
    return Reply(lines=(head,), code=tuple(lines))


# -------------------------------------------------------------------------------------------------------------- import


def import_(context: CommandContext) -> Reply:
    """Shows what a text would change, and stores it until [import] is pressed."""
    if context.read_by_strangers and context.args.casefold() in _DECISIONS:
        return _DECISIONS[context.args.casefold()](context)
    text = _text_given(context)
    if not text.strip():
        return Reply(
            lines=(
                context.say(
                    "Send /import with lines after it, or as the caption of a text file. A line looks like this:"
                ),
            ),
            code=("daily 09:00 | diffusion -survey | ",),
        )
    plan = import_lines(context.store, _lines(context, text), now=context.now, dry=True)
    if not plan.changes:
        return Reply(lines=(context.say("There is no line to import."),))
    if all(sign == "=" for sign, _, _ in plan.changes):
        return Reply(lines=(context.say("All of it is there already."),))
    waiting = CallbackToken(
        verb="import", arguments={"text": text}, place=str(context.origin.address), person=context.request.sender
    )
    conversations.set_conversation_state(
        context.store, _state_name(context), waiting, lasts=DECIDE_WITHIN, now=context.now
    )
    return _difference(context, plan)


def _text_given(context: CommandContext) -> str:
    """Returns the text of the attached file, else the arguments. Raises Refused if the file is not text."""
    try:
        return text_of(context.file) if context.file else context.args
    except UnicodeDecodeError:
        raise Refused(
            Sentence("This file is not text in UTF-8."),
            Sentence("Save it as UTF-8, one subscription a line, and send it again."),
        ) from None


def _lines(context: CommandContext, text: str) -> tuple[PortableLine, ...]:
    """Returns the lines of a text, which may change only this chat. Raises Refused."""
    return read_lines(text, context.chat.address, alone=True)


def _difference(context: CommandContext, plan: ImportPlan) -> Reply:
    """Returns the reply that shows the changes line by line; in a group only how many there are."""
    shown = tuple(f"{sign} {line}" for sign, _, line in plan.changes if sign != "=")
    lines = [context.say("This would change: {counts}.", counts=_counts(context, plan))]
    if context.read_by_group and not context.read_by_strangers:
        return Reply(lines=tuple(lines), buttons=(_choice(context),))
    if (more := len(shown) - MOST_SHOWN) > 0:
        lines.append(context.localizer.count("and {count} more line", "and {count} more lines", more))
    if context.read_by_strangers:
        lines.append(context.say("To do it, send /import yes within an hour."))
        return Reply(lines=tuple(lines), code=shown[:MOST_SHOWN])
    return Reply(lines=tuple(lines), code=shown[:MOST_SHOWN], buttons=(_choice(context),))


def _choice(context: CommandContext) -> tuple[Button, Button]:
    """Returns [import] and [no], for the sender only.

    If the sender is an anonymous admin, everyone who manages the chat may press them, since presses are not anonymous.
    """
    person = context.request.sender
    only = "" if context.request.sender_is_admin else person
    done = Button(label=context.say("import"), verb="import", arguments={"person": person}, only_for=only)
    left = Button(label=context.say("no"), verb="import-no", arguments={"person": person}, only_for=only)
    asking.expect_yes_or_no(context, done, left)
    return done, left


def _counts(context: CommandContext, plan: ImportPlan) -> str:
    counts = {sign: sum(change[0] == sign for change in plan.changes) for sign in "+~="}
    said = (
        context.localizer.count("{count} new", "{count} new", counts["+"]) if counts["+"] else "",
        context.localizer.count("{count} changed", "{count} changed", counts["~"]) if counts["~"] else "",
        context.localizer.count("{count} there already", "{count} there already", counts["="]) if counts["="] else "",
    )
    return " · ".join(filter(None, said))


def _dropped(context: CommandContext) -> Reply:
    conversations.clear_conversation_state(context.store, _state_name(context))
    return Reply(lines=(context.say("Nothing is imported."),), ok=True)


def _imported(context: CommandContext) -> Reply:
    """Imports the stored text, as it applies now."""
    waiting = conversations.get_conversation_state(
        context.store, _state_name(context), since=context.now - DECIDE_WITHIN
    )
    if waiting is None:
        raise Refused(Sentence("No import waits here any more."), Sentence("Send the text again with /import."))
    conversations.clear_conversation_state(context.store, _state_name(context))
    lines = _lines(context, str(waiting.arguments["text"]))
    done = import_lines(context.store, lines, now=context.now, who=context.actor)
    said = context.say("Imported: {counts}.", counts=_counts(context, done))
    return Reply(lines=(said,), ok=True, buttons=asking.undo_row(context))


_DECISIONS = {"yes": _imported, "no": _dropped}


def _state_name(context: CommandContext) -> str:
    """Returns the key under which an import is stored: one per chat and person, whom the button names."""
    person = context.arguments.get("person", context.request.sender)
    return f"import:{context.origin.address}:{context.chat.address}:{person}"


# --------------------------------------------------------------------------------------------------------------- share


def share(context: CommandContext) -> Reply:
    """Shows a link that offers one subscription to others; without a number asks which."""
    subscriptions = [one.subscription for one in asking.listed_here(context)]
    if not subscriptions:
        return asking.no_subscriptions(context)
    if context.args:
        return _shared(context, asking.subscription_named(context, context.args))
    return _shared(context, subscriptions[0]) if len(subscriptions) == 1 else _which(context)


def _which(context: CommandContext) -> Reply:
    return asking.pick_list(context, context.say("Which one shall the link offer? For example: /share 1"), "share")


def _shared(context: CommandContext, subscription: Subscription) -> Reply:
    """Returns the link; if the platform has no links that open a bot, the command to pass on."""
    reading = subscription.name or context.formatter.reading(parse_query(subscription.text))
    links, bot = context.links
    if links is None:
        words = f"/sub {subscription.text} {cadence_text(subscription.cadence)}"
        return Reply(lines=(context.say("To have the same, others can send me:"),), code=(words,))
    url = links.start(bot, share_link(context.store, context.chat.address, subscription.number, now=context.now))
    said = context.say("Whoever opens this link is offered “{reading}”:", reading=reading)
    return Reply(lines=(said, url), buttons=((Button(label=context.say("open the link"), url=url),),))


# -------------------------------------------------------------------------------------------------------------- library


def library(context: CommandContext) -> Reply:
    """Stores the attached library; without a file shows what is stored."""
    if (read := context.library) is not None:
        context = asking.with_stored_chat(context)
        near_papers.put_library(context.store, context.chat, read, now=context.now, who=context.actor)
        return Reply(lines=library_lines(read, context.localizer), ok=True, buttons=_buttons(context))
    if context.args.casefold() in _REMOVE:
        return on_remove(context)
    if context.args:
        raise Refused(Sentence("I read a library from a file, not from a message."), near_papers.HOW_TO_SEND)
    found = library_of(context.store, context.chat.id)
    if found is None:
        return Reply(lines=(near_papers.NO_LIBRARY.say(context.say), near_papers.HOW_TO_SEND.say(context.say)))
    entries = _entries(context.localizer, found.words.entries)
    day = context.localizer.moment(found.at)
    said = context.say(
        "The library here has {entries}; it was stored {moment}. A new file replaces it.", entries=entries, moment=day
    )
    return Reply(lines=(said,), buttons=_buttons(context))


def on_remove(context: CommandContext) -> Reply:
    """Handles [remove]."""
    if not near_papers.drop_library(context.store, context.chat):
        return Reply(lines=(near_papers.NO_LIBRARY.say(context.say),))
    following = [
        one.subscription.number for one in asking.listed_here(context) if one.subscription.text == LIBRARY_QUERY
    ]
    lines = [context.say("The library is removed.")]
    lines += [
        context.say("Subscription {number} still finds papers near to it; /unsub {number} ends it.", number=number)
        for number in following
    ]
    return Reply(lines=tuple(lines), ok=True)


def library_lines(read: Library, localizer: Localizer) -> tuple[str, ...]:
    """Returns what is said of a library that was stored."""
    entries = _entries(localizer, read.words.entries)
    stored = localizer.say(
        "The library is stored: {entries}. Papers like these come first, and papers that are in it are left out.",
        entries=entries,
    )
    if not read.broken:
        return (stored,)
    broken = localizer.count(
        "{count} entry cannot be read: {names}",
        "{count} entries cannot be read, the first: {names}",
        read.broken,
        names=" · ".join(read.examples),
    )
    return stored, broken


def _entries(localizer: Localizer, amount: int) -> str:
    return localizer.count("{count} entry", "{count} entries", amount)


def _buttons(context: CommandContext) -> tuple[tuple[Button, ...], ...]:
    bring = Button(label=context.say("bring such papers"), verb="subscribe-to", arguments={"text": LIBRARY_QUERY})
    remove = Button(label=context.say("remove"), verb="library-remove")
    return asking.shown_buttons(context, ((bring, remove),))


COMMANDS = (
    Command(
        name="export",
        run=export_,
        usage="[bib 30d]",
        summary=Sentence("subscriptions as text, papers as BibTeX"),
    ),
    Command(
        name="import",
        run=import_,
        needs_manager=True,
        wants_file="text",
        many_lines=True,
        usage="[LINES]",
        summary=Sentence("subscriptions from text or a file"),
    ),
    Command(
        name="share",
        run=share,
        writes=always,
        usage="[N]",
        summary=Sentence("a link that offers a subscription to others"),
    ),
    Command(
        name="library",
        run=library,
        needs_manager=True,
        wants_file="library",
        usage="[remove]",
        summary=Sentence("your own papers, from a file"),
    ),
)
CALLBACKS = {
    "import": Callback(run=_imported, needs_manager=True, replaces=True),
    "import-no": Callback(run=_dropped, needs_manager=True, replaces=True),
    "share": Callback(run=asking.on_subscription(_shared), writes=always, replaces=True),
    "share-page": Callback(run=_which, writes=always, replaces=True),
    "library-remove": Callback(run=on_remove, needs_manager=True),
}
