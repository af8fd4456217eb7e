"""Finds problems of sources: reads them now (of a folder, how many of the newest files)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from bot.digests import read_digest
from bot.digests.files import is_missing, list_folder, unreadable
from bot.errors import FetchError, UnreadableInput, brief
from bot.operation.checks import is_ready
from bot.platform import CheckResult
from bot.settings import Settings, SourceSettings
from bot.sources import databases, documents, fetch_request
from bot.sources.fetcher import Fetcher
from bot.sources.source_scheduler import sites_of
from subscriptions.errors import PaperwireError
from subscriptions.store.database.store import Store
from subscriptions.store.sources import DocumentSeen, KnownSource, known_sources

NEWEST = 3  # newest files of a folder that are read; at least one of them must be a digest


def check_sources(settings: Settings) -> list[CheckResult]:
    """Returns the findings about whether files and folders can be read now."""
    return [_as_it_stands(source) for source in settings.sources if source.path is not None]


async def ask_sources(settings: Settings, store: Store, fetcher: Fetcher, *, now: datetime) -> list[CheckResult]:
    """Returns a finding for each web source: whether it can be read now. Fetches its first address, stores nothing."""
    known = _known_sources(store)
    sources = [source for source in settings.sources or (fetch_request.everything(),) if source.path is None]
    sites = sites_of(settings)
    found = [await _reached(source, known.get(source.name), fetcher, now, sites) for source in sources]
    # If the settings name no source, arXiv is only the default, so its failure is not reported as something to mend.
    if settings.sources:
        return found
    return [replace(one, mend=False, is_open=one.mend) for one in found]


def _known_sources(store: Store) -> Mapping[str, KnownSource]:
    if is_ready(store):
        return {one.name: one for one in known_sources(store)}
    return {}


def _question(source: SourceSettings) -> str:
    return f"Source {source.name}"


def _as_it_stands(source: SourceSettings) -> CheckResult:
    """Returns a finding: whether a source's newest files can be read. A folder without files is no problem."""
    question, place = _question(source), str(source.path)
    correct = "Put it there, or correct path in paperwire.toml."
    if is_missing(place):
        answer = f"there is nothing at {place}"
        return CheckResult(question=question, answer=answer, cure=correct, mend=True)
    try:
        files = list_folder(place)
    except UnreadableInput as error:
        return CheckResult(question=question, answer=str(error.sentence), cure=correct, mend=True)
    if not files:
        return CheckResult(question=question, answer=f"there is no file at {place} yet")
    newest = sorted(files, key=lambda name: files[name].changed, reverse=True)[:NEWEST]
    return _first_that_is_read(source, newest)


def _first_that_is_read(source: SourceSettings, files: Sequence[str]) -> CheckResult:
    """Returns a finding about the first of these files that is a digest.

    If none is a digest, the finding names the error of the first file.
    """
    wrong: list[PaperwireError] = []
    for name in files:
        try:
            digest = documents.read_watched_digest(source, name)
        except OSError as error:
            wrong.append(unreadable(name, error))
            continue
        except PaperwireError as error:
            wrong.append(error)
            continue
        return CheckResult(question=_question(source), answer=f"{name} can be read, as {digest.format}")
    answer = brief(wrong[0])
    cure = "Correct path, or format, in paperwire.toml, or the file."
    return CheckResult(question=_question(source), answer=answer, cure=cure, mend=True)


async def _reached(
    source: SourceSettings, known: KnownSource | None, fetcher: Fetcher, now: datetime, sites: fetch_request.Sites
) -> CheckResult:
    """Returns a finding: whether a source's first address yields a digest. An unchanged document counts as a digest."""
    question = _question(source)
    request, *_ = fetch_request.requests_of(source, now, sites=sites)
    seen = (known.seen.get(fetch_request.address_key(request.url)) if known else None) or DocumentSeen()
    try:
        found = await fetcher.fetch(request.url, etag=seen.etag, modified=seen.modified)
        problem = ""
        if found:
            problem = _wrong_with(found.data, request, source)
    except FetchError as error:
        if request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return CheckResult(question=question, answer="it can be reached; that of today is not there yet")
        problem = ""
        if request.database:
            problem = databases.refusal(error.body)
        if not problem:
            return CheckResult.of_error(question, error)
    if problem and source.database:
        problem = problem.rstrip(".")
        answer = f"{source.database} refuses the question: {problem}"
        cure = f"Correct {source.database} in paperwire.toml."
        return CheckResult(question=question, answer=answer, cure=cure, mend=True)
    if problem:
        answer = f"it can be reached, but not read: {problem}"
        return CheckResult(question=question, answer=answer, cure="Correct url in paperwire.toml.", mend=True)
    return CheckResult(question=question, answer="it can be reached")


def _wrong_with(data: bytes, request: fetch_request.FetchRequest, source: SourceSettings) -> str:
    """Returns why a document cannot be read as a digest; "" if it can."""
    name = fetch_request.document_name(source.name, request.url)
    if request.database and (problem := fetch_request.rest_of_answer(request, data)[1]):
        return problem
    if databases.is_list(request.database, request.url):
        return ""
    try:
        digest = read_digest(data, name, format=request.format, language=source.language)
    except PaperwireError as error:
        return brief(error)
    return next((warning.message for warning in digest.warnings if warning.code == "feed_error"), "")
