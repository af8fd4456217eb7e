"""The operator's settings of a server that encodes meaning. Without them, the package encodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningSettings(RoomSettings):
    """The settings of the server. `Settings.meaning` says whether anything encodes."""

    VARIABLES: ClassVar[Mapping[str, str]] = {
        "PAPERWIRE_EMBEDDINGS_URL": "the root of a server that encodes meaning, in OpenAI's form; it ends in /v1",
        "PAPERWIRE_EMBEDDINGS_MODEL": "the model that encodes there",
        "PAPERWIRE_EMBEDDINGS_KEY": "the key of that server",
    }
    PREFIX = "EMBEDDINGS_"
    TOGETHER = (("PAPERWIRE_EMBEDDINGS_URL", "PAPERWIRE_EMBEDDINGS_MODEL"),)

    # "/embeddings" is appended
    url: Annotated[str | None, check.text(check.server_root)] = field(default=None, repr=False)
    model: Annotated[str | None, check.text(check.visible)] = None
    key: Annotated[SecretStr | None, check.hidden(check.visible)] = None


SETTINGS = MeaningSettings
