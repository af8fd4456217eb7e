"""The operator's settings of a server that encodes meaning. Without them, the package encodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningSettings(RoomSettings):
    """The settings of the server. `Settings.meaning` says whether anything encodes."""

    VARIABLES: ClassVar[Mapping[str, Variable]] = {
        "PAPERWIRE_EMBEDDINGS_URL": Variable(
            "a server with OpenAI's `/embeddings`, instead of the built-in encoder; needs the next variable",
            example="http://127.0.0.1:11434/v1",
        ),
        "PAPERWIRE_EMBEDDINGS_MODEL": Variable("its model", example="bge-m3"),
        "PAPERWIRE_EMBEDDINGS_KEY": Variable("its key", example="a-long-random-word"),
    }
    PREFIX = "EMBEDDINGS_"
    TOGETHER = (("PAPERWIRE_EMBEDDINGS_URL", "PAPERWIRE_EMBEDDINGS_MODEL"),)

    # "/embeddings" is appended
    url: Annotated[str | None, check.text(check.server_root)] = field(default=None, repr=False)
    model: Annotated[str | None, check.text(check.visible)] = None
    key: Annotated[SecretStr | None, check.hidden(check.visible)] = None


SETTINGS = MeaningSettings
