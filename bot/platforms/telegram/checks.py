"""What `paperwire check` finds about updates of Telegram: what the bot is shown in groups, and how updates come."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.platform import Finding
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.outgoing import DEFAULT_API_URL
from bot.platforms.telegram.receiving import webhook_address
from bot.settings import TelegramSettings
from subscriptions.errors import NotDelivered, Sentence

OLD_NEWS = timedelta(hours=1)  # age from which on Telegram's last error at the webhook is ignored
_WEBHOOK = "PAPERWIRE_TELEGRAM_WEBHOOK_URL"


async def check_updates(client: Client, settings: TelegramSettings, wall: datetime) -> list[Finding]:
    """Returns the findings about updates of Telegram: what the bot is shown in groups, and how updates come."""
    try:
        me = await client.call_for_object("getMe")
        webhook = await client.call_for_object("getWebhookInfo")
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
