"""explain, inspect, match, demo: what needs no database."""

import os
import re
import sys
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated, NotRequired, TypedDict

import typer

from bot.cli import output
from bot.cli.arguments import TERMINAL_LANGUAGE, Json, Paths, error_document, reporting_query_errors
from bot.cli.documents import SourceFiles, content, digests_in, documents, print_expected_formats, print_read_error
from bot.cli.tables import print_table, progress
from bot.digests.report import MANY, DigestTables, Overview, Refusals, Report, digest_report
from bot.errors import WrongUsage
from bot.rendering.query_text import explain as explained
from bot.rendering.query_text import query_in_words
from bot.settings import load_sources
from subscriptions.errors import PaperwireError, QueryError, Sentence
from subscriptions.matching.batch import match as match_all
from subscriptions.matching.batch import prepare
from subscriptions.matching.hits import why
from subscriptions.matching.paper_index import PaperIndex, matching_papers, merge_copies
from subscriptions.matching.query_set import QuerySet, dump, load
from subscriptions.model import Digest, Paper
from subscriptions.query import LIKE, Query
from subscriptions.query.parse import papers_named_in, parse_query
from subscriptions.ranking import PapersAtHand
from subscriptions.text import escaped


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Say what a query means in words, its canonical text, and what was guessed."""
    if json:
        explanation = explained(query, TERMINAL_LANGUAGE.translate)
        output.print_json(explanation)
        return 1 if explanation["error"] else 0
    with reporting_query_errors(query):
        read = parse_query(query)
        output.print_line(query_in_words(read, TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            output.print_line(f"  ({hint.say(TERMINAL_LANGUAGE.translate)})")
        output.print_line(f"canonical: {read.canonical}")
    return 0


def inspect(
    paths: Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    reports, refused = [], []
    watched = SourceFiles.listed(load_sources(os.environ, Path.cwd()))
    with progress(documents(paths), "Reading") as found:
        for path, read in digests_in(found, watched.source_of):
            reports.append(digest_report(path, read, papers=papers))
            if isinstance(read, PaperwireError):
                refused.append((path, read))
    hidden = () if papers else ("items",)
    shown = [{name: value for name, value in report.items() if name not in hidden} for report in reports]
    readable = [report for report in reports if report["error"] is None]
    output.tell({"digests": shown}, lambda: _show_reports(readable, refused, each=papers), json=json)
    return 1 if refused else 0


def _show_reports(reports: list[Report], refused: list[tuple[str, PaperwireError]], *, each: bool) -> None:
    """Prints a row per document; with more than a screen holds, a row per format and per reason, unless `each` is set."""
    many = len(reports) + len(refused) > MANY
    if reports:
        print_table(Overview(reports) if many and not each else DigestTables(reports))
    if many and refused:
        print_table(Refusals(refused, len(reports) + len(refused)), to_stderr=True)
    else:
        for _, error in refused:
            print_read_error(error)
        print_expected_formats(error for _, error in refused)
    if not reports and not refused:
        output.print_error("There is no file to read.")


if sys.platform != "win32":
    import resource

_MOST_ADDED = 1000
_NEW_WORD = "paperwire"  # makes a query another one
_REFUSED = -1  # in place of the handle of a line that is no query
_NAMES_PAPERS = re.compile(rf"(?:{'|'.join(LIKE.names)})\s*[:：]", re.IGNORECASE)  # a line that may name papers
_USAGE = "Write paperwire match QUERY PATH…, or paperwire match --queries FILE PATH…"


def match(
    arguments: Annotated[
        list[str], typer.Argument(metavar="[QUERY] PATH…", help="A query, then digests: files, folders, or -.")
    ],
    *,
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="FILE", help="One query per line, all matched together.")
    ] = None,
    no_matches: Annotated[
        bool, typer.Option("--no-matches", help="With --queries: leave the papers out, only count.")
    ] = False,
    json: Json = False,
) -> int:
    """Find the papers of digests that a query fits, and say why."""
    if queries is not None:
        return _match_file(queries, arguments, listed=not no_matches, json=json)
    query, *paths = arguments
    if not paths:
        raise WrongUsage(Sentence("There is no digest to look into."), Sentence(_USAGE))
    return _match_one(query, paths, json=json)


def _match_one(text: str, paths: list[str], *, json: bool) -> int:
    try:
        query = parse_query(text)
    except QueryError as error:
        if json:
            output.print_json({"query": None, "text": text, "error": error_document(error)})
            return 1
        with reporting_query_errors(text):
            raise
    digests, status = _read(paths)
    papers = merge_copies(paper for digest in digests for paper in digest.entries)
    canonical = query.canonical  # of the text alone, without the words of papers
    query, unknown = _knowing(query, PapersAtHand(papers))
    found = [papers[place] for place in matching_papers(query, papers)]
    if json:
        keys = [paper.key for paper in found]
        document = {"query": canonical, "text": text, "keys": keys, "why": _reasons(query, found)}
        output.print_json(document | ({"hints": list(unknown)} if unknown else {}))
        return status
    for sentence in unknown:
        output.print_error(sentence)
    output.print_line(f"{query_in_words(query, TERMINAL_LANGUAGE.translate)}: {len(found)} of {len(papers)} papers")
    for paper in found:
        output.print_line(f"  {escaped(paper.key)}  {escaped(paper.title or paper.abstract[:80])}")
        output.print_line(
            "    "
            + "; ".join(f"{hit['field']}: {', '.join(hit['terms'])}" for hit in _reasons(query, [paper])[paper.key])
        )
    return status


def _knowing(query: Query, papers: PapersAtHand) -> tuple[Query, tuple[str, ...]]:
    """Returns the query with the words of the papers that it names (`like:`), and a sentence for those that are not there."""
    named = papers_named_in(query)
    if not named:
        return query, ()
    words = papers.words(named)
    unknown = tuple(
        f"{value} is not in these digests, so nothing is near to it." for value in named if value not in words
    )
    return parse_query(query.text, query.fields.knowing(words)), unknown


def _read(paths: list[str]) -> tuple[list[Digest], int]:
    """Returns (digests, exit status). Prints a sentence on stderr for each document that cannot be read."""
    digests, status = [], 0
    for _, read in digests_in(documents(paths)):
        if isinstance(read, PaperwireError):
            print_read_error(read)
            status = 1
        else:
            digests.append(read)
    return digests, status


class MatchedField(TypedDict):
    """A field of a paper in which a query matched, and the words of the field that matched."""

    field: str
    terms: list[str]


def _reasons(query: Query, papers: list[Paper]) -> dict[str, list[MatchedField]]:
    """Returns the matched fields of each paper, by key."""
    reasons: dict[str, list[MatchedField]] = {}
    for paper in papers:
        fields: dict[str, list[str]] = {}
        for hit in why(query, paper):
            terms = fields.setdefault(hit.field.name, [])
            terms += [term for term in hit.terms if term not in terms]
        reasons[paper.key] = [MatchedField(field=name, terms=terms) for name, terms in fields.items()]
    return reasons


class BatchReport(TypedDict):
    """The document of `match --queries FILE --json` (docs/commands.md)."""

    queries: int
    unique: int
    papers: int
    pairs: int
    peak_rss_bytes: int
    timings: dict[str, float]  # seconds, and µs
    refused: list[tuple[int, str]]  # (line from 1, why)
    hints: NotRequired[list[tuple[int, str]]]  # (line from 1, which papers are not there), if a line names some
    matches: NotRequired[list[tuple[int, list[str]]]]  # (line from 1, keys) of lines with matches


@dataclass(slots=True)
class _QueryFile:
    """The queries of a file, compiled."""

    queries: QuerySet
    handles: "array[int]" = field(default_factory=lambda: array("q"))  # one for each line, in order
    refused: list[tuple[int, str]] = field(default_factory=list)  # (line from 1, why)
    hints: list[tuple[int, str]] = field(default_factory=list)  # (line from 1, which papers are not there)


def _match_file(file: str, paths: list[str], *, listed: bool, json: bool) -> int:
    data = content(file)
    texts = _lines_of(data)
    began = perf_counter()
    digests, status = _read(paths)
    index = PaperIndex.of(merge_copies(paper for digest in digests for paper in digest.entries))
    parsed = perf_counter()
    near_to = PapersAtHand(index.papers) if any(name.encode() in data.lower() for name in LIKE.names) else None
    lines = _compiled(texts, near_to)
    prepare(lines.queries)
    compiled = perf_counter()
    found = match_all(lines.queries, index)
    matched = perf_counter()
    saved = dump(lines.queries)
    saving = perf_counter()
    restored = load(saved)
    loaded = perf_counter()
    keys = {handle: [index.papers[place].key for place in index.positions(bits)] for handle, bits in found.items()}
    report = BatchReport(
        queries=len(lines.handles),
        unique=len(lines.queries),
        papers=len(index.papers),
        pairs=sum(len(keys.get(handle, ())) for handle in lines.handles),
        peak_rss_bytes=_peak_rss_bytes(),
        timings={
            "parse_s": parsed - began,
            "compile_s": compiled - parsed,
            "match_s": matched - compiled,
            "snapshot_load_s": loaded - saving,
            "add_us": _seconds_to_add(restored, texts) * 1e6,
        },
        refused=lines.refused,
    )
    if lines.hints:
        report["hints"] = lines.hints
    if listed:
        report["matches"] = [(line, keys[handle]) for line, handle in enumerate(lines.handles, 1) if handle in keys]
        report["peak_rss_bytes"] = _peak_rss_bytes()
    output.tell(report, lambda: _show_batch(report), json=json)
    return status


def _show_batch(report: BatchReport) -> None:
    counts = {name: f"{report[name]:,}" for name in ("queries", "unique", "papers", "pairs")}
    output.print_line(
        "{queries} queries, {unique} of them different; {papers} papers; {pairs} pairs.".format_map(counts)
    )
    times = ", ".join(
        f"{name.removesuffix('_s').replace('_', ' ')} {seconds:.3f} s"
        for name, seconds in report["timings"].items()
        if name.endswith("_s")
    )
    output.print_line(f"{times}; at most {report['peak_rss_bytes'] / 2**20:,.0f} MiB of memory.")
    for line, keys in report.get("matches", ()):
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


def _added(queries: QuerySet, text: str) -> int:
    """Adds the query in a line and returns its handle. Raises QueryError, also for bytes that are not UTF-8."""
    return queries.add_text(_encodable(text))


def _encodable(text: str) -> str:
    """Returns the text. Raises QueryError for bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(Sentence("This line is not UTF-8 text."), Sentence(""), error.start + 1) from None
    return text


def _compiled(texts: list[str], papers: PapersAtHand | None) -> _QueryFile:
    """Compiles every line as a query. Equal lines are compiled once. `papers`: of which some line may name one."""
    lines = _QueryFile(QuerySet())
    handles: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for number, text in enumerate(texts, start=1):
        handle = handles.get(text)
        if handle is None:
            try:
                if papers is not None and _NAMES_PAPERS.search(text):
                    query, unknown = _knowing(parse_query(_encodable(text)), papers)
                    lines.hints += [(number, sentence) for sentence in unknown]
                    handle = lines.queries.add(query)
                else:
                    handle = _added(lines.queries, text)
            except QueryError as error:
                handle, reasons[text] = _REFUSED, str(error)
            handles[text] = handle
        lines.handles.append(handle)
        if handle == _REFUSED:
            lines.refused.append((number, reasons[text]))
    return lines


def _seconds_to_add(queries: QuerySet, texts: list[str]) -> float:
    """Returns how long a set takes to take one new query more: the mean of up to a thousand."""
    some = [f"{text} {_NEW_WORD}" for text in texts[:: max(1, len(texts) // _MOST_ADDED)]]
    began = perf_counter()
    for text in some:
        with suppress(QueryError):
            _added(queries, text)
    return (perf_counter() - began) / max(1, len(some))


def _peak_rss_bytes() -> int:
    """Returns the peak memory of this process: VmHWM on Linux, the value of getrusage elsewhere, 0 on Windows."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, other systems KiB


def demo(
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the gallery goes.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    from bot.demo import run_demo  # noqa: PLC0415 - costs 900 ms; the others here need no store

    return run_demo(out, output.console(sys.stdout))
