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
    }
    PREFIX = "TELEGRAM_"

    token: Annotated[SecretStr | None, check.hidden(_token)] = None
    # "/bot<token>/METHOD" is appended
    api_url: Annotated[str, check.text(check.server_root)] = field(default="https://api.telegram.org", repr=False)

    @property
    def is_on(self) -> bool:
        """Whether there is a token."""
        return self.token is not None


SETTINGS = TelegramSettings
