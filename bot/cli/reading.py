"""explain, inspect, match, demo: the subcommands that need no database."""

import os
import re
import sys
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from bot.cli import arguments, output, tables
from bot.cli.arguments import Json, Paths, SourceFiles
from bot.digests.report import MANY, DigestTables, Overview, Refusals, Report, digest_report
from bot.errors import WrongUsage
from bot.rendering.language import explain as explained
from bot.rendering.language import query_in_words
from bot.settings.loading import load_sources
from subscriptions import errors, model
from subscriptions.matching import batch, paper_index
from subscriptions.matching.hits import why
from subscriptions.matching.ranking import PapersAtHand
from subscriptions.planning.times import split_when
from subscriptions.query import LIKE, Query, parse
from subscriptions.texts import escaped


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Explain a query: its meaning in words, its canonical text, and what was guessed."""
    if json:
        explanation = explained(query, arguments.TERMINAL_LANGUAGE.translate)
        output.print_json(explanation)
        return 1 if explanation["error"] else 0
    with arguments.reporting_query_errors(query):
        ending = split_when(query)
        read = parse.parse_query(ending.query)
        output.print_line(query_in_words(read, arguments.TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            output.print_line(f"  ({hint.say(arguments.TERMINAL_LANGUAGE.translate)})")
        output.print_line(f"canonical: {read.canonical}")
        if ending.when is not None:
            output.print_line(f"time: {ending.when} (in a chat; in quotation marks it is words)")
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
    with tables.progress(arguments.documents(paths), "Reading") as found:
        for path, read in arguments.digests_in(found, watched.source_of):
            reports.append(digest_report(path, read, papers=papers))
            if isinstance(read, errors.PaperwireError):
                refused.append((path, read))
    hidden = () if papers else ("items",)
    shown = [{name: value for name, value in report.items() if name not in hidden} for report in reports]
    readable = [report for report in reports if report["error"] is None]
    output.tell({"digests": shown}, lambda: _show_reports(readable, refused, each=papers), json=json)
    return 1 if refused else 0


def _show_reports(reports: list[Report], refused: list[tuple[str, errors.PaperwireError]], *, each: bool) -> None:
    """Prints one row for each document.

    If there are many, prints one row for each format instead, unless `each` is set.
    """
    many = len(reports) + len(refused) > MANY
    if reports:
        tables.print_table(Overview(reports) if many and not each else DigestTables(reports))
    if many and refused:
        tables.print_table(Refusals(refused, len(reports) + len(refused)), to_stderr=True)
    else:
        for _, error in refused:
            arguments.print_read_error(error)
        arguments.print_expected_formats(error for _, error in refused)
    if not reports and not refused:
        output.print_error("There is no file to read.")


if sys.platform != "win32":
    import resource

_MOST_ADDED = 1000
_NEW_WORD = "paperwire"  # added to a sample query, to get a query that the set does not contain
_REFUSED = -1  # the handle of a line that is not a valid query
_NAMES_PAPERS = re.compile(rf"(?:{'|'.join(LIKE.names)})\s*[:：]", re.IGNORECASE)  # a line that may name papers
_USAGE = "Write paperwire match QUERY PATH…, or paperwire match --queries FILE PATH…"


def match(
    given: Annotated[
        list[str], typer.Argument(metavar="[QUERY] PATH…", help="A query, then digests: files, folders, or -.")
    ],
    *,
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="FILE", help="One query per line, all matched together.")
    ] = None,
    no_matches: Annotated[
        bool, typer.Option("--no-matches", help="With --queries: only count, without the papers.")
    ] = False,
    json: Json = False,
) -> int:
    """Find the papers of digests that a query matches, and say why."""
    if queries is not None:
        return _match_file(queries, given, listed=not no_matches, json=json)
    query, *paths = given
    if not paths:
        raise WrongUsage(errors.Sentence("There is no digest to look into."), errors.Sentence(_USAGE))
    return _match_one(query, paths, json=json)


def _match_one(text: str, paths: list[str], *, json: bool) -> int:
    try:
        query = parse.parse_query(text)
    except errors.QueryError as error:
        if json:
            output.print_json({"query": None, "text": text, "error": arguments.error_document(error)})
            return 1
        with arguments.reporting_query_errors(text):
            raise
    digests, status = _read(paths)
    papers = paper_index.merge_copies(paper for digest in digests for paper in digest.entries)
    canonical = query.canonical  # before `_knowing` adds the words of papers
    query, unknown = _knowing(query, PapersAtHand(papers))
    found = [papers[place] for place in paper_index.matching_papers(query, papers)]
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
        reasons = (f"{hit['field']}: {', '.join(hit['terms'])}" for hit in _reasons(query, paper))
        output.print_line("    " + "; ".join(reasons))
    return status


def _knowing(query: Query, papers: PapersAtHand) -> tuple[Query, tuple[str, ...]]:
    """Returns (query, sentences). The query contains the words of the papers that its `like:` terms name.

    Each sentence names one of these papers that is not in the digests.
    """
    named = parse.papers_named_in(query)
    if not named:
        return query, ()
    words = papers.words(named)
    unknown = tuple(
        f"{value} is not in these digests, so nothing is near to it." for value in named if value not in words
    )
    return parse.parse_query(query.text, query.fields.knowing(words)), unknown


def _read(paths: list[str]) -> tuple[list[model.Digest], int]:
    """Returns (digests, exit status). Prints a sentence on stderr for each document that cannot be read."""
    digests, status = [], 0
    for _, read in arguments.digests_in(arguments.documents(paths)):
        if isinstance(read, errors.PaperwireError):
            arguments.print_read_error(read)
            status = 1
        else:
            digests.append(read)
    return digests, status


def _reasons(query: Query, paper: model.Paper) -> list[dict[str, Any]]:
    """Returns the fields of a paper in which the query matched, each with the words that matched."""
    fields: dict[str, list[str]] = {}
    for hit in why(query, paper):
        terms = fields.setdefault(hit.field.name, [])
        terms += [term for term in hit.terms if term not in terms]
    return [{"field": name, "terms": terms} for name, terms in fields.items()]


@dataclass(slots=True)
class _QueryFile:
    """The queries of a file, compiled."""

    queries: batch.QuerySet
    handles: "array[int]" = field(default_factory=lambda: array("q"))  # one for each line, in order
    refused: list[tuple[int, str]] = field(default_factory=list)  # (line from 1, why)
    hints: list[tuple[int, str]] = field(default_factory=list)  # (line from 1, sentence about a missing paper)


def _match_file(file: str, paths: list[str], *, listed: bool, json: bool) -> int:
    data = arguments.content(file)
    texts = _lines_of(data)
    began = perf_counter()
    digests, status = _read(paths)
    index = paper_index.PaperIndex.of(paper_index.merge_copies(paper for digest in digests for paper in digest.entries))
    parsed = perf_counter()
    near_to = PapersAtHand(index.papers) if any(name.encode() in data.lower() for name in LIKE.names) else None
    lines = _compiled(texts, near_to)
    compiled = perf_counter()
    found = batch.match(lines.queries, index)
    matched = perf_counter()
    keys = {handle: [index.papers[place].key for place in index.positions(bits)] for handle, bits in found.items()}
    report: dict[str, Any] = {  # docs/commands.md
        "queries": len(lines.handles),
        "unique": len(lines.queries),
        "papers": len(index.papers),
        "pairs": sum(len(keys.get(handle, ())) for handle in lines.handles),
        "peak_rss_bytes": _peak_rss_bytes(),
        "timings": {
            "parse_s": parsed - began,
            "compile_s": compiled - parsed,
            "match_s": matched - compiled,
            "add_us": _seconds_to_add(lines.queries, texts) * 1e6,
        },
        "refused": lines.refused,
    }
    if lines.hints:
        report["hints"] = lines.hints
    if listed:
        report["matches"] = [(line, keys[handle]) for line, handle in enumerate(lines.handles, 1) if handle in keys]
        report["peak_rss_bytes"] = _peak_rss_bytes()
    output.tell(report, lambda: _show_batch(report), json=json)
    return status


def _show_batch(report: dict[str, Any]) -> None:
    output.print_line(
        f"{report['queries']:,} queries, {report['unique']:,} of them different; "
        f"{report['papers']:,} papers; {report['pairs']:,} pairs."
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


def _encodable(text: str) -> str:
    """Returns the text. Raises QueryError for bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise errors.QueryError(
            errors.Sentence("This line is not UTF-8 text."), errors.Sentence(""), error.start + 1
        ) from None
    return text


def _compiled(texts: list[str], papers: PapersAtHand | None) -> _QueryFile:
    """Compiles every line as a query, equal lines once. `papers`: those that lines may name; None if no line names one."""
    lines = _QueryFile(batch.QuerySet())
    handles: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for number, text in enumerate(texts, start=1):
        handle = handles.get(text)
        if handle is None:
            try:
                if papers is not None and _NAMES_PAPERS.search(text):
                    query, unknown = _knowing(parse.parse_query(_encodable(text)), papers)
                    lines.hints += [(number, sentence) for sentence in unknown]
                    handle = lines.queries.add(query)
                else:
                    handle = lines.queries.add_text(_encodable(text))
            except errors.QueryError as error:
                handle, reasons[text] = _REFUSED, str(error)
            handles[text] = handle
        lines.handles.append(handle)
        if handle == _REFUSED:
            lines.refused.append((number, reasons[text]))
    return lines


def _seconds_to_add(queries: batch.QuerySet, texts: list[str]) -> float:
    """Returns the mean time in seconds to add one more query to a set, measured with a sample of the lines."""
    some = [f"{text} {_NEW_WORD}" for text in texts[:: max(1, len(texts) // _MOST_ADDED)]]
    began = perf_counter()
    for text in some:
        with suppress(errors.QueryError):
            queries.add_text(_encodable(text))
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
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of the gallery.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    from bot.demo import run_demo  # noqa: PLC0415 - loads the store, which takes 900 ms; the other subcommands here do not need it

    return run_demo(out, output.console(sys.stdout))
