"""The operator's settings of Telegram. Without a token the platform is off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings, Variable

_token = check.like(  # the bot's id and a secret; it becomes part of a URL's path
    r"[0-9]+:[A-Za-z0-9_-]+", "it must look like 123456:ABC-def, without blanks or line ends"
)
_webhook_secret = check.like(  # core.telegram.org/bots/api#setwebhook
    r"[A-Za-z0-9_-]{1,256}", "it must be 1 to 256 of the signs A-Z, a-z, 0-9, _ and -"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings(RoomSettings):
    """The settings of Telegram."""

    VARIABLES: ClassVar[Mapping[str, Variable]] = {
        "PAPERWIRE_TELEGRAM_TOKEN": Variable(
            "the token of your bot, from @BotFather", example="123456:token-from-BotFather", without="Telegram is off"
        ),
        "PAPERWIRE_TELEGRAM_API_URL": Variable(
            "the root of a Bot API server of your own", example="http://127.0.0.1:8081"
        ),
        "PAPERWIRE_TELEGRAM_WEBHOOK_URL": Variable(
            "the public address to which Telegram sends updates ([webhook](operating.md#telegram))",
            example="https://bot.example.org/telegram",
            without="the bot polls for updates",
        ),
        "PAPERWIRE_TELEGRAM_WEBHOOK_SECRET": Variable(
            "the secret that Telegram sends with each of these requests",
            example="a-long-random-word",
            without="derived from the token",
        ),
    }
    PREFIX = "TELEGRAM_"

    token: Annotated[SecretStr | None, check.hidden(_token)] = None
    # "/bot<token>/METHOD" is appended
    api_url: Annotated[str, check.text(check.server_root)] = field(default="https://api.telegram.org", repr=False)
    # None: long polling
    webhook_url: Annotated[str | None, check.text(check.server_root)] = field(default=None, repr=False)
    webhook_secret: Annotated[SecretStr | None, check.hidden(_webhook_secret)] = None

    @property
    def is_on(self) -> bool:
        """Whether there is a token."""
        return self.token is not None

    @property
    def is_reached_from_outside(self) -> bool:
        """Whether Telegram sends updates to us."""
        return self.webhook_url is not None


SETTINGS = TelegramSettings
