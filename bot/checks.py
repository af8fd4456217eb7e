"""`paperwire check`: what an operator should know before people do, as questions with their answers and cures."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from bot.channels.slack.outbound import SlackChannel
from bot.channels.slack.scopes import missing
from bot.channels.slack.workspaces import Workspace
from bot.channels.telegram.address import webhook_address
from bot.channels.telegram.outbound import OFFICIAL, TelegramChannel
from bot.digests.sources import is_missing
from bot.errors import NotFetched
from bot.ports import Channel
from bot.rendering import render_delivery
from bot.settings import VARIABLES, Settings, SourceSettings, TelegramSettings
from bot.sources import Fetcher, address_key, asks_of, everything
from subscriptions import (
    HEAD,
    Because,
    Chat,
    ChatAddress,
    ChatKind,
    Delivery,
    Facts,
    Item,
    Kind,
    KnownPaper,
    KnownSource,
    NotDelivered,
    Outcome,
    Paper,
    SenderStopped,
    Sentence,
    Store,
    StoreError,
    Summary,
    known_sources,
    owners,
    resolve,
    zone,
)

OLDEST_COPY = timedelta(days=2)
RECENTLY = timedelta(days=3)  # after that a failed look says little about now
LARGEST_STEP = timedelta(
    seconds=60
)  # by which the machine's clock may differ; Slack refuses requests beyond five minutes
_NOTHING = Sentence("")
_TOKENS = {"telegram": "PAPERWIRE_TELEGRAM_TOKEN", "slack": "PAPERWIRE_SLACK_BOT_TOKEN"}
OLD_NEWS = timedelta(hours=1)  # after which an error of Telegram's at the webhook is over
_WEBHOOK = "PAPERWIRE_TELEGRAM_WEBHOOK_URL"
_WAIT = 5.0  # seconds for the answer that tells a platform's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question and its answer."""

    question: Sentence
    answer: Sentence
    cure: Sentence = _NOTHING
    mend: bool = False  # something has to be mended; a cure without it is advice


def check_here(settings: Settings, store: Store, *, wall: datetime, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What this machine answers by itself. `wall` is the machine's clock; `environ` tells about proxies."""
    yield from _unknown_variables(settings.unknown)
    yield _database(store)
    yield _newest_copy(settings, wall)
    yield from _templates()
    local = wall.astimezone(zone(settings.timezone))
    yield Finding(
        question=Sentence("Clock"),
        answer=Sentence("{time} in {zone}", {"time": f"{local:%Y-%m-%d %H:%M}", "zone": settings.timezone}),
    )
    yield from _proxies(environ)


def check_sources(settings: Settings, store: Store, *, wall: datetime) -> list[Finding]:
    """What happened at each source last."""
    known = _known_sources(store)
    sources = settings.sources or (everything(),)
    return [_last_look(source, known.get(source.name), settings, wall) for source in sources]


async def ask_sources(settings: Settings, store: Store, fetcher: Fetcher, *, now: datetime) -> list[Finding]:
    """Whether each source on the web can be reached: its first address is asked, and nothing is stored."""
    known = _known_sources(store)
    sources = [source for source in settings.sources or (everything(),) if source.path is None]
    found = [await _reached(source, known.get(source.name), fetcher, now) for source in sources]
    # Where nobody chose a source, that arXiv does not answer is nothing to mend here.
    return found if settings.sources else [replace(finding, mend=False) for finding in found]


async def check_platforms(
    settings: Settings,
    store: Store,
    channels: Mapping[str, Channel],
    *,
    wall: Callable[[], datetime],
    installing: str = "",
) -> list[Finding]:
    """What the platforms answer: who the tokens are, what they may do, what time it is.

    `installing` is what is wrong with the workspaces that installed the app.
    """
    findings: list[Finding] = []
    known = _owners(store)
    for platform, variable in _TOKENS.items():
        if platform in channels:
            findings += await _token(channels[platform], variable, known.get(platform), settings, wall)
        else:
            findings.append(Finding(question=_name(platform), answer=Sentence("off, it has no token")))
    if installing:
        cure = Sentence("Set the key that sealed them, or let these workspaces install the app again.")
        question, answer = Sentence("Slack installations"), Sentence("{problem}", {"problem": installing})
        findings.append(Finding(question=question, answer=answer, cure=cure, mend=True))
    addresses = {"telegram": settings.telegram.api_url, "slack": settings.slack.api_url}
    return findings + [found for name in channels if name in addresses for found in _clock(addresses[name], name, wall)]


def is_ready(store: Store) -> bool:
    """Whether the database can be used as it is; the question about it says why not."""
    try:
        return store.exists() and store.revision() == HEAD
    except StoreError:
        return False


def _known_sources(store: Store) -> Mapping[str, KnownSource]:
    return {one.name: one for one in known_sources(store)} if is_ready(store) else {}


def _last_look(source: SourceSettings, known: KnownSource | None, settings: Settings, wall: datetime) -> Finding:
    question = Sentence("Source {name}", {"name": source.name})
    last = known.last if known else None
    if last is None and source.path is not None and is_missing(str(source.path)):
        cure = Sentence("If it is not still to come: correct path in paperwire.toml.")
        return Finding(
            question=question, answer=Sentence("there is nothing at {path}", {"path": source.path}), cure=cure
        )
    if last is None:
        return Finding(question=question, answer=Sentence("nobody has looked at it yet"))
    local = last.at.astimezone(zone(settings.timezone))
    values = {"time": f"{local:%Y-%m-%d %H:%M}", "outcome": last.outcome.value, "detail": last.detail}
    said = Sentence("{time}: {outcome}. {detail}" if last.detail else "{time}: {outcome}", values)
    if last.outcome is not Outcome.FAILED:
        return Finding(question=question, answer=said)
    cure = Sentence("To look again: paperwire sources poll {name}", {"name": source.name})
    return Finding(question=question, answer=said, cure=cure, mend=wall - last.at < RECENTLY)


async def _reached(source: SourceSettings, known: KnownSource | None, fetcher: Fetcher, now: datetime) -> Finding:
    question = Sentence("Source {name}", {"name": source.name})
    ask, *_ = asks_of(source, now)
    seen = known.seen.get(address_key(ask.url)) if known else None
    try:
        if seen:
            await fetcher.fetch(ask.url, etag=seen.etag, modified=seen.modified)
        else:
            await fetcher.fetch(ask.url)
    except NotFetched as error:
        if ask.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return Finding(question=question, answer=Sentence("it can be reached; that of today is not there yet"))
        return Finding(question=question, answer=error.sentence, cure=error.hint, mend=True)
    return Finding(question=question, answer=Sentence("it can be reached"))


def _unknown_variables(names: Sequence[str]) -> Iterator[Finding]:
    question = Sentence("Settings")
    if not names:
        yield Finding(question=question, answer=Sentence("all can be used"))
    for name in names:
        near = get_close_matches(name, VARIABLES, n=1, cutoff=0.85)
        yield Finding(
            question=question,
            answer=Sentence("{name} means nothing to paperwire", {"name": name}),
            cure=Sentence("Did you mean {near}?", {"near": near[0]}) if near else Sentence("Remove it."),
            mend=True,
        )


def _database(store: Store) -> Finding:
    try:
        return _database_as_it_is(store)
    except StoreError as error:
        return Finding(question=Sentence("Database"), answer=error.sentence, cure=error.hint, mend=True)


def _database_as_it_is(store: Store) -> Finding:
    """Raises StoreError."""
    question = Sentence("Database")
    path = store.path
    if not store.exists():
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if not os.access(folder, os.W_OK):
            return Finding(
                question=question,
                answer=Sentence("it cannot be made in its folder"),
                cure=Sentence("Name another place in PAPERWIRE_DATABASE_URL."),
                mend=True,
            )
        return Finding(
            question=question, answer=Sentence("there is none yet; the first subcommand that needs it makes it")
        )
    revision, bots = store.revision(), owners(store) if store.revision() else {}
    if not os.access(path, os.W_OK):
        cure = Sentence("Check the rights of the file and of its folder.")
        return Finding(question=question, answer=Sentence("it cannot be written to"), cure=cure, mend=True)
    of = ", ".join(f"{platform} {bot}" for platform, bot in sorted(bots.items()) if platform in _TOKENS)
    values = {"path": path, "revision": revision or "–", "bots": of}
    if revision != HEAD:
        return Finding(
            question=question,
            answer=Sentence("{path}, schema {revision}, which is not this version's", values),
            cure=Sentence("Run paperwire db upgrade; it makes a copy first."),
            mend=True,
        )
    whose = Sentence("{path}, schema {revision}, of the bot {bots}" if of else "{path}, schema {revision}", values)
    return Finding(question=question, answer=whose)


def _owners(store: Store) -> Mapping[str, str]:
    try:
        return owners(store) if store.exists() and store.revision() else {}
    except StoreError:  # the question about the database says so
        return {}


def _newest_copy(settings: Settings, wall: datetime) -> Finding:
    question = Sentence("Newest copy")
    folder = settings.backup_to
    if folder is None:
        advice = Sentence('In paperwire.toml: [backup] with to = "backups"; or let cron run paperwire backup FILE.')
        return Finding(question=question, answer=Sentence("none is made by itself"), cure=advice)
    times = [path.stat().st_mtime for path in folder.glob("*.db")] if folder.is_dir() else []
    if not times:
        return Finding(question=question, answer=Sentence("there is none in the folder of copies yet"))
    newest = datetime.fromtimestamp(max(times), UTC)
    days = (wall - newest).days
    answer = Sentence("{day}, {days} days old", {"day": f"{newest:%Y-%m-%d %H:%M} UTC", "days": max(days, 0)})
    if wall - newest <= OLDEST_COPY:
        return Finding(question=question, answer=answer)
    cure = Sentence("Is paperwire run running? Meanwhile: paperwire backup FILE.")
    return Finding(question=question, answer=answer, cure=cure, mend=True)


def _templates() -> Iterator[Finding]:
    """Renders a delivery for every platform and language."""
    broken = [
        (platform, lang, problem)
        for platform in ("console", "slack", "telegram", "web")
        for lang in ("en", "zh")
        if (problem := _rendering_problem(platform, lang))
    ]
    if not broken:
        yield Finding(question=Sentence("Templates"), answer=Sentence("all can be rendered"))
    for platform, lang, problem in broken:
        values = {"platform": platform, "lang": lang, "problem": problem}
        yield Finding(
            question=Sentence("Templates"),
            answer=Sentence("those of {platform} cannot be rendered in {lang}: {problem}", values),
            cure=Sentence("Install paperwire again, in an environment of its own."),
            mend=True,
        )


def _rendering_problem(platform: str, lang: str) -> str:
    try:
        return "" if render_delivery(sample_delivery(platform, lang)) else "nothing came out"
    except Exception as error:  # noqa: BLE001 - whatever is wrong with an installation, it is the answer
        return f"{type(error).__name__}: {error}"


def sample_delivery(platform: str, lang: str) -> Delivery:
    """A delivery of one paper to a chat of that platform."""
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
    known = KnownPaper(id=1, paper=paper, change=1, changed_at=at, first_seen_at=at)
    item = Item(paper=known, because=(Because(number=1, text="sample", words=("sample",)),), position=0)
    chat = Chat(id=1, address=ChatAddress(platform, "1"), kind=ChatKind.PRIVATE, settings=settings)
    facts = Facts(known=1, days=(at.date(),))
    return Delivery(id="sample0000000000", chat=chat, kind=Kind.BULLETIN, due=at, items=(item,), facts=facts)


async def _token(
    channel: Channel, variable: str, owner: str | None, settings: Settings, wall: Callable[[], datetime]
) -> list[Finding]:
    question = _name(channel.platform)
    values = {"platform": channel.platform.capitalize(), "variable": variable}
    try:
        identity = await channel.identity()
    except SenderStopped as error:
        answer = Sentence("the token does not work: {reason}", {"reason": error.reason.rstrip(".")})
        cure = Sentence("Put the token that {platform} shows now into {variable}.", values)
        return [Finding(question=question, answer=answer, cure=cure, mend=True)]
    except NotDelivered as error:
        answer = Sentence("it does not answer: {reason}", {"reason": error.reason.rstrip(".")})
        cure = Sentence("Check the network, and the proxy if there is one.")
        return [Finding(question=question, answer=answer, cure=cure, mend=True)]
    if owner is not None and owner != identity:
        answer = Sentence("the token works, but this database belongs to another bot")
        cure = Sentence("Use that bot's token, or give the chats to this one: paperwire run --new-bot.")
        return [Finding(question=question, answer=answer, cure=cure, mend=True)]
    works = Sentence("the token works, bot {identity}", {"identity": identity})
    found = [Finding(question=question, answer=works if identity else Sentence("no workspace of your own"))]
    if isinstance(channel, TelegramChannel):
        found += await _conversation(channel, settings.telegram, wall())
    return found + (await _scopes(channel) if isinstance(channel, SlackChannel) else [])


async def _conversation(channel: TelegramChannel, settings: TelegramSettings, wall: datetime) -> list[Finding]:
    """How people's words come from Telegram: what the bot sees in groups, who else hears it, what waits."""
    try:
        me = await channel.client.ask_for("getMe")
        webhook = await channel.client.ask_for("getWebhookInfo")
    except NotDelivered as error:
        answer = Sentence("they cannot be asked for: {reason}", {"reason": error.reason.rstrip(".")})
        return [Finding(question=Sentence("Telegram updates"), answer=answer)]
    return [_privacy(me), _updates(webhook, settings, wall)]


def _privacy(me: Mapping[str, object]) -> Finding:
    question = Sentence("Telegram groups")
    if me.get("can_read_all_group_messages") is True:
        return Finding(
            question=question,
            answer=Sentence("privacy mode is off: the bot is shown all that is written there, and needs little of it"),
            cure=Sentence("To switch it on: /setprivacy at @BotFather, then add the bot to its groups again."),
        )
    answer = Sentence("privacy mode is on: the bot is shown commands and answers to it, and that is enough")
    return Finding(question=question, answer=answer)


def _updates(webhook: Mapping[str, object], settings: TelegramSettings, wall: datetime) -> Finding:
    """Whether updates come the way that the settings say."""
    question = Sentence("Telegram updates")
    waiting, address = webhook.get("pending_update_count") or 0, str(webhook.get("url") or "")
    if settings.webhook_url is None:
        return _asked_for(question, address, waiting)
    if not _takes_webhooks(settings.webhook_url, settings.api_url):
        answer = Sentence("Telegram sends them only to https, and to the ports 443, 80, 88 and 8443")
        cure = Sentence("Write such an address into {name}.", {"name": _WEBHOOK})
        return Finding(question=question, answer=answer, cure=cure, mend=True)
    token = settings.token.get_secret_value() if settings.token else ""
    cure = Sentence("Start paperwire run: it tells Telegram the address. No other program may use this token.")
    if not address:
        answer = Sentence("Telegram sends none yet, {waiting} wait", {"waiting": waiting})
        return Finding(question=question, answer=answer, cure=cure)
    token = settings.token.get_secret_value() if settings.token else ""
    if address != webhook_address(settings.webhook_url, token):
        return Finding(question=question, answer=Sentence("Telegram sends them elsewhere"), cure=cure, mend=True)
    return _delivered(question, webhook, waiting, wall)


def _asked_for(question: Sentence, address: str, waiting: object) -> Finding:
    if address:
        return Finding(
            question=question,
            answer=Sentence("Telegram sends them to a webhook, though {name} is not set", {"name": _WEBHOOK}),
            cure=Sentence(
                "paperwire run takes it away, and nothing is lost. If another program set it, give that one its own token."
            ),
            mend=True,
        )
    if waiting:
        answer = Sentence("{waiting} wait to be asked for", {"waiting": waiting})
        return Finding(question=question, answer=answer, cure=Sentence("paperwire run answers them."))
    return Finding(question=question, answer=Sentence("asked for, none waits"))


def _delivered(question: Sentence, webhook: Mapping[str, object], waiting: object, wall: datetime) -> Finding:
    at = webhook.get("last_error_date")
    age = wall - datetime.fromtimestamp(at, UTC) if isinstance(at, int) else OLD_NEWS
    if age < OLD_NEWS and webhook.get("last_error_message"):
        values = {"time": f"{wall - age:%H:%M}", "words": webhook["last_error_message"], "waiting": waiting}
        return Finding(
            question=question,
            answer=Sentence("at {time} UTC Telegram could not deliver one: {words}; {waiting} wait", values),
            cure=Sentence("Is paperwire run running, and does the web server before it pass on what comes?"),
            mend=True,
        )
    answer = Sentence("Telegram sends them to the webhook, {waiting} wait", {"waiting": waiting})
    return Finding(question=question, answer=answer)


def _takes_webhooks(url: str, api_url: str) -> bool:
    """Whether Telegram sends updates to such an address; a server of one's own sends them anywhere."""
    parts = urlsplit(url)
    return api_url != OFFICIAL or (parts.scheme == "https" and parts.port in (None, 443, 80, 88, 8443))


async def _scopes(channel: SlackChannel) -> list[Finding]:
    """What each workspace granted the app, and what is lost without the rest."""
    found: list[Finding] = []
    several = len(channel.workspaces.all) > 1
    for workspace in channel.workspaces.all:
        found += await _granted(workspace, several=several)
    return found


async def _granted(workspace: Workspace, *, several: bool) -> list[Finding]:
    try:
        granted = await workspace.client.granted()
        team = (workspace.me or await workspace.meet()).team if several else ""
    except NotDelivered as error:
        answer = Sentence("they cannot be asked for: {reason}", {"reason": error.reason.rstrip(".")})
        return [Finding(question=Sentence("Slack scopes"), answer=answer, mend=several)]
    question = Sentence("Slack scopes of {team}", {"team": team}) if several else Sentence("Slack scopes")
    lacking = list(missing(granted))
    if not lacking:
        return [Finding(question=question, answer=Sentence("all are granted"))]
    found = [
        Finding(
            question=question,
            answer=Sentence("without {scope}: {lost}", {"scope": scope.name, "lost": scope.lost or "nothing works"}),
            mend=scope.needed,
        )
        for scope in lacking
    ]
    cure = Sentence("What is missed: add it to the app, by paperwire slack manifest, and install it there again.")
    return [*found[:-1], replace(found[-1], cure=cure)]


def _clock(address: str, platform: str, wall: Callable[[], datetime]) -> Iterator[Finding]:
    """Compares the machine's clock with the one that a platform's answers are dated by."""
    theirs = _time_at(address)
    if theirs is None:
        return
    step = abs(wall() - theirs)
    if step > LARGEST_STEP:
        values = {"seconds": f"{step.total_seconds():.0f}", "platform": platform.capitalize()}
        yield Finding(
            question=Sentence("Clock"),
            answer=Sentence("it differs by {seconds} seconds from that of {platform}", values),
            cure=Sentence("Let the machine set its clock by NTP."),
            mend=True,
        )


def _time_at(address: str) -> datetime | None:
    parts = urlsplit(address)
    request = urllib.request.Request(f"{parts.scheme}://{parts.netloc}/", method="HEAD")  # noqa: S310 - a checked setting
    try:
        with urllib.request.urlopen(request, timeout=_WAIT) as answer:  # noqa: S310 - as above
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:  # an answer like any other: it has a date
        with error:
            date = error.headers.get("Date")
    except (OSError, ValueError):
        return None
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Proxies of the environment; their addresses may hold a password, so only the variables are named."""
    question = Sentence("Proxy")
    names = [name for name in environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") and environ[name]]
    wrong = [name for name in names if not _is_usable_proxy(environ[name])]
    for name in wrong:
        yield Finding(
            question=question,
            answer=Sentence("{name} names no proxy that can be used", {"name": name}),
            cure=Sentence("Write http://HOST:PORT."),
            mend=True,
        )
    if not wrong:
        used = Sentence("requests go by {names}", {"names": ", ".join(sorted(names))})
        advice = Sentence("If a platform cannot be reached, try without, or name its host in NO_PROXY.")
        yield Finding(question=question, answer=used if names else Sentence("none"), cure=advice if names else _NOTHING)


def _is_usable_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _name(platform: str) -> Sentence:
    return Sentence(platform.capitalize())
