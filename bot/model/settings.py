"""The operator's settings of the language model, and its requests a day. Without an address and a name, no model answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings, Variable

DAILY = 500  # requests
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


def _daily(text: str) -> int:
    return int(
        check.usable(
            text,
            "it must be a number of requests, such as {example}",
            when=_NUMBER.fullmatch(text.strip()),
            example=DAILY,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings(RoomSettings):
    """The settings of the language model."""

    VARIABLES: ClassVar[Mapping[str, Variable]] = {
        "PAPERWIRE_MODEL_URL": Variable(
            "a language model, like OpenAI's `/chat/completions`; needs the next variable",
            example="http://127.0.0.1:11434/v1",
        ),
        "PAPERWIRE_MODEL_NAME": Variable("its model", example="qwen3:8b"),
        "PAPERWIRE_MODEL_KEY": Variable("its key", example="a-long-random-word"),
        "PAPERWIRE_MODEL_DAILY": Variable(
            "its requests a day: one for each paper, and for each message that it reads", example="50"
        ),
        "PAPERWIRE_MODEL_READS": Variable(
            "`messages`: it also reads messages that want a change or find nothing, and offers commands as buttons",
            example="messages",
        ),
    }
    PREFIX = "MODEL_"
    TOGETHER = (("PAPERWIRE_MODEL_URL", "PAPERWIRE_MODEL_NAME"),)

    # "/chat/completions" is appended
    url: Annotated[str | None, check.text(check.server_root)] = field(default=None, repr=False)
    name: Annotated[str | None, check.text(check.visible)] = None
    key: Annotated[SecretStr | None, check.hidden(check.visible)] = None
    daily: Annotated[int, check.text(_daily)] = DAILY
    # messages: also those of people of which the bot is not sure
    reads: Annotated[Literal["papers", "messages"], check.text(check.one_of("papers", "messages"))] = "papers"

    @property
    def is_on(self) -> bool:
        """Whether there is a model."""
        return bool(self.url and self.name)


SETTINGS = ModelSettings
