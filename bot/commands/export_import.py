"""export, import, share, library.

Subscriptions are exported and imported as text, papers are exported as BibTeX or RIS, and one subscription is shared as
a link. A library is a chat's own papers, read from a file that Zotero, Mendeley, JabRef or Google Scholar exports. The
end of this module writes papers in the formats of reference managers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain, count
from string import ascii_lowercase
from unicodedata import category, combining

from bot.commands import asking, paper_lookup
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from bot.rendering.language import Language
from subscriptions import errors, model, normalize, portable
from subscriptions.matching.ranking import Library
from subscriptions.query.links import LIBRARY_QUERY, mentioned
from subscriptions.query.parse import parse_query
from subscriptions.service import importing, near_papers
from subscriptions.service.chat_status import share_link
from subscriptions.service.importing import ImportPlan
from subscriptions.service.paper_search import papers_named
from subscriptions.store.signals import library_of
from subscriptions.texts import normalized

DECIDE_WITHIN = timedelta(hours=1)  # how long an import can be confirmed
MOST_SHOWN = 30  # changed lines that are shown before an import
LONG = 2500  # characters; a longer text is sent as a file
LONG_IN_GROUP = 300
LONG_LINE = 900  # characters; a text with a longer line is sent as a file, since a message would split the line
_DAYS: Mapping[str, int] = {"d": 1, "w": 7, "m": 30, "y": 365}
_SPAN = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>[dwmy]?)(?:ays?|eeks?|onths?|ears?)?", re.IGNORECASE)


# -------------------------------------------------------------------------------------------------------------- export


def export_(context: CommandContext) -> channel.Reply:
    """Shows the subscriptions as text that /import reads; with `bib`, `saved` or papers, these papers as BibTeX or RIS."""
    word, _, rest = context.args.partition(" ")
    if mentioned(context.args):
        return _named(context, "ris" if "ris" in context.args.casefold().split() else "bib")
    if word.casefold() in ("bib", "bibtex"):
        return _bib(context, rest.strip())
    if word.casefold() == "saved":
        return _saved(context, rest.strip())
    if word:
        raise errors.Refused(
            errors.Sentence("I export subscriptions, or papers as BibTeX or RIS."),
            errors.Sentence("For example: /export, /export bib 30d, or /export saved ris"),
        )
    text = importing.export(context.transaction, context.chat.address) if context.chat.id else ""
    if not text:
        return channel.Reply(lines=(context.say("There are no subscriptions yet."),))
    head = context.localizer.count(
        "{count} subscription; /import reads it back.",
        "{count} subscriptions; /import reads them back.",
        text.count("\n"),
    )
    return _as_text(context, head, channel.File(name="paperwire.txt", text=text))


def _bib(context: CommandContext, typed: str) -> channel.Reply:
    days = _span(typed)
    papers = (
        importing.delivered(context.transaction, context.chat.address, since=context.now - days)
        if context.chat.id
        else ()
    )
    text = bibliography(papers)
    if not text:
        return channel.Reply(
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
    return _as_text(context, head, channel.File(name="papers.bib", text=text))


def _saved(context: CommandContext, typed: str) -> channel.Reply:
    """Returns the reply with the saved papers as BibTeX, or as RIS if `typed` says so."""
    form = typed.casefold() or "bib"
    if form not in ("bib", "bibtex", "ris"):
        raise errors.Refused(
            errors.Sentence("I export saved papers as BibTeX or RIS, not as “{form}”.", {"form": typed}),
            errors.Sentence("For example: /export saved ris"),
        )
    papers = near_papers.saved_papers(context.transaction, context.chat) if context.chat.id else ()
    if not papers:
        return channel.Reply(lines=(context.say("Nothing is saved here."),))
    head = context.localizer.count("{count} saved paper", "{count} saved papers", len(papers))
    if form == "ris":
        return _as_text(context, head, channel.File(name="saved.ris", text=references(papers)))
    return _as_text(context, head, channel.File(name="saved.bib", text=bibliography(papers)))


def _named(context: CommandContext, form: str) -> channel.Reply:
    """Returns the reply with the papers that the arguments name, as BibTeX or RIS; if one is not stored, it is looked up."""
    names = mentioned(context.args)[: paper_lookup.CARDS]
    known = papers_named(context.transaction, names)
    if len(known) < len(names):
        return paper_lookup.named_papers(context, " ".join(name for name in names if name not in known))
    return as_bibtex(context, *{one.id: one for one in known.values()}.values(), form=form)


def as_bibtex(context: CommandContext, *papers: model.KnownPaper, form: str = "bib") -> channel.Reply:
    """Returns the reply with papers as BibTeX, or as RIS."""
    head = context.localizer.count("{count} paper", "{count} papers", len(papers))
    text = references(papers) if form == "ris" else bibliography(papers)
    return _as_text(context, head, channel.File(name=f"papers.{form}", text=text))


def _span(typed: str) -> timedelta:
    """Reads a time span such as 30d, 2w, 6 months or 1y; "" means 30 days. Raises Refused."""
    if not typed:
        return timedelta(days=30)
    match = _SPAN.fullmatch(typed)
    if match is None or not int(match["count"]):
        raise errors.Refused(
            errors.Sentence("“{typed}” is not a length of time.", {"typed": typed}),
            errors.Sentence("For example: /export bib 30d"),
        )
    return timedelta(days=int(match["count"]) * _DAYS[match["unit"].casefold() or "d"])


def _as_text(context: CommandContext, head: str, file: channel.File) -> channel.Reply:
    """Returns a reply with the text as a block that can be copied, or as a file if it is long."""
    most = LONG_IN_GROUP if context.read_by_group else LONG
    lines = file.text.rstrip("\n").split("\n")
    if len(file.text) > most or max(map(len, lines)) > LONG_LINE:
        return channel.Reply(lines=(head,), file=file)
    return channel.Reply(lines=(head,), code=tuple(lines))


# -------------------------------------------------------------------------------------------------------------- import


def import_(context: CommandContext) -> channel.Reply:
    """Shows what a text would change, and stores the text until [import] is pressed."""
    if context.read_by_strangers and context.args.casefold() in _DECISIONS:
        return _DECISIONS[context.args.casefold()](context)
    text = _text_given(context)
    if not text.strip():
        return channel.Reply(
            lines=(
                context.say(
                    "Send /import with lines after it, or as the caption of a text file. A line looks like this:"
                ),
            ),
            code=("daily 09:00 | diffusion -survey | ",),
        )
    plan = importing.import_lines(
        context.transaction, portable.read_lines(text, context.chat.address, alone=True), now=context.now, dry=True
    )
    if not plan.changes:
        return channel.Reply(lines=(context.say("There is no line to import."),))
    if all(sign == "=" for sign, _, _ in plan.changes):
        return channel.Reply(lines=(context.say("All of it is there already."),))
    context.remember(_state_name(context), {"text": text}, lasts=DECIDE_WITHIN)
    return _difference(context, plan)


def _text_given(context: CommandContext) -> str:
    """Returns the text of the attached file; without a file, the arguments. Raises Refused if the file is not text."""
    try:
        return portable.text_of(context.file) if context.file else context.args
    except UnicodeDecodeError:
        raise errors.Refused(
            errors.Sentence("This file is not text in UTF-8."),
            errors.Sentence("Save it as UTF-8, one subscription a line, and send it again."),
        ) from None


def _difference(context: CommandContext, plan: ImportPlan) -> channel.Reply:
    """Returns the reply that shows the changes line by line; in a group, it shows only how many there are."""
    shown = tuple(f"{sign} {line}" for sign, _, line in plan.changes if sign != "=")
    lines = [context.say("This would change: {counts}.", counts=_counts(context, plan))]
    if context.read_by_group and not context.read_by_strangers:
        return channel.Reply(lines=tuple(lines), buttons=(_choice(context),))
    if (more := len(shown) - MOST_SHOWN) > 0:
        lines.append(context.localizer.count("and {count} more line", "and {count} more lines", more))
    if context.read_by_strangers:
        lines.append(context.say("To do it, send /import yes within an hour."))
    return channel.Reply(lines=tuple(lines), code=shown[:MOST_SHOWN], buttons=(_choice(context),))


def _choice(context: CommandContext) -> tuple[channel.Button, channel.Button]:
    """Returns [import] and [no], for the sender only.

    We learn who an anonymous admin is only when they press a button. So if the sender is anonymous, everyone who manages
    the chat may press.
    """
    person = context.request.sender
    only = "" if context.request.sender_is_admin else person
    done = channel.Button(label=context.say("import"), verb="import", arguments={"person": person}, only_for=only)
    left = channel.Button(label=context.say("no"), verb="import-no", arguments={"person": person}, only_for=only)
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


def _dropped(context: CommandContext) -> channel.Reply:
    context.drop(_state_name(context))
    return channel.Reply(lines=(context.say("Nothing is imported."),), ok=True)


def _imported(context: CommandContext) -> channel.Reply:
    """Imports the stored text; what it changes depends on the subscriptions that the chat has now."""
    waiting = context.remembered(_state_name(context))
    if waiting is None:
        raise errors.Refused(
            errors.Sentence("No import waits here any more."), errors.Sentence("Send the text again with /import.")
        )
    context.drop(_state_name(context))
    lines = portable.read_lines(str(waiting.arguments["text"]), context.chat.address, alone=True)
    done = importing.import_lines(context.transaction, lines, now=context.now, who=context.actor)
    said = context.say("Imported: {counts}.", counts=_counts(context, done))
    return channel.Reply(lines=(said,), ok=True, buttons=asking.undo_row(context))


_DECISIONS = {"yes": _imported, "no": _dropped}


def _state_name(context: CommandContext) -> str:
    """Returns the key under which an import is stored; it is unique per chat and person. A button names the person."""
    by = context.arguments.get("person", context.request.sender)
    return f"import:{context.origin.address}:{context.chat.address}:{by}"


# --------------------------------------------------------------------------------------------------------------- share


def share(context: CommandContext) -> channel.Reply:
    """Shows a link that offers one subscription to others; without a number, asks which one if there are several."""
    subscriptions = [one.subscription for one in asking.listed_here(context)]
    if not subscriptions:
        return asking.no_subscriptions(context)
    if context.args:
        return _shared(context, asking.subscription_named(context, context.args))
    return _shared(context, subscriptions[0]) if len(subscriptions) == 1 else _which(context)


def _which(context: CommandContext) -> channel.Reply:
    return asking.pick_list(context, context.say("Which one shall the link offer? For example: /share 1"), "share")


def _shared(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Returns the reply with the link; if the platform has no links that open a bot, with a command to pass on."""
    reading = subscription.name or context.reading(parse_query(subscription.text))
    links, bot = context.links
    if links is None:
        words = f"/sub {subscription.text} {subscription.cadence}"
        return channel.Reply(lines=(context.say("To get the same, others can send me:"),), code=(words,))
    url = links.start(bot, share_link(context.transaction, context.chat.address, subscription.number, now=context.now))
    head = context.say("This link offers “{reading}” to anyone who opens it:", reading=reading)
    return channel.Reply(lines=(head, url), buttons=((channel.Button(label=context.say("open the link"), url=url),),))


# -------------------------------------------------------------------------------------------------------------- library


def library(context: CommandContext) -> channel.Reply:
    """Stores the attached library; without a file, shows what is stored."""
    if (read := context.library) is not None:
        context = asking.with_stored_chat(context)
        near_papers.put_library(context.transaction, context.chat, read, now=context.now, who=context.actor)
        return channel.Reply(lines=library_lines(read, context.localizer), ok=True, buttons=_buttons(context))
    if context.args.casefold() in ("remove", "删除"):
        return on_remove(context)
    if context.args:
        raise errors.Refused(
            errors.Sentence("I read a library from a file, not from a message."), near_papers.HOW_TO_SEND
        )
    found = library_of(context.transaction, context.chat.id)
    if found is None:
        return channel.Reply(lines=(near_papers.NO_LIBRARY.say(context.say), near_papers.HOW_TO_SEND.say(context.say)))
    said = context.say(
        "The library here has {entries}; it was stored {moment}. A new file replaces it.",
        entries=_entries(context.localizer, found.words.entries),
        moment=context.localizer.moment(found.at),
    )
    return channel.Reply(lines=(said,), buttons=_buttons(context))


def on_remove(context: CommandContext) -> channel.Reply:
    """Handles [remove]: removes the chat's library."""
    if not near_papers.drop_library(context.transaction, context.chat):
        return channel.Reply(lines=(near_papers.NO_LIBRARY.say(context.say),))
    following = [
        one.subscription.number for one in asking.listed_here(context) if one.subscription.text == LIBRARY_QUERY
    ]
    lines = [context.say("The library is removed.")]
    lines += [
        context.say("Subscription {number} still finds papers near to it; /unsub {number} ends it.", number=number)
        for number in following
    ]
    return channel.Reply(lines=tuple(lines), ok=True)


def library_lines(read: Library, localizer: Language) -> tuple[str, ...]:
    """Returns the lines that describe a library that was just stored, and its unreadable entries."""
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


def _entries(localizer: Language, amount: int) -> str:
    return localizer.count("{count} entry", "{count} entries", amount)


def _buttons(context: CommandContext) -> tuple[tuple[channel.Button, ...], ...]:
    bring = channel.Button(
        label=context.say("bring such papers"), verb="subscribe-to", arguments={"text": LIBRARY_QUERY}
    )
    remove = channel.Button(label=context.say("remove"), verb="library-remove")
    return ((bring, remove),)


# ------------------------------------------------------------------------------------------ papers as BibTeX and as RIS


HARMLESS = frozenset(
    {
        *normalize.ACCENTS,
        *normalize.GREEK_COMMANDS,
        *normalize.LETTER_MACROS,
        *normalize.FRACTIONS,
        *normalize.IN_FORMULAS,
        *normalize.OVER,
        *normalize.STYLES,
        *normalize.SWITCHES,
    }
    | {"sqrt", "binom", "overset", "underset", "stackrel", "not", "textsuperscript", "textsubscript", "texorpdfstring"}
    | {*"\\()[]"}
) - {"url", "path", "@"}
"""TeX commands that are kept in exported text: none of them reads, writes, defines or links anything."""

_NAME_LETTERS = 24
_STOP_WORDS = frozenset(
    {"a", "an", "the", "on", "of", "in", "for", "to", "and", "with", "from", "by", "at", "is", "are", "towards"}
)
_GROUPS = re.compile(r"\b(?:collaboration|consortium|team|group|and)\b|^others$", re.IGNORECASE)
_MOST_COMMAS = 1  # "Doe, Jane"; BibTeX cannot split a name with more commas
_FORMULA = re.compile(r"(?<!\\)((?:\\\\)*)\$")
_MATHS = re.compile(r"(\$\$.*?\$\$|\$.*?(?<!\\)\$|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_BARE = re.compile(r"(\\.)|([&%#_^])", re.DOTALL)
_COMMAND = re.compile(r"\\([A-Za-z@]+|.)")  # in the files of TeX packages, @ is a letter
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # a brace, or any escaped character
_CARETS = re.compile(r"\^{2,}")  # TeX reads ^^5c as a backslash, even inside the name of a command
_BACKSLASHES = re.compile(r"\\+$")
_COMMANDS = re.compile(r"\$[^$]*\$|\\[A-Za-z]+|\\.")
_INITIAL = re.compile(r"[^\W\d_]\.")
_YEAR_OF_ID = re.compile(r"(?:[a-z-]+(?:\.[A-Z]{2})?/)?(\d\d)\d\d")
_DAY_OF_DOI = re.compile(r"10\.\d{4,9}/(?P<year>20\d\d)\.\d\d\.\d\d\.")  # 10.1101/2026.01.22.700001
_FIRST_CENTURY = 91  # arXiv began in 1991, so the year 91 of an id is 1991, and 90 is 2090
_ASCII_OF = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"}
)


def bibliography(papers: Iterable[model.KnownPaper]) -> str:
    """Returns BibTeX with one entry for each paper, in this order and with unique keys; "" without papers."""
    taken: set[str] = set()
    return "\n".join(_entry(known, _free(_key(known.paper), taken)) for known in papers if _says(known.paper))


def _says(paper: model.Paper) -> bool:
    return bool(_value(paper.title or paper.abstract) or paper.arxiv_id or paper.doi or paper.url)


def _entry(known: model.KnownPaper, key: str) -> str:
    paper = known.paper
    eprint = _plain(paper.arxiv_id or "")
    fields = {
        "author": " and ".join(_author(name) for name in paper.authors if _value(name)),
        "title": _value(paper.title),
        "abstract": ""
        if paper.title
        else _value(paper.abstract),  # only a paper without a title gets its abstract; we never invent a title
        "year": year_of(paper),
        "eprint": eprint,
        "archivePrefix": "arXiv" if eprint else "",
        "primaryClass": _plain(paper.primary or next(iter(paper.categories), "")) if eprint else "",
        "doi": _plain(paper.doi or ""),
        "url": _plain(link_of(paper)),
        "note": "Withdrawn" if known.withdrawn_at else "",
    }
    lines = ",\n".join(f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{lines}\n}}\n"


def _author(name: str) -> str:
    """Returns an author for BibTeX. A group, or a name that BibTeX would split wrongly, is put in braces."""
    value = _value(name)
    return f"{{{value}}}" if _GROUPS.search(value) or value.count(",") > _MOST_COMMAS else value


def year_of(paper: model.Paper) -> str:
    """Returns the year in the arXiv id, 2026 for 2601.15529, 1999 for hep-th/9901001, or else in a DOI of bioRxiv; or ""."""
    match = _YEAR_OF_ID.match(paper.arxiv_id or "")
    if match is None:
        dated = _DAY_OF_DOI.match(paper.doi or "")
        return dated["year"] if dated else ""
    year = int(match[1])
    return str((1900 if year >= _FIRST_CENTURY else 2000) + year)


def link_of(paper: model.Paper) -> str:
    """Returns the URL of a paper; "" if it has none."""
    if paper.arxiv_id:
        return f"https://arxiv.org/abs/{paper.arxiv_id}"
    return f"https://doi.org/{paper.doi}" if paper.doi else paper.url or ""


# ---------------------------------------------------------------------------------------------------------------- keys


def _key(paper: model.Paper) -> str:
    """Returns a key such as ou2026applicability: the first author's last name, the year, and a word of the title.

    The word is the first significant one; initials such as "E." in "E. coli" are not.
    """
    name = _ascii(_last_name(paper.authors))[:_NAME_LETTERS]
    written = re.split(r"[\s/:,;–—-]+", _COMMANDS.sub(" ", paper.title))
    words = [_ascii(word) for word in written if not _INITIAL.fullmatch(word)]
    word = next((word for word in words if word and word not in _STOP_WORDS), "")[:_NAME_LETTERS]
    return f"{name or 'paper'}{year_of(paper)}{word}" if name or word else "paper" + _ascii(paper.key)


def _last_name(authors: Sequence[str]) -> str:
    first = authors[0] if authors else ""
    family, comma, _ = first.partition(",")
    return family if comma else (first.split() or [""])[-1]


def _ascii(text: str) -> str:
    """Returns the text as lower-case ASCII letters and digits, without accents; all other characters are left out."""
    plain = "".join(sign for sign in normalized("NFKD", text.casefold()) if not combining(sign))
    return re.sub(r"[^a-z0-9]", "", plain.translate(_ASCII_OF))


def _free(key: str, taken: set[str]) -> str:
    """Returns the key, with a letter appended if it is taken. BibTeX ignores the case of keys."""
    suffixes = chain([""], ascii_lowercase, map("x{}".format, count(27)))
    free = next(name for name in map(key.__add__, suffixes) if name not in taken)
    taken.add(free)
    return free


# -------------------------------------------------------------------------------------------------------------- values


def _value(text: str) -> str:
    """Returns a text as the value of a BibTeX field, without the braces around it; only harmless TeX commands are kept."""
    plain = _CARETS.sub("^", _balanced(" ".join("".join(map(_visible, text)).split())))
    plain = _BACKSLASHES.sub(lambda found: "\\" * (len(found[0]) // 2 * 2), plain)
    if len(_FORMULA.findall(plain)) % 2:
        plain = _FORMULA.sub(r"\1\\$", plain)
    mended = "".join(part if place % 2 else _BARE.sub(_escaped, part) for place, part in enumerate(_MATHS.split(plain)))
    return _COMMAND.sub(lambda found: found[0] if found[1] in HARMLESS else rf"\textbackslash{{}}{found[1]}", mended)


def _visible(sign: str) -> str:
    """Returns the character; " " for any space or control character, "" for other invisible ones except letter joiners."""
    kind = category(sign)
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "" if kind in ("Cf", "Cs") and sign not in "\u200c\u200d" else sign


def _escaped(found: re.Match[str]) -> str:
    """Returns the found character, one of `& % # _ ^`, escaped for text outside formulas.

    A formula or an escaped character is not changed.
    """
    return found[1] or ("\\^{}" if found[2] == "^" else f"\\{found[2]}")


def _balanced(text: str) -> str:
    r"""Returns the text without braces that have no partner. `{` pairs with `}`, and `\{` with `\}`, as in LaTeX."""
    open_ones: dict[str, list[re.Match[str]]] = {"{": [], r"\{": []}
    lost: list[re.Match[str]] = []
    for found in _BRACE.finditer(text):
        if found[0] in open_ones:
            open_ones[found[0]].append(found)
        elif found[0].endswith("}"):
            before = open_ones[found[0].replace("}", "{")]
            if before:
                before.pop()
            else:
                lost.append(found)
    gone = {place for found in chain(lost, *open_ones.values()) for place in range(*found.span())}
    return "".join(sign for place, sign in enumerate(text) if place not in gone)


def _plain(text: str) -> str:
    """Returns an id, URL or DOI as the value of a field; only characters that would break the field are escaped."""
    return "".join(
        f"%{ord(sign):02X}" if sign in "{}\\^" or sign.isspace() else sign for sign in text if category(sign)[0] != "C"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Papers as RIS entries, which reference managers such as EndNote and Zotero import.


def references(papers: Iterable[model.KnownPaper]) -> str:
    """Returns RIS with one entry for each paper, in this order; "" without papers."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _ris_entry(known.paper)) for known in papers)


def _ris_entry(paper: model.Paper) -> Iterator[tuple[str, str]]:
    fields = (
        *(("AU", _family_first(_line(name))) for name in paper.authors),
        ("TI", _line(paper.title)),
        ("AB", _line(paper.abstract)),
        ("PY", year_of(paper)),
        ("DO", _line(paper.doi or "")),
        ("UR", _line(link_of(paper))),
        ("PB", "arXiv" if paper.arxiv_id else ""),
        ("AN", f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else ""),
    )
    yield "TY", "UNPB" if paper.arxiv_id else "GEN"
    yield from ((tag, value) for tag, value in fields if value or tag == "AU")
    yield "ER", ""


def _family_first(name: str) -> str:
    """Returns "Doe, Jane" for "Jane Doe"; a name of one word, or with a comma, is not changed."""
    given, _, family = name.rpartition(" ")
    return name if "," in name or not given else f"{family}, {given}"


def _line(text: str) -> str:
    """Returns a text on one line, since a second line would be read as another field."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


COMMANDS = (
    Command(
        name="export",
        run=export_,
        usage="[bib 30d]",
        summary=errors.Sentence("subscriptions as text, papers as BibTeX"),
    ),
    Command(
        name="import",
        run=import_,
        needs_manager=True,
        wants_file="text",
        many_lines=True,
        usage="[LINES]",
        summary=errors.Sentence("subscriptions from text or a file"),
    ),
    Command(
        name="share",
        run=share,
        writes=True,
        usage="[N]",
        summary=errors.Sentence("a link that offers a subscription to others"),
    ),
    Command(
        name="library",
        run=library,
        needs_manager=True,
        wants_file="library",
        usage="[remove]",
        summary=errors.Sentence("your own papers, from a file"),
    ),
)

CALLBACKS = {
    "import": Callback(run=_imported, needs_manager=True, replaces=True),
    "import-no": Callback(run=_dropped, needs_manager=True, replaces=True),
    "share": Callback(run=asking.on_subscription(_shared), writes=True, replaces=True),
    "share-page": Callback(run=_which, writes=True, replaces=True),
    "library-remove": Callback(run=on_remove, needs_manager=True),
}
