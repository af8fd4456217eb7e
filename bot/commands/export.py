"""export: subscriptions as text, papers as BibTeX or RIS; from which length on as a file, and papers of which time."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from bot.commands import paper_lookup
from bot.commands.bibtex import bibliography, link_of, year_of
from bot.commands.context import Command, CommandContext, refusal
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.query.links import mentioned
from subscriptions.service import delivered_papers, import_export
from subscriptions.service.paper_search import papers_named
from subscriptions.store import interests

LONG = 2500  # characters; a longer text is sent as a file
LONG_IN_GROUP = 300
LONG_LINE = 900  # characters; a text with a longer line is sent as a file, since a message would split the line
_FORMS = frozenset({"bib", "bibtex", "ris"})
_DAYS: Mapping[str, int] = {"d": 1, "w": 7, "m": 30, "y": 365}
_SPAN = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>[dwmy]?)(?:ays?|eeks?|onths?|ears?)?", re.IGNORECASE)


def export_(context: CommandContext) -> channel.Reply:
    """Shows the subscriptions as text that /import reads, or papers as BibTeX or RIS: those delivered lately, saved or named."""
    words = context.args.casefold().split()
    form = "ris" if "ris" in words else "bib"
    rest = [word for word in words if word not in _FORMS]
    if mentioned(context.args):
        return _named(context, form)
    if "saved" in rest and len(rest) == 1:
        return _saved(context, form)
    if len(rest) < len(words):
        return _delivered(context, form, " ".join(rest))
    if words:
        raise refusal(
            "I export subscriptions, or papers as BibTeX or RIS.",
            "For example: /export, /export bib 30d, or /export ris saved",
        )
    return _subscriptions(context)


def _subscriptions(context: CommandContext) -> channel.Reply:
    text = import_export.export(context.transaction, context.chat.address) if context.chat.id else ""
    if not text:
        return context.reply("There are no subscriptions yet.")
    head = context.count(
        "{count} subscription; /import reads it back.",
        "{count} subscriptions; /import reads them back.",
        text.count("\n"),
    )
    return _as_text(context, head, "paperwire.txt", text)


def _delivered(context: CommandContext, form: str, typed: str) -> channel.Reply:
    """Returns the reply with the papers that were delivered within a typed length of time; "" means 30 days. Raises Refused."""
    days = _span(typed)
    papers: Sequence[model.KnownPaper] = ()
    if context.chat.id:
        papers = list(
            delivered_papers.papers_shown(context.transaction, context.chat.address, since=context.now - days)
        )
    if not papers:
        none = context.count(
            "In the last day no paper was delivered here.",
            "In the last {count} days no paper was delivered here.",
            days.days,
        )
        return channel.Reply(lines=(none,))
    found = context.count("{count} paper", "{count} papers", len(papers))
    head = context.count("{papers} of the last day.", "{papers} of the last {count} days.", days.days, papers=found)
    return _as_papers(context, head, "papers", papers, form)


def _saved(context: CommandContext, form: str) -> channel.Reply:
    papers = interests.saved_papers(context.transaction, context.chat)
    if not papers:
        return context.reply("Nothing is saved here.")
    head = context.count("{count} saved paper", "{count} saved papers", len(papers))
    return _as_papers(context, head, "saved", papers, form)


def _named(context: CommandContext, form: str) -> channel.Reply:
    """Returns the reply with the papers that the arguments name, as BibTeX or RIS; if one is not stored, it is looked up."""
    names = mentioned(context.args)[: paper_lookup.CARDS]
    known = papers_named(context.transaction, names)
    if len(known) < len(names):
        return paper_lookup.named_papers(context, " ".join(name for name in names if name not in known))
    papers = {one.id: one for one in known.values()}
    head = context.count("{count} paper", "{count} papers", len(papers))
    return _as_papers(context, head, "papers", tuple(papers.values()), form)


def _as_papers(
    context: CommandContext, head: str, name: str, papers: Sequence[model.KnownPaper], form: str
) -> channel.Reply:
    if form == "ris":
        return _as_text(context, head, f"{name}.ris", references(papers))
    return _as_text(context, head, f"{name}.bib", bibliography(papers))


def _span(typed: str) -> timedelta:
    """Reads a time span such as 30d, 2w, 6 months or 1y; "" means 30 days. Raises Refused."""
    if not typed:
        return timedelta(days=30)
    match = _SPAN.fullmatch(typed)
    if match is None or not int(match["count"]):
        raise refusal("“{typed}” is not a length of time.", "For example: /export bib 30d", typed=typed)
    return timedelta(days=int(match["count"]) * _DAYS[match["unit"].casefold() or "d"])


def _as_text(context: CommandContext, head: str, name: str, text: str) -> channel.Reply:
    """Returns a reply with the text as a block that can be copied, or as a file if it is long."""
    most = LONG_IN_GROUP if context.read_by_group else LONG
    lines = text.rstrip("\n").split("\n")
    if len(text) > most or max(map(len, lines)) > LONG_LINE:
        return channel.Reply(lines=(head,), file=channel.File(name=name, text=text))
    return channel.Reply(lines=(head,), code=tuple(lines))


COMMANDS = (
    Command(
        name="export",
        examples=("/export", "/export bib 30d", "/export ris saved"),
        run=export_,
        usage="[bib | ris [30d | saved]]",
        wants=paper_lookup.wanted,
        summary=errors.Sentence("subscriptions as text, papers as BibTeX"),
    ),
)


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
    if "," in name or not given:
        return name
    return f"{family}, {given}"


def _line(text: str) -> str:
    """Returns a text on one line, since a second line would be read as another field."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
