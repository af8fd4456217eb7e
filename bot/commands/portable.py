"""export, import, share: a chat's subscriptions as text, papers as BibTeX, one subscription as a link."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from bot.commands.asking import awaits_yes
from bot.commands.bibtex import bibliography
from bot.commands.picking import gone, listed_here, named, no_subscriptions, numbered, pick_list
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.undoing import undo_row
from bot.ports.button import Button
from bot.ports.reply import File, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import CallbackToken, Subscription
from subscriptions.planning.cadence import cadence_text
from subscriptions.portable import Line, read_lines, text_of
from subscriptions.query import parse_query
from subscriptions.service.chats import (
    clear_conversation_state,
    get_conversation_state,
    set_conversation_state,
    share_link,
)
from subscriptions.service.subscriptions import ImportPlan, delivered, export, import_lines, import_plan

DECIDE_WITHIN = timedelta(hours=1)  # how long an import waits for [import]
MOST_SHOWN = 30  # lines of a difference
LONG = 2500  # characters that are sent as a file instead
LONG_IN_GROUP = 300
LONG_LINE = 900  # characters; a longer one would be broken in two
_DAYS: Mapping[str, int] = MappingProxyType({"d": 1, "w": 7, "m": 30, "y": 365})
_SPAN = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>[dwmy]?)(?:ays?|eeks?|onths?|ears?)?", re.IGNORECASE)
_A_MONTH = timedelta(days=30)
YES, NO = "yes", "no"


# -------------------------------------------------------------------------------------------------------------- export


def export_(turn: CommandContext) -> Reply:
    """The subscriptions as text that import reads; with `bib` the papers of some days as BibTeX."""
    word, _, rest = turn.args.partition(" ")
    if word.casefold() in ("bib", "bibtex"):
        return _bib(turn, rest.strip())
    if word:
        raise Refused(
            Sentence("I export subscriptions, or papers as BibTeX."),
            Sentence("For example: /export, or /export bib 30d"),
        )
    text = export(turn.store, turn.chat.address) if turn.chat.id else ""
    if not text:
        return Reply(lines=(turn.say("There are no subscriptions yet."),))
    head = turn.localizer.count(
        "{count} subscription; /import reads it back.",
        "{count} subscriptions; /import reads them back.",
        text.count("\n"),
    )
    return _as_text(turn, head, File(name="paperwire.txt", text=text))


def _bib(turn: CommandContext, typed: str) -> Reply:
    days = _span(typed)
    papers = delivered(turn.store, turn.chat.address, since=turn.now - days) if turn.chat.id else ()
    text = bibliography(papers)
    if not text:
        return Reply(
            lines=(turn.localizer.count(
                "In the last day no paper was delivered here.",
                "In the last {count} days no paper was delivered here.",
                days.days,
            ),)
        )  # fmt: skip
    found = turn.localizer.count("{count} paper", "{count} papers", text.count("@misc{"))
    head = turn.localizer.count(
        "{papers} of the last day.", "{papers} of the last {count} days.", days.days, papers=found
    )  # fmt: skip
    return _as_text(turn, head, File(name="papers.bib", text=text))


def _span(typed: str) -> timedelta:
    """30d, 2w, 6 months, 1y; a month without any. Raises Refused."""
    if not typed:
        return _A_MONTH
    match = _SPAN.fullmatch(typed)
    if match is None or not int(match["count"]):
        raise Refused(
            Sentence("“{typed}” is not a length of time.", {"typed": typed}), Sentence("For example: /export bib 30d")
        )
    return timedelta(days=int(match["count"]) * _DAYS[match["unit"].casefold() or "d"])


def _as_text(turn: CommandContext, head: str, file: File) -> Reply:
    """The text in a block that can be copied, or as a file when it is long."""
    most = LONG_IN_GROUP if turn.is_public else LONG
    lines = file.text.rstrip("\n").split("\n")
    if len(file.text) > most or max(map(len, lines)) > LONG_LINE:
        return Reply(lines=(head,), file=file)
    return Reply(lines=(head,), code=tuple(lines))


# -------------------------------------------------------------------------------------------------------------- import


def import_(turn: CommandContext) -> Reply:
    """Shows what a text would change, and keeps it until somebody says [import]."""
    if turn.in_public and turn.args.casefold() in (YES, NO):
        return _decided(turn, yes=turn.args.casefold() == YES)
    text = _given(turn)
    if not text.strip():
        return Reply(
            lines=(
                turn.say("Send /import with lines after it, or as the caption of a text file. A line looks like this:"),
            ),
            code=("daily 09:00 | diffusion -survey | ",),
        )
    plan = import_plan(turn.store, _lines(turn, text), now=turn.now)
    if not plan.changes:
        return Reply(lines=(turn.say("There is no line to import."),))
    if all(sign == "=" for sign, _, _ in plan.changes):
        return Reply(lines=(turn.say("All of it is there already."),))
    waiting = CallbackToken(
        verb="import", arguments={"text": text}, place=str(turn.origin.address), person=turn.request.sender
    )
    set_conversation_state(turn.store, _name(turn, turn.request.sender), waiting, now=turn.now)
    return _difference(turn, plan)


def _given(turn: CommandContext) -> str:
    """What came along: a file goes before the words beside it. Raises Refused for what is no text."""
    try:
        return text_of(turn.file) if turn.file else turn.args
    except UnicodeDecodeError:
        raise Refused(
            Sentence("This file is not text in UTF-8."),
            Sentence("Save it as UTF-8, one subscription a line, and send it again."),
        ) from None


def _lines(turn: CommandContext, text: str) -> tuple[Line, ...]:
    """The lines of a text, which may change this chat alone. Raises Refused."""
    return read_lines(text, turn.chat.address, alone=True)


def _difference(turn: CommandContext, plan: ImportPlan) -> Reply:
    """What would change, line by line; in a group only how much."""
    shown = [f"{sign} {line}" for sign, _, line in plan.changes if sign != "="]
    head = turn.say("This would change: {counts}.", counts=_counts(turn, plan))
    lines = [head]
    if len(shown) > MOST_SHOWN:
        lines.append(turn.localizer.count("and {count} more line", "and {count} more lines", len(shown) - MOST_SHOWN))
    if turn.in_public:
        lines.append(turn.say("To do it, send /import yes within an hour."))
        return Reply(lines=tuple(lines), code=tuple(shown[:MOST_SHOWN]))
    code = () if turn.is_public else tuple(shown[:MOST_SHOWN])
    return Reply(lines=(head,) if turn.is_public else tuple(lines), code=code, buttons=(_choice(turn),))


def _choice(turn: CommandContext) -> tuple[Button, Button]:
    """An anonymous admin presses as another person than the one who asked: there whoever manages the chat may."""
    person = turn.request.sender
    only = "" if turn.request.sender_is_admin else person
    done = Button(label=turn.say("import"), verb="import", arguments={"person": person}, only_for=only)
    left = Button(label=turn.say("no"), verb="import-no", arguments={"person": person}, only_for=only)
    awaits_yes(turn, done, left)
    return done, left


def _counts(turn: CommandContext, plan: ImportPlan) -> str:
    counts = {sign: sum(change[0] == sign for change in plan.changes) for sign in "+~="}
    said = (
        turn.localizer.count("{count} new", "{count} new", counts["+"]) if counts["+"] else "",
        turn.localizer.count("{count} changed", "{count} changed", counts["~"]) if counts["~"] else "",
        turn.localizer.count("{count} there already", "{count} there already", counts["="]) if counts["="] else "",
    )
    return " · ".join(filter(None, said))


def press_import(turn: CommandContext) -> Reply:
    """Does it, as it fits now."""
    return _done(turn, str(turn.arguments["person"]), replaces=True)


def press_import_no(turn: CommandContext) -> Reply:
    """Leaves everything as it is."""
    clear_conversation_state(turn.store, _name(turn, str(turn.arguments["person"])))
    return Reply(lines=(turn.say("Nothing is imported."),), ok=True, replaces=True)


def _decided(turn: CommandContext, *, yes: bool) -> Reply:
    if yes:
        return _done(turn, turn.request.sender, replaces=False)
    clear_conversation_state(turn.store, _name(turn, turn.request.sender))
    return Reply(lines=(turn.say("Nothing is imported."),), ok=True)


def _done(turn: CommandContext, person: str, *, replaces: bool) -> Reply:
    waiting = get_conversation_state(turn.store, _name(turn, person), since=turn.now - DECIDE_WITHIN)
    if waiting is None:
        raise Refused(Sentence("No import waits here any more."), Sentence("Send the text again with /import."))
    clear_conversation_state(turn.store, _name(turn, person))
    lines = _lines(turn, str(waiting.arguments["text"]))
    done = import_lines(turn.store, lines, now=turn.now, who=turn.actor)
    said = turn.say("Imported: {counts}.", counts=_counts(turn, done))
    return Reply(lines=(said,), ok=True, buttons=undo_row(turn), replaces=replaces)


def _name(turn: CommandContext, person: str) -> str:
    """What an import is remembered under: for one person, about one chat."""
    return f"import:{turn.origin.address}:{turn.chat.address}:{person}"


# --------------------------------------------------------------------------------------------------------------- share


def share(turn: CommandContext) -> Reply:
    """A link that offers one subscription to others; without a number they can be picked."""
    wishes = [one.subscription for one in listed_here(turn)]
    if not wishes:
        return no_subscriptions(turn)
    if turn.args:
        return _shared(turn, named(turn, turn.args))
    return _shared(turn, wishes[0]) if len(wishes) == 1 else _which(turn, 0)


def press_share(turn: CommandContext) -> Reply:
    """One that was picked."""
    wish = numbered(turn, turn.arguments["number"])
    return replace(_shared(turn, wish), replaces=True) if wish else gone(turn)


def press_share_page(turn: CommandContext) -> Reply:
    """Others to pick from."""
    return replace(_which(turn, int(turn.arguments["page"])), replaces=True)


def _which(turn: CommandContext, page: int) -> Reply:
    return pick_list(turn, turn.say("Which one shall the link offer? For example: /share 1"), "share", page=page)


def _shared(turn: CommandContext, wish: Subscription) -> Reply:
    """The link, and words to pass on where the platform knows no links that open a bot."""
    reading = wish.name or turn.formatter.reading(parse_query(wish.text))
    links, bot = turn.links
    if links is None:
        words = f"/sub {wish.text} {cadence_text(wish.cadence)}"
        return Reply(lines=(turn.say("To have the same, others can send me:"),), code=(words,))
    url = links.start(bot, share_link(turn.store, turn.chat.address, wish.number, now=turn.now))
    said = turn.say("Whoever opens this link is offered “{reading}”:", reading=reading)
    return Reply(lines=(said, url), buttons=((Button(label=turn.say("open the link"), url=url),),))


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
        wants_file=True,
        many_lines=True,
        usage="[LINES]",
        summary=Sentence("subscriptions from text or a file"),
    ),
    Command(name="share", run=share, usage="[N]", summary=Sentence("a link that offers a subscription to others")),
)
PRESSES = {
    "import": Callback(run=press_import, needs_manager=True),
    "import-no": Callback(run=press_import_no, needs_manager=True),
    "share": Callback(run=press_share),
    "share-page": Callback(run=press_share_page),
}
