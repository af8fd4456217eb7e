"""Finds problems of platforms: tokens and what they allow, how updates come, the difference of clocks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from bot.channels.slack.outbound import SlackChannel
from bot.channels.slack.scopes import missing
from bot.channels.slack.workspaces import Workspace
from bot.channels.telegram.outbound import DEFAULT_API_URL, TelegramChannel
from bot.channels.telegram.receiving.webhook import webhook_address
from bot.operation.checks.machine import Finding
from bot.ports.channel import Channel
from bot.settings import Settings, TelegramSettings
from subscriptions.errors import NotDelivered, SenderStopped, Sentence, StoreError
from subscriptions.platforms import declared
from subscriptions.store import Store
from subscriptions.store.platforms import bots

LARGEST_STEP = timedelta(seconds=60)  # allowed error of the machine's clock; Slack allows five minutes
OLD_NEWS = timedelta(hours=1)  # age from which on Telegram's last error at the webhook is ignored
_WEBHOOK = "PAPERWIRE_TELEGRAM_WEBHOOK_URL"
_WAIT = 5.0  # seconds to wait for the answer with a platform's time


async def check_platforms(
    settings: Settings,
    store: Store,
    channels: Mapping[str, Channel],
    *,
    wall: Callable[[], datetime],
    installing: str = "",
) -> list[Finding]:
    """Returns the findings about the platforms that are on.

    `installing` is what is wrong with the workspaces that installed the app; "" if nothing is.
    """
    findings: list[Finding] = []
    known = _owners(store)
    for facts in declared():
        if facts.name in channels and facts.token_variable:
            findings += await _token(channels[facts.name], facts.token_variable, known.get(facts.name), settings, wall)
        elif facts.token_variable:
            findings.append(Finding(question=_name(facts.name), answer=Sentence("off, it has no token")))
    if installing:
        cure = Sentence("Set the key that sealed them, or let these workspaces install the app again.")
        question, answer = Sentence("Slack installations"), Sentence("{problem}", {"problem": installing})
        findings.append(Finding(question=question, answer=answer, cure=cure, mend=True))
    addresses = {"telegram": settings.telegram.api_url, "slack": settings.slack.api_url}
    return findings + [found for name in channels if name in addresses for found in _clock(addresses[name], name, wall)]


def _owners(store: Store) -> Mapping[str, str]:
    try:
        return bots(store) if store.exists() and store.revision() else {}
    except StoreError:  # check_here has a finding about that
        return {}


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
    """Returns the findings about updates of Telegram: what the bot is shown in groups, and how updates come."""
    try:
        me = await channel.client.call_for_object("getMe")
        webhook = await channel.client.call_for_object("getWebhookInfo")
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
    """Returns the finding whether updates come by the way that the settings say, and how many wait."""
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
    """Returns whether Telegram sends updates to such an address. Another Bot API server accepts any address."""
    parts = urlsplit(url)
    return api_url != DEFAULT_API_URL or (parts.scheme == "https" and parts.port in (None, 443, 80, 88, 8443))


async def _scopes(channel: SlackChannel) -> list[Finding]:
    """Returns the findings about the scopes that each workspace granted, and what does not work without the others."""
    found: list[Finding] = []
    several = len(channel.workspaces.all) > 1
    for workspace in channel.workspaces.all:
        found += await _granted(workspace, several=several)
    return found


async def _granted(workspace: Workspace, *, several: bool) -> list[Finding]:
    try:
        granted = await workspace.client.granted_scopes()
        team = (workspace.identity or await workspace.identify()).team if several else ""
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
    """Yields a finding if the machine's clock differs from the Date header of a platform's answer."""
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
    try:
        answer = httpx.head(f"{parts.scheme}://{parts.netloc}/", timeout=_WAIT, follow_redirects=True)
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        ImportError,
        ValueError,
        OSError,
    ):  # the last three: an unusable proxy or certificate file
        return None
    date = answer.headers.get("Date")
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _name(platform: str) -> Sentence:
    return Sentence(platform.capitalize())
