"""explain, match: what a query means; which papers of digests it finds, and why; the same for a file of queries.

Neither needs a database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from bot.cli import arguments, drawing, output
from bot.cli.arguments import TERMINAL_LANGUAGE, Json
from bot.digests.files import paths_of, read_file
from bot.failures import WrongUsage
from bot.meaning import encoders
from bot.rendering.papers import readable
from bot.rendering.queries_in_words import explain as explained
from bot.rendering.queries_in_words import query_in_words
from bot.settings import load_settings
from subscriptions import meaning
from subscriptions.errors import MeaningFails, PaperwireError, QueryError, Sentence
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers, merge_copies
from subscriptions.matching.reasons import why
from subscriptions.model import Paper
from subscriptions.planning.times import split_when
from subscriptions.query import LIKE, parse, rewriting
from subscriptions.query.tree import Query, Term, leaves
from subscriptions.texts import escaped

_NO_MEANING = MeaningFails(
    Sentence("Meaning is off here, so it is not known what is near."),
    Sentence("Install paperwire[meaning], and leave PAPERWIRE_MEANING on."),
)


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Explain a query: its meaning in words, its canonical text, and what was guessed."""
    if json:
        explanation = explained(query, TERMINAL_LANGUAGE.translate)
        output.print_json(explanation)
        return 1 if explanation["error"] else 0
    with drawing.reporting_query_errors(query):
        ending = split_when(query)
        read = parse.parse_query(ending.query)
        output.print_line(query_in_words(read, TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            output.print_line(f"  ({hint.say(TERMINAL_LANGUAGE.translate)})")
        output.print_line(f"canonical: {read.canonical}")
        if ending.when is not None:
            output.print_line(f"time: {ending.when} (in a chat; in quotation marks it is words)")
    return 0


def match(
    given: Annotated[
        list[str], typer.Argument(metavar="[QUERY] PATH…", help="A query, then digests: files, folders, or -.")
    ],
    *,
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="FILE", help="One query per line, all matched together.")
    ] = None,
    json: Json = False,
) -> int:
    """Find the papers of digests that a query matches, and say why."""
    if queries is not None:
        return _match_file(queries, given, json=json)
    query, *paths = given
    if not paths:
        usage = "Write paperwire match QUERY PATH…, or paperwire match --queries FILE PATH…"
        raise WrongUsage("There is no digest to look into.", usage)
    return _match_one(query, paths, json=json)


def _match_one(text: str, paths: list[str], *, json: bool) -> int:
    with drawing.reporting_query_errors(text, {"query": None, "text": text} if json else None):
        parsed = _parsed(text)
        papers, status = _read(paths)
        searched = _Searched.of(papers, parsed.nearness_terms)
        query = searched.with_vectors(parsed)
    found = searched.found_by(query)
    document: dict[str, Any] = {
        "query": query.canonical,
        "text": text,
        "keys": [paper.key for paper in found],
        "why": {paper.key: _reasons(query, paper) for paper in found},
    }

    def show() -> None:
        reading = query_in_words(query, TERMINAL_LANGUAGE.translate)
        output.print_line(f"{reading}: {len(found)} of {len(papers)} papers")
        for paper in found:
            # TeX is read as letters first, or a word that matched would be a piece of TeX
            shown = replace(paper, title=readable(paper.title), abstract=readable(paper.abstract))
            reasons = _reasons(query, shown) or document["why"][paper.key]
            output.print_line(f"  {escaped(paper.key)}  {escaped(shown.title or shown.abstract[:80])}")
            output.print_line("    " + "; ".join(map(_in_words, reasons)))

    output.tell(document, show, json=json)
    return status


def _in_words(reason: Mapping[str, Any]) -> str:
    said = f"{reason['near']:.2f}" if "near" in reason else ", ".join(reason["terms"])
    return f"{reason['field']}: {said}"


def _reasons(query: Query, paper: Paper) -> list[dict[str, Any]]:
    """Returns the fields of a paper in which the query matched, each with the words that matched."""
    fields: dict[str, list[str]] = {}
    near: list[dict[str, Any]] = []
    for hit in why(query, paper):
        if hit.near is not None:
            near.append({"field": hit.field.name, "terms": [*hit.terms], "near": hit.near})
            continue
        terms = fields.setdefault(hit.field.name, [])
        terms += [term for term in hit.terms if term not in terms]
    return [*({"field": name, "terms": terms} for name, terms in fields.items()), *near]


def _match_file(file: str, paths: list[str], *, json: bool) -> int:
    lines = _lines_of(read_file(file))
    papers, status = _read(paths)
    known: dict[str, Query] = {}  # text of a line → its query
    keys: dict[str, list[str]] = {}  # text of a line → what it finds
    refused: dict[str, str] = {}  # text of a line → why it is refused
    for text in dict.fromkeys(lines):
        try:
            known[text] = _parsed(text)
        except QueryError as error:
            refused[text] = str(error)
    searched = _Searched.of(papers, {term: None for query in known.values() for term in query.nearness_terms})
    for text, query in known.items():
        try:
            keys[text] = [paper.key for paper in searched.found_by(searched.with_vectors(query))]
        except QueryError as error:
            refused[text] = str(error)
    report: dict[str, Any] = {  # docs/commands.md
        "queries": len(lines),
        "unique": len({known[text].canonical for text in keys}),
        "papers": len(papers),
        "pairs": sum(len(keys.get(text, ())) for text in lines),
        "matches": [(number, keys[text]) for number, text in enumerate(lines, 1) if keys.get(text)],
        "refused": [(number, refused[text]) for number, text in enumerate(lines, 1) if text in refused],
    }
    output.tell(report, lambda: _show_file(report), json=json)
    return status


def _show_file(report: Mapping[str, Any]) -> None:
    output.print_line(
        f"{report['queries']:,} queries, {report['unique']:,} of them different; "
        f"{report['papers']:,} papers; {report['pairs']:,} pairs."
    )
    for line, keys in report["matches"]:
        output.print_line(f"{line:>6}  {escaped(' '.join(keys))}")
    for line, reason in report["refused"]:
        output.print_error(f"line {line} is refused: {reason}")


def _lines_of(data: bytes) -> list[str]:
    """Returns the lines of a file, without line ends. Bytes that are not UTF-8 become surrogates."""
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n") if text else []


def _read(paths: list[str]) -> tuple[tuple[Paper, ...], int]:
    """Returns (papers, exit status). Prints a sentence on stderr for each document that cannot be read."""
    read = [one for _, one in arguments.digests_in(drawing.watched(list(paths_of(paths)), "Reading"))]
    unread = [one for one in read if isinstance(one, PaperwireError)]
    arguments.print_unread(unread)
    entries = [paper for one in read if not isinstance(one, PaperwireError) for paper in one.entries]
    return merge_copies(entries), 1 if unread else 0


def _parsed(text: str) -> Query:
    """Returns the query of a text. Raises QueryError, also for bytes that are not UTF-8, and for stored papers."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(Sentence("This line is not UTF-8 text."), Sentence(""), error.start + 1) from None
    query = parse.parse_query(text)
    if query.named:
        column = min(leaf.column for leaf in leaves(query.tree) if leaf.term.field is LIKE)
        raise QueryError(
            Sentence("like: asks for papers that are stored, and match stores none."),
            Sentence('In a chat it works: paperwire say "search like:2601.11522" --as console:me'),
            column,
        )
    return query


@dataclass(frozen=True, slots=True)
class _Searched:
    """Papers of digests, with what queries and papers mean, as vectors; or why there are none."""

    papers: Sequence[Paper]
    index: PaperIndex
    vectors: Mapping[Term, bytes]
    failure: MeaningFails | None

    @classmethod
    def of(cls, papers: Sequence[Paper], terms: Iterable[Term]) -> "_Searched":
        """Makes the vectors, if there are terms that ask for nearness."""
        vectors: dict[Term, bytes] = {}
        failure = None
        if terms := tuple(terms):
            try:
                papers, vectors = _encoded(papers, terms)
            except MeaningFails as error:
                failure = error
        return cls(papers, PaperIndex(TokenizedPapers.of(papers)), vectors, failure)

    def with_vectors(self, query: Query) -> Query:
        """Returns a query with its vectors. Raises QueryError if it asks for nearness and there are none."""
        if query.nearness_terms and self.failure:
            column = min(leaf.column for leaf in leaves(query.tree) if leaf.term.field.kind.needs_vectors)
            raise QueryError(self.failure.sentence, self.failure.hint, column)
        return rewriting.with_vectors(query, self.vectors)

    def found_by(self, query: Query) -> list[Paper]:
        """Returns what a query finds; nearest first, if it asks for nearness exactly once."""
        found = [self.papers[place] for place in self.index.positions(self.index.found_by(query))]
        if len(query.nearness_terms) != 1:
            return found
        asked = meaning.read_questions(query.nearness_terms[0].question)
        return sorted(found, key=lambda paper: -meaning.nearness_to_any(asked, meaning.read_paper(paper.meaning)))


def _encoded(papers: Sequence[Paper], terms: Sequence[Term]) -> tuple[list[Paper], dict[Term, bytes]]:
    """Returns papers with their codes, and the vectors of terms, by the encoder of the settings.

    Raises MeaningFails.
    """
    encoder = encoders.encoder_of(load_settings())
    if encoder is None:
        raise _NO_MEANING
    try:
        codes, questions = encoder.papers(papers), encoder.questions([term.value for term in terms])
    finally:
        encoder.close()
    coded = [replace(paper, meaning=code) for paper, code in zip(papers, codes, strict=True)]
    return coded, dict(zip(terms, questions, strict=True))
