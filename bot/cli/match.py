"""inspect, match, explain, demo: what digests contain, what a query means and finds there. None needs a database."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import TERMINAL_LANGUAGE, Json, Paths, drawing
from bot.cli.output import print_error, print_json, print_line, tell
from bot.digests import INFO, read_digest
from bot.digests.files import BOM, STDIN, list_folder, paths_of, read_file
from bot.embeddings import process as encoders
from bot.rendering.cleaning import readable
from bot.rendering.queries_in_words import as_one_word, query_in_words
from bot.rendering.queries_in_words import explain as explained
from bot.settings import SourceSettings, load_settings, load_sources
from subscriptions.errors import (
    EmbeddingError,
    PaperwireError,
    QueryError,
    Sentence,
    UnknownFormat,
    UnreadableInput,
    WrongUsage,
    brief,
)
from subscriptions.matching import similarity as meaning
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers, merge_copies
from subscriptions.matching.reasons import why
from subscriptions.model import Digest, DigestWarning, Paper
from subscriptions.query import LIKE, parse, rewriting
from subscriptions.query.tree import Query, Term, leaves
from subscriptions.schedule.times import read_when, typed_query
from subscriptions.text.escaping import escaped
from subscriptions.text.statements import LEADING

Document = dict[str, Any]  # as JSON
SourceOf = Callable[[str], SourceSettings | None]  # path of a file → the source that watches it, None if there is none
Read = tuple[str, SourceSettings | None, Digest | PaperwireError]  # (path of a document, its source, what is in it)

_MOST_COUNTS = 3  # in one cell
_OPENING = 80  # characters of the abstract that are shown for a paper without a title


def inspect(
    paths: Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    watched = watching(load_sources())
    read = list(digests_in(paths, "Reading", watched))
    reports = [digest_report(path, digest, papers=papers) for path, _, digest in read]
    tell({"digests": reports}, lambda: show(reports, [one for *_, one in read]), json=json)
    return 1 if any(report["error"] for report in reports) else 0


def demo(
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of the gallery.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    from bot.demo import run_demo  # noqa: PLC0415 - loads the store, which takes 900 ms; `inspect` does not need it

    return run_demo(out, drawing.console(sys.stdout))


def watching(sources: Iterable[SourceSettings]) -> SourceOf:
    """Return which of these sources watches a file, as their folders are now; the first, if there are several."""
    files: dict[str, SourceSettings] = {}
    for source in sources:
        if source.path is None:
            continue
        with suppress(UnreadableInput):  # a folder that does not exist counts as empty
            for name in list_folder(str(source.path)):
                files.setdefault(os.path.abspath(name), source)  # noqa: PTH100 - removes "..", but follows no links
    return lambda path: None if path == STDIN else files.get(os.path.abspath(path))  # noqa: PTH100 - as above


def digests_in(
    paths: Iterable[str], what: str, source_of: SourceOf = lambda _: None, *, day: date | None = None
) -> Iterator[Read]:
    """Yield each document, read with the format and language of its source. Meanwhile, a bar says `what` is done.

    `day`: that of digests that name none.
    """
    for path in drawing.watched(list(paths_of(paths)), what):
        source = source_of(path)
        form, language = (source.format, source.language) if source else (None, None)
        try:
            yield path, source, read_digest(read_file(path), path, format=form, day=day, language=language)
        except PaperwireError as error:
            yield path, source, error


def print_unread(errors: Iterable[PaperwireError]) -> None:
    """Print why each document could not be read, and once the formats that were expected."""
    expected: dict[str, None] = {}
    for error in errors:
        print_error(brief(error) if isinstance(error, UnknownFormat) else str(error))
        if isinstance(error, UnknownFormat) and error.expected:
            expected[error.expected] = None
    for formats in expected:
        print_error(f"Expected one of: {formats}.")


def digest_report(path: str, read: Digest | PaperwireError, *, papers: bool) -> Document:
    """Return an element of "digests" in `inspect --json` (docs/commands.md), of a digest or of the error.

    Copies of a paper are counted once, except in "papers". Only with `papers` it has "items".
    """
    digest = Digest(format="", entries=()) if isinstance(read, PaperwireError) else read
    first: dict[str, Paper] = {}
    for paper in digest.entries:
        first.setdefault(paper.key, paper)
    kept = first.values()
    states = Counter(_summary_state(paper) for paper in kept)
    usable = [paper for paper in kept if _summary_state(paper) == "usable"]
    report = {
        "path": path,
        "format": digest.format or None,
        "date": digest.day.isoformat() if digest.day else None,
        "papers": len(digest.entries),
        "unique": len(kept),
        "categories": dict(Counter(paper.primary for paper in kept if paper.primary)),
        "declared": dict(digest.declared) if digest.declared is not None else None,
        "announce_types": dict(Counter(paper.announce_type.value for paper in kept if paper.announce_type)),
        "summaries": {state: states[state] for state in ("usable", "failed", "missing")},
        "languages": dict(Counter(paper.summaries[0].language for paper in usable)),
        "warnings": [warning_document(warning) for warning in digest.warnings],
        "error": str(read) if isinstance(read, PaperwireError) else None,
    }
    return report | ({"items": [paper_document(paper) for paper in kept]} if papers else {})


def _summary_state(paper: Paper) -> str:
    """Return "failed", "usable" or "missing". A summary is usable if it has its first field (tldr or task)."""
    if paper.failed:
        return "failed"
    leading = any(name in summary.fields for summary in paper.summaries for name in LEADING)
    return "usable" if leading else "missing"


def warning_document(warning: DigestWarning) -> Document:
    """Return a warning as the object that `inspect --json` and `ingest --json` print."""
    return {"code": warning.code, "count": warning.count, "message": warning.message}


def paper_document(paper: Paper) -> Document:
    """Return a paper as the object that `inspect --json --papers` prints."""
    return {
        "key": paper.key,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "primary": paper.primary,
        "url": paper.url,
        "abstract": paper.abstract,
        "venue": paper.venue or None,
        "date": paper.published or None,
        "announce_type": paper.announce_type.value if paper.announce_type else None,
        "summaries": {summary.language: dict(summary.fields) for summary in paper.summaries},
        "translations": {one.language: {"title": one.title, "abstract": one.abstract} for one in paper.translations},
        "failed": paper.failed,
    }


def show(reports: Sequence[Document], read: Sequence[Digest | PaperwireError]) -> None:
    """Print a row for each digest, then what is worth knowing about some, the papers, and what could not be read."""
    readable = [report for report in reports if report["error"] is None]
    rows = []
    for report in readable:
        copies, failed = report["papers"] - report["unique"], report["summaries"]["failed"]
        is_named = any(warning["code"] == "date_from_name" for warning in report["warnings"])
        summaries = [_counts(report["languages"]) if report["languages"] else "", f"{failed} failed" if failed else ""]
        row = (
            report["path"],
            report["format"] or "",
            (report["date"] or "–") + ("*" if is_named else ""),
            f"{report['unique']} (+{copies})" if copies else str(report["unique"]),
            ", ".join(filter(None, summaries)) or "–",
            _counts(report["categories"]) or "–",
        )
        rows.append(row)
    if rows:
        drawing.print_rows(("File", "Format", "Date", "Papers", "Summaries", "Categories"), rows, right="Papers")
    if any(date.endswith("*") for _, _, date, *_ in rows):
        print_line("* from the file name")
    for report in readable:
        print_warnings(report["path"], report["warnings"])
    for report in readable:
        if "items" in report:
            print_line("", escaped(report["path"]))
            unknown = "title unknown: {abstract:.80}".format_map
            items = ((one["key"], one["primary"] or "–", one["title"] or unknown(one)) for one in report["items"])
            drawing.print_rows(("Paper", "Category", "Title"), items)
    print_unread(one for one in read if isinstance(one, PaperwireError))
    if not reports:
        print_error("There is no file to read.")


def print_warnings(path: str, warnings: Sequence[Document]) -> None:
    """Print the warnings about a digest that a person can do something about."""
    for warning in warnings:
        if warning["code"] not in INFO:
            print_line(f"! {escaped(path)}: {escaped(warning['message'])}")


def _counts(counts: Mapping[str, int]) -> str:
    """Return the largest counts as text: `cs.LG 6, cs.CL 4, cs.CV 3, …`."""
    shown = ", ".join(f"{name} {count}" for name, count in Counter(counts).most_common(_MOST_COUNTS))
    return f"{shown}, …" if len(counts) > _MOST_COUNTS else shown


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Explain a query: its meaning in words, its canonical text, and what was guessed."""
    if json:
        explanation = explained(query, TERMINAL_LANGUAGE.translate)
        print_json(explanation)
        return 1 if explanation["error"] else 0
    with drawing.reporting_query_errors(query):
        ending = typed_query(query)
        read = parse.parse_query(ending.query)
        print_line(query_in_words(read, TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            print_line(f"  ({hint.say(TERMINAL_LANGUAGE.translate)})")
        if joined := as_one_word(read):
            print_line(f"also as one word: {', '.join(joined)}")
        print_line(f"canonical: {read.canonical}")
        if ending.when:
            print_line(f"time: {read_when(ending.when)} (“{ending.when}” in quotation marks is words)")
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
    text, *paths = given
    if not paths:
        usage = "Write paperwire match QUERY PATH…, or paperwire match --queries FILE PATH…"
        raise WrongUsage("There is no digest to look into.", usage)
    with drawing.reporting_query_errors(text, {"query": None, "text": text} if json else None):
        parsed = _parsed(text)
        papers, status = _read(paths)
        (searched,) = _searched(papers, [parsed])
        if isinstance(searched, QueryError):
            raise searched
    query, found = searched
    document = {
        "query": query.canonical,
        "text": text,
        "keys": [paper.key for paper in found],
        "why": {paper.key: _reasons(query, paper) for paper in found},
    }

    def show() -> None:
        reading = query_in_words(query, TERMINAL_LANGUAGE.translate)
        print_line(f"{reading}: {len(found)} of {len(papers)} papers")
        for paper in found:
            # TeX is read as letters first, or a word that matched would be a piece of TeX
            shown = replace(paper, title=readable(paper.title), abstract=readable(paper.abstract))
            print_line(f"  {escaped(paper.key)}  {escaped(shown.title or shown.abstract[:_OPENING])}")
            reasons = _reasons(query, shown) or _reasons(query, paper)
            words = (f"{one['near']:.2f}" if "near" in one else ", ".join(one["terms"]) for one in reasons)
            said = (f"{one['field']}: {word}" for one, word in zip(reasons, words, strict=True))
            print_line("    " + "; ".join(said))

    tell(document, show, json=json)
    return status


def _reasons(query: Query, paper: Paper) -> list[dict[str, Any]]:
    """Return the fields of a paper in which the query matched, each with the words that matched."""
    fields: dict[str, dict[str, None]] = {}
    near: list[dict[str, Any]] = []
    for hit in why(query, paper):
        if hit.near is None:
            fields.setdefault(hit.field.name, {}).update(dict.fromkeys(hit.terms))
        else:
            near.append({"field": hit.field.name, "terms": [*hit.terms], "near": hit.near})
    return [*({"field": name, "terms": [*terms]} for name, terms in fields.items()), *near]


def _match_file(file: str, paths: list[str], *, json: bool) -> int:
    data = read_file(file).removeprefix(BOM).replace(b"\r\n", b"\n")
    text = data.decode("utf-8", "surrogateescape")  # bytes that are not UTF-8 are refused with their line
    lines = text.removesuffix("\n").split("\n") if text else []
    papers, status = _read(paths)
    known: dict[str, Query] = {}  # text of a line → its query
    refused: dict[str, str] = {}  # text of a line → why it is refused
    for line in dict.fromkeys(lines):
        try:
            known[line] = _parsed(line)
        except QueryError as error:
            refused[line] = str(error)
    keys: dict[str, list[str]] = {}  # text of a line → what it finds
    for line, searched in zip(known, _searched(papers, known.values()), strict=True):
        if isinstance(searched, QueryError):
            refused[line] = str(searched)
        else:
            keys[line] = [paper.key for paper in searched[1]]
    report: dict[str, Any] = {  # docs/commands.md
        "queries": len(lines),
        "unique": len({known[line].canonical for line in keys}),
        "papers": len(papers),
        "pairs": sum(len(keys.get(line, ())) for line in lines),
        "matches": [(number, keys[line]) for number, line in enumerate(lines, 1) if keys.get(line)],
        "refused": [(number, refused[line]) for number, line in enumerate(lines, 1) if line in refused],
    }

    def show() -> None:
        counts = "{queries:,} queries, {unique:,} of them different; {papers:,} papers; {pairs:,} pairs."
        print_line(counts.format_map(report))
        for line, found in report["matches"]:
            print_line(f"{line:>6}  {escaped(' '.join(found))}")
        for line, reason in report["refused"]:
            print_error(f"line {line} is refused: {reason}")

    tell(report, show, json=json)
    return status


def _read(paths: list[str]) -> tuple[tuple[Paper, ...], int]:
    """Return (papers, exit status). Print a sentence on stderr for each document that cannot be read."""
    read = [one for *_, one in digests_in(paths, "Reading")]
    unread = [one for one in read if isinstance(one, PaperwireError)]
    print_unread(unread)
    entries = [paper for one in read if isinstance(one, Digest) for paper in one.entries]
    return merge_copies(entries), 1 if unread else 0


def _parsed(text: str) -> Query:
    """Return the query of a text. Raise QueryError, also for bytes that are not UTF-8, and for stored papers."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(Sentence("This line is not UTF-8 text."), Sentence(""), error.start + 1) from None
    query = parse.parse_query(typed_query(text, searches=True).query)
    if query.named:
        raise QueryError(
            Sentence("like: asks for papers that are stored, and match stores none."),
            Sentence('In a chat it works: paperwire say "search like:2601.11522" --as console:me'),
            min(leaf.column for leaf in leaves(query.tree) if leaf.term.field is LIKE),
        )
    return query


def _searched(papers: Sequence[Paper], queries: Collection[Query]) -> Iterator[tuple[Query, list[Paper]] | QueryError]:
    """Yield for each query (it with its vectors, what it finds: nearest first, if it asks for nearness exactly once).

    An error in place of it: it asks for nearness, and there are no vectors.
    """
    vectors: Mapping[Term, bytes] = {}
    failure: EmbeddingError | None = None
    if terms := list(dict.fromkeys(term for query in queries for term in query.nearness_terms)):
        try:
            papers, vectors = _encoded(papers, terms)
        except EmbeddingError as error:
            failure = error
    index = PaperIndex(TokenizedPapers.of(papers))
    for one in queries:
        if one.nearness_terms and failure:
            column = min(leaf.column for leaf in leaves(one.tree) if leaf.term.field.kind.needs_vectors)
            yield QueryError(failure.sentence, failure.hint, column)
            continue
        query = rewriting.with_vectors(one, vectors)
        found = [papers[place] for place in index.positions(index.found_by(query))]
        if len(query.nearness_terms) == 1:
            asked = meaning.read_questions(query.nearness_terms[0].question)
            found.sort(key=lambda paper: -meaning.nearness_to_any(asked, meaning.read_paper(paper.meaning)))
        yield query, found


def _encoded(papers: Sequence[Paper], terms: Sequence[Term]) -> tuple[list[Paper], dict[Term, bytes]]:
    """Return papers with their codes, and the vectors of terms, by the encoder of the settings.

    Raise EmbeddingError.
    """
    encoder = encoders.encoder_of(load_settings())
    if encoder is None:
        raise EmbeddingError(
            Sentence("Meaning is off here, so it is not known what is near."),
            Sentence("Install paperwire[meaning], and leave PAPERWIRE_MEANING on."),
        )
    try:
        codes, questions = encoder.papers(papers), encoder.questions([term.value for term in terms])
    finally:
        encoder.close()
    coded = [replace(paper, meaning=code) for paper, code in zip(papers, codes, strict=True)]
    return coded, dict(zip(terms, questions, strict=True))
