"""export and import: subscriptions as text or a file, papers as BibTeX or RIS."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain, count
from string import ascii_lowercase
from unicodedata import category, combining

from bot.commands.asking import ask
from bot.commands.cards import CARDS, named_papers, papers_wanted
from bot.commands.context import Command, CommandContext, Wanted, refusal
from bot.ports.channel import File, Reply
from bot.ports.conversation import FileReader
from subscriptions import portable
from subscriptions.errors import Sentence
from subscriptions.model import KnownPaper, Paper
from subscriptions.normalize import tex
from subscriptions.query.links import mentioned
from subscriptions.service import delivered_papers, import_export
from subscriptions.service.paper_search import papers_named
from subscriptions.store import interests
from subscriptions.texts.normal_forms import normalized

LONG = 2500  # characters; a longer text is sent as a file
LONG_IN_GROUP = 300
LONG_LINE = 900  # characters; a text with a longer line is sent as a file, since a message would split the line
_FORMS = frozenset({"bib", "bibtex", "ris"})
_DAYS: Mapping[str, int] = {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}
_SPAN = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>[dwmy]?)(?:ays?|eeks?|onths?|ears?)?")
HARMLESS = frozenset(
    {
        *tex.ACCENTS,
        *tex.GREEK_COMMANDS,
        *tex.LETTER_MACROS,
        *tex.FRACTIONS,
        *tex.IN_FORMULAS,
        *tex.OVER,
        *tex.STYLES,
        *tex.SWITCHES,
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
LARGEST = 256 * 1024  # bytes of a file


def export_(context: CommandContext) -> Reply:
    """Shows the subscriptions as text that /import reads, or papers (delivered, saved or named) as BibTeX or RIS."""
    words = context.args.casefold().split()
    form = "ris" if "ris" in words else "bib"
    rest = [word for word in words if word not in _FORMS]
    if not words:
        return _subscriptions(context)
    if mentioned(context.args):
        return _named(context, form)
    if rest == ["saved"]:
        papers = interests.saved_papers(context.transaction, context.chat)
        if not papers:
            return context.reply("Nothing is saved here.")
        head = context.count("{count} saved paper", "{count} saved papers", len(papers))
        return _as_papers(context, head, "saved", papers, form)
    if len(rest) == len(words):
        raise refusal(
            "I export subscriptions, or papers as BibTeX or RIS.",
            "For example: /export, /export bib 30d, or /export ris saved",
        )
    return _delivered(context, form, " ".join(rest) or "30d")


def _subscriptions(context: CommandContext) -> Reply:
    text = import_export.export(context.transaction, context.chat.address) if context.chat.id else ""
    if not text:
        return context.reply("There are no subscriptions yet.")
    head = context.count(
        "{count} subscription; /import reads it back.",
        "{count} subscriptions; /import reads them back.",
        text.count("\n"),
    )
    return _as_text(context, head, "paperwire.txt", text)


def _delivered(context: CommandContext, form: str, typed: str) -> Reply:
    """Returns the reply with the papers that were delivered within a typed length of time: "30d", "2w".

    Raises Refused.
    """
    span = _SPAN.fullmatch(typed)
    days = int(span["count"]) * _DAYS[span["unit"]] if span else 0
    if not days:
        raise refusal("“{typed}” is not a length of time.", "For example: /export bib 30d", typed=typed)
    since, papers = context.now - timedelta(days=days), list[KnownPaper]()
    if context.chat.id:
        papers = list(delivered_papers.papers_shown(context.transaction, context.chat.address, since=since))
    if not papers:
        none = context.count(
            "In the last day no paper was delivered here.",
            "In the last {count} days no paper was delivered here.",
            days,
        )
        return Reply(lines=(none,))
    found = context.count("{count} paper", "{count} papers", len(papers))
    head = context.count("{papers} of the last day.", "{papers} of the last {count} days.", days, papers=found)
    return _as_papers(context, head, "papers", papers, form)


def _named(context: CommandContext, form: str) -> Reply:
    """Returns the reply with the papers that the arguments name, as BibTeX or RIS.

    If one is not stored, it is looked up.
    """
    names = mentioned(context.args)[:CARDS]
    known = papers_named(context.transaction, names)
    if len(known) < len(names):
        return named_papers(context, " ".join(name for name in names if name not in known))
    papers = tuple({one.id: one for one in known.values()}.values())
    head = context.count("{count} paper", "{count} papers", len(papers))
    return _as_papers(context, head, "papers", papers, form)


def _as_papers(context: CommandContext, head: str, name: str, papers: Sequence[KnownPaper], form: str) -> Reply:
    if form == "ris":
        return _as_text(context, head, f"{name}.ris", references(papers))
    return _as_text(context, head, f"{name}.bib", bibliography(papers))


def _as_text(context: CommandContext, head: str, name: str, text: str) -> Reply:
    """Returns a reply with the text as a block that can be copied, or as a file if it is long."""
    most = LONG_IN_GROUP if context.read_by_group else LONG
    lines = text.rstrip("\n").split("\n")
    if len(text) > most or max(map(len, lines)) > LONG_LINE:
        return Reply(lines=(head,), file=File(name=name, text=text))
    return Reply(lines=(head,), code=tuple(lines))


def references(papers: Iterable[KnownPaper]) -> str:
    """Returns RIS with one entry for each paper, in this order; "" without papers."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _ris_entry(known.paper)) for known in papers)


def _ris_entry(paper: Paper) -> Iterator[tuple[str, str]]:
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


def bibliography(papers: Iterable[KnownPaper]) -> str:
    """Returns BibTeX with one entry for each paper, in this order and with unique keys; "" without papers."""
    taken: set[str] = set()
    return "\n".join(_entry(known, _free(_key(known.paper), taken)) for known in papers if _says(known.paper))


def _says(paper: Paper) -> bool:
    return bool(_value(paper.title or paper.abstract) or paper.arxiv_id or paper.doi or paper.url)


def _entry(known: KnownPaper, key: str) -> str:
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
    is_whole = _GROUPS.search(value) or value.count(",") > _MOST_COMMAS
    return f"{{{value}}}" if is_whole else value


def year_of(paper: Paper) -> str:
    """Returns the year in the arXiv id, 2026 for 2601.15529, 1999 for hep-th/9901001, or else in a DOI of bioRxiv.

    Or "".
    """
    match = _YEAR_OF_ID.match(paper.arxiv_id or "")
    if match is None:
        dated = _DAY_OF_DOI.match(paper.doi or "")
        return dated["year"] if dated else ""
    year = int(match[1])
    return str((1900 if year >= _FIRST_CENTURY else 2000) + year)


def link_of(paper: Paper) -> str:
    """Returns the URL of a paper; "" if it has none."""
    if paper.arxiv_id:
        return f"https://arxiv.org/abs/{paper.arxiv_id}"
    if paper.doi:
        return f"https://doi.org/{paper.doi}"
    return paper.url or ""


def _key(paper: Paper) -> str:
    """Returns a key such as ou2026applicability: the first author's last name, the year, and a word of the title.

    The word is the first significant one; initials such as "E." in "E. coli" are not.
    """
    name = _ascii(_last_name(paper.authors))[:_NAME_LETTERS]
    written = re.split(r"[\s/:,;–—-]+", _COMMANDS.sub(" ", paper.title))
    words = [_ascii(word) for word in written if not _INITIAL.fullmatch(word)]
    word = next((word for word in words if word and word not in _STOP_WORDS), "")[:_NAME_LETTERS]
    if name or word:
        return f"{name or 'paper'}{year_of(paper)}{word}"
    return "paper" + _ascii(paper.key)


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


def _value(text: str) -> str:
    """Returns a text as the value of a BibTeX field, without the braces around it.

    Only harmless TeX commands are kept.
    """
    plain = _CARETS.sub("^", _balanced(" ".join("".join(map(_visible, text)).split())))
    plain = _BACKSLASHES.sub(lambda found: "\\" * (len(found[0]) // 2 * 2), plain)
    if len(_FORMULA.findall(plain)) % 2:
        plain = _FORMULA.sub(r"\1\\$", plain)
    mended = "".join(part if place % 2 else _BARE.sub(_escaped, part) for place, part in enumerate(_MATHS.split(plain)))
    return _COMMAND.sub(lambda found: found[0] if found[1] in HARMLESS else rf"\textbackslash{{}}{found[1]}", mended)


def _visible(sign: str) -> str:
    """Returns the character.

    " " for any space or control character, "" for other invisible ones except letter joiners.
    """
    kind = category(sign)
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    if kind in ("Cf", "Cs") and sign not in "\u200c\u200d":
        return ""
    return sign


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


def import_(context: CommandContext) -> Reply:
    """Imports the lines of a text or of the attached file; without either, asks for them."""
    text = _text_given(context)
    if not text.strip():
        how = context.say("Send the lines, or a text file with them. A line looks like this:")
        asked = ask(context, "import", how)
        return Reply(lines=asked.lines, code=("daily 09:00 | diffusion -survey | ",), buttons=asked.buttons)
    lines = portable.read_lines(text, context.chat.address, alone=True)
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


def _text_given(context: CommandContext) -> str:
    """Returns the text of the attached file; without a file, the arguments. Raises Refused if the file is not text."""
    if not isinstance(context.file, bytes):
        return context.args
    try:
        return portable.text_of(context.file)
    except UnicodeDecodeError:
        raise refusal(
            "This file is not text in UTF-8.", "Save it as UTF-8, one subscription a line, and send it again."
        ) from None


def _wanted(context: CommandContext) -> Wanted:
    """Wants the texts that the lines ask."""
    lines = portable.read_lines(_text_given(context), context.chat.address, alone=True)
    return Wanted(texts=import_export.texts_asked(lines))


COMMANDS = (
    Command(
        name="export",
        examples=("/export", "/export bib 30d", "/export ris saved"),
        run=export_,
        usage="[bib | ris [30d | saved]]",
        wants=papers_wanted,
        summary=Sentence("subscriptions as text, papers as BibTeX"),
    ),
    Command(
        name="import",
        examples=("/import daily 09:00 | diffusion -survey | Diffusion",),
        run=import_,
        needs_manager=True,
        wants=_wanted,
        wants_file=FileReader(most=LARGEST),
        many_lines=True,
        usage="[LINES]",
        summary=Sentence("subscriptions from text or a file"),
    ),
)
