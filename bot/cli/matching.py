"""match: which papers of digests a query finds; the same for a file of queries. Needs no database."""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import typer

from bot.cli import arguments, output
from bot.cli.arguments import Json
from bot.errors import WrongUsage
from bot.meaning import encoders
from bot.rendering.queries_in_words import query_in_words
from bot.settings import load_settings
from subscriptions import meaning
from subscriptions.errors import MeaningFails, PaperwireError, QueryError, Sentence
from subscriptions.matching import paper_index
from subscriptions.matching.reasons import why
from subscriptions.model import Paper
from subscriptions.query import ABOUT, LIKE, parse, rewriting
from subscriptions.query.tree import Query, Term, leaves
from subscriptions.texts import escaped

_ASKS = re.compile(
    rf"(?:{'|'.join((*ABOUT.names, *LIKE.names))})\s*[:：]", re.IGNORECASE
)  # a line that may ask for meaning
_NO_MEANING = MeaningFails(
    Sentence("Meaning is off here, so it is not known what is near."),
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
        vectors = _Vectors.of(query.nearness_terms, papers)
        query, papers, unknown = vectors.of_query(query), vectors.papers, vectors.unknown_in(query)
    found = _nearest_first(query, [papers[place] for place in paper_index.matching_papers(query, papers)])
    if json:
        keys = [paper.key for paper in found]
        document = {
            "query": query.canonical,
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
    """Returns the papers that a query found; nearest first, if the query asks for nearness exactly once."""
    if len(query.nearness_terms) != 1:
        return found
    asked = meaning.read_questions(query.nearness_terms[0].question)
    return sorted(found, key=lambda paper: -meaning.nearness_to_any(asked, meaning.read_paper(paper.meaning)))


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


def _terms_asking(lines: list[str]) -> list[Term]:
    """Returns the terms of lines that ask for nearness, each once."""
    found: dict[Term, None] = {}
    for line in lines:
        if _ASKS.search(line):
            with suppress(QueryError):
                found |= dict.fromkeys(parse.parse_query(_encodable(line)).nearness_terms)
    return list(found)


@dataclass(frozen=True, slots=True)
class _Vectors:
    """What queries ask and papers mean, as vectors; or why there are none."""

    papers: tuple[Paper, ...]
    known: dict[Term, bytes] = field(default_factory=dict)
    failure: MeaningFails | None = None

    @classmethod
    def of(cls, terms: Collection[Term], papers: tuple[Paper, ...]) -> "_Vectors":
        """Makes the vectors with the encoder of the settings, which are read only if a term asks for nearness."""
        if not terms:
            return cls(papers)
        encoder = encoders.encoder_of(load_settings())
        if encoder is None:
            return cls(papers, failure=_NO_MEANING)
        texts = [term for term in terms if term.field is ABOUT]
        try:
            codes, questions = encoder.papers(papers), encoder.questions([term.value for term in texts])
        except MeaningFails as error:
            return cls(papers, failure=error)
        finally:
            encoder.close()
        coded = tuple(replace(paper, meaning=code) for paper, code in zip(papers, codes, strict=True))
        known = dict(zip(texts, questions, strict=True))
        return cls(coded, known | {term: _of_papers(term, coded) for term in terms if term.field is LIKE})

    def of_query(self, query: Query) -> Query:
        """Returns the query with its vectors. Raises QueryError if it asks for nearness, and there are none."""
        if query.nearness_terms and self.failure:
            column = min(leaf.column for leaf in leaves(query.tree) if leaf.term.field.kind.needs_vectors)
            raise QueryError(self.failure.sentence, self.failure.hint, column)
        return rewriting.with_vectors(query, self.known)

    def unknown_in(self, query: Query) -> tuple[str, ...]:
        """Returns a sentence for each paper that a query names and that is not in the digests."""
        names = {name for paper in self.papers for name in _names_of(paper)} if query.named else {}
        return tuple(
            f"{one} is not in these digests, so nothing is near to it." for one in query.named if one not in names
        )


def _names_of(paper: Paper) -> tuple[str | None, ...]:
    return paper.arxiv_id, paper.doi, paper.key


def _of_papers(term: Term, papers: tuple[Paper, ...]) -> bytes:
    """Returns what is near to those of the papers that a term names."""
    names = term.value.split(",")
    return b"".join(meaning.question_of_paper(one.meaning) for one in papers if not {*names}.isdisjoint(_names_of(one)))


@dataclass(slots=True)
class _QueryFile:
    """The queries of a file, each different text once."""

    queries: dict[str, Query] = field(default_factory=dict)  # text of a line → its query
    reasons: dict[str, str] = field(default_factory=dict)  # text of a line → why it is refused
    hints: list[tuple[int, str]] = field(default_factory=list)  # (line from 1, sentence about a missing paper)


def _match_file(file: str, paths: list[str], *, json: bool) -> int:
    texts = _lines_of(arguments.content(file))
    papers, status = _read(paths)
    vectors = _Vectors.of(_terms_asking(texts), papers)
    index = paper_index.PaperIndex.of(vectors.papers)
    lines = _read_queries(texts, vectors)
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


def _read_queries(texts: list[str], vectors: _Vectors) -> _QueryFile:
    """Reads every line as a query."""
    lines = _QueryFile()
    for number, text in enumerate(texts, start=1):
        if text in lines.queries or text in lines.reasons:
            continue
        try:
            query = vectors.of_query(parse.parse_query(_encodable(text)))
        except QueryError as error:
            lines.reasons[text] = str(error)
        else:
            lines.queries[text] = query
            lines.hints += [(number, sentence) for sentence in vectors.unknown_in(query)]
    return lines
