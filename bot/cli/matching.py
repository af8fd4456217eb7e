"""match: which papers of digests a query finds; the same for a file of queries. Needs no database."""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import arguments, output
from bot.cli.arguments import Json
from bot.errors import WrongUsage
from bot.rendering.queries_in_words import query_in_words
from bot.settings.loading import load_settings
from bot.settings.models import encoder_of
from subscriptions import meaning
from subscriptions.errors import MeaningFails, PaperwireError, QueryError, Sentence
from subscriptions.matching import paper_index
from subscriptions.matching.profiles import PapersAtHand
from subscriptions.matching.reasons import why
from subscriptions.model import Paper
from subscriptions.query import ABOUT, papers_of_queries, parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.texts import escaped

_ASKS = re.compile(rf"(?:{'|'.join(ABOUT.names)})\s*[:：]", re.IGNORECASE)  # a line that may ask for meaning
_NO_MEANING = MeaningFails(
    Sentence("Meaning is off here, so nothing is near to a text."),
    Sentence("Install paperwire[meaning], and leave PAPERWIRE_MEANING on."),
)
_USAGE = "Write paperwire match QUERY PATH…, or paperwire match --queries FILE PATH…"


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
        raise WrongUsage("There is no digest to look into.", _USAGE)
    return _match_one(query, paths, json=json)


def _match_one(text: str, paths: list[str], *, json: bool) -> int:
    with arguments.reporting_query_errors(text, {"query": None, "text": text} if json else None):
        query = parse.parse_query(text)
        papers, status = _read(paths)
        canonical = query.canonical  # before the vectors and words of papers are added
        asking = _Asking.of(query.asked, papers)
        query, papers = asking.query(query), asking.papers
    query, unknown = _knowing(query, PapersAtHand(papers))
    found = _nearest_first(query, [papers[place] for place in paper_index.matching_papers(query, papers)])
    if json:
        keys = [paper.key for paper in found]
        document = {
            "query": canonical,
            "text": text,
            "keys": keys,
            "why": {paper.key: _reasons(query, paper) for paper in found},
        }
        output.print_json(document | ({"hints": list(unknown)} if unknown else {}))
        return status
    for sentence in unknown:
        output.print_error(sentence)
    output.print_line(
        f"{query_in_words(query, arguments.TERMINAL_LANGUAGE.translate)}: {len(found)} of {len(papers)} papers"
    )
    for paper in found:
        output.print_line(f"  {escaped(paper.key)}  {escaped(paper.title or paper.abstract[:80])}")
        output.print_line("    " + "; ".join(map(_in_words, _reasons(query, paper))))
    return status


def _in_words(reason: dict[str, Any]) -> str:
    if "near" in reason:
        return f"{reason['field']}: {reason['near']:.2f}"
    return f"{reason['field']}: {', '.join(reason['terms'])}"


def _nearest_first(query: Query, found: list[Paper]) -> list[Paper]:
    """Returns the papers that a query found; nearest first, if the query asks for nearness to exactly one text."""
    asked = [term for term in query.terms if term.field is ABOUT]
    if len(asked) != 1 or not asked[0].question:
        return found
    question = meaning.read_question(asked[0].question)
    return sorted(found, key=lambda paper: -meaning.nearness(question, meaning.read_paper(paper.meaning)))


def _knowing(query: Query, papers: PapersAtHand) -> tuple[Query, tuple[str, ...]]:
    """Returns (query, sentences). The query contains the words of the papers that its `like:` terms name.

    Each sentence names one of these papers that is not in the digests.
    """
    named = papers_of_queries.papers_named_in(query)
    if not named:
        return query, ()
    words = papers.words(named)
    unknown = tuple(
        f"{value} is not in these digests, so nothing is near to it." for value in named if value not in words
    )
    return parse.parse_query(query.text, query.fields.knowing(words)), unknown


def _read(paths: list[str]) -> tuple[tuple[Paper, ...], int]:
    """Returns (papers, exit status). Prints a sentence on stderr for each document that cannot be read."""
    entries, status = list[Paper](), 0
    for _, read in arguments.digests_in(arguments.documents(paths)):
        if isinstance(read, PaperwireError):
            arguments.print_read_error(read)
            status = 1
        else:
            entries += read.entries
    return paper_index.merge_copies(entries), status


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


def _texts_asked(lines: list[str]) -> list[str]:
    """Returns the texts to which lines ask for nearness in meaning, each once."""
    found: dict[str, None] = {}
    for line in lines:
        if _ASKS.search(line):
            with suppress(QueryError):
                found |= dict.fromkeys(parse.parse_query(_encodable(line)).asked)
    return list(found)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What queries ask about and papers mean, as vectors; or why there are none."""

    papers: tuple[Paper, ...]
    questions: dict[str, bytes] = field(default_factory=dict)
    failure: MeaningFails = _NO_MEANING

    @classmethod
    def of(cls, texts: Collection[str], papers: tuple[Paper, ...]) -> "_Asking":
        """Makes the vectors with the encoder of the settings, which are read only if a text is asked about."""
        encoder = None
        if texts:
            encoder = encoder_of(load_settings(os.environ, Path.cwd()))
        if encoder is None:
            return cls(papers)
        try:
            codes, questions = encoder.papers(papers), encoder.questions([*texts])
        except MeaningFails as error:
            return cls(papers, failure=error)
        finally:
            encoder.close()
        with_codes = (replace(paper, meaning=code) for paper, code in zip(papers, codes, strict=True))
        return cls(tuple(with_codes), dict(zip(texts, questions, strict=True)))

    def query(self, query: Query) -> Query:
        """Returns the query with its vectors. Raises QueryError if it asks for nearness, and there are none."""
        if query.asked and not self.questions:
            column = min(papers_of_queries.columns_asked(query).values())
            raise QueryError(self.failure.sentence, self.failure.hint, column)
        return rewriting.with_vectors(query, self.questions)


@dataclass(slots=True)
class _QueryFile:
    """The queries of a file, each different text once."""

    queries: dict[str, Query] = field(default_factory=dict)  # text of a line → its query
    reasons: dict[str, str] = field(default_factory=dict)  # text of a line → why it is refused
    hints: list[tuple[int, str]] = field(default_factory=list)  # (line from 1, sentence about a missing paper)


def _match_file(file: str, paths: list[str], *, json: bool) -> int:
    texts = _lines_of(arguments.content(file))
    papers, status = _read(paths)
    asking = _Asking.of(_texts_asked(texts), papers)
    index = paper_index.PaperIndex.of(asking.papers)
    lines = _read_queries(texts, PapersAtHand(index.papers), asking)
    keys: dict[str, list[str]] = {}  # text of a line → what it finds
    for text, query in lines.queries.items():
        found = [index.papers[place] for place in index.positions(index.found_by(query))]
        keys[text] = [paper.key for paper in _nearest_first(query, found)]
    report: dict[str, Any] = {  # docs/commands.md
        "queries": len(texts),
        "unique": len({query.canonical for query in lines.queries.values()}),
        "papers": len(index.papers),
        "pairs": sum(len(keys.get(text, ())) for text in texts),
        "matches": [(line, keys[text]) for line, text in enumerate(texts, 1) if keys.get(text)],
        "refused": [(line, lines.reasons[text]) for line, text in enumerate(texts, 1) if text in lines.reasons],
    }
    if lines.hints:
        report["hints"] = lines.hints
    output.tell(report, lambda: _show_file(report), json=json)
    return status


def _show_file(report: dict[str, Any]) -> None:
    output.print_line(
        f"{report['queries']:,} queries, {report['unique']:,} of them different; "
        f"{report['papers']:,} papers; {report['pairs']:,} pairs."
    )
    for line, keys in report["matches"]:
        output.print_line(f"{line:>6}  {' '.join(keys)}")
    for line, hint in report.get("hints", ()):
        output.print_error(f"line {line}: {hint}")
    for line, reason in report["refused"]:
        output.print_error(f"line {line} is refused: {reason}")


def _lines_of(data: bytes) -> list[str]:
    """Returns the lines of a file, without line ends. Bytes that are not UTF-8 become surrogates."""
    lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _encodable(text: str) -> str:
    """Returns the text. Raises QueryError for bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(Sentence("This line is not UTF-8 text."), Sentence(""), error.start + 1) from None
    return text


def _read_queries(texts: list[str], papers: PapersAtHand, asking: _Asking) -> _QueryFile:
    """Reads every line as a query. `papers`: those that lines may name."""
    lines = _QueryFile()
    for number, text in enumerate(texts, start=1):
        if text in lines.queries or text in lines.reasons:
            continue
        try:
            query, unknown = _knowing(asking.query(parse.parse_query(_encodable(text))), papers)
        except QueryError as error:
            lines.reasons[text] = str(error)
        else:
            lines.queries[text] = query
            lines.hints += [(number, sentence) for sentence in unknown]
    return lines
