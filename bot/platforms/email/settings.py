"""The operator's settings of mail. Without a server that sends it, the platform is off."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings, Variable

_SENDER = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.-]+")


def _smtp_url(text: str) -> str:
    """Returns the address of a server that sends mail."""
    plain = check.usable(text, "it must be an address without blanks, line ends or accents", when=text.isprintable())
    parts = check.address_parts(plain)
    is_whole = parts.scheme in {"smtp", "smtps"} and parts.hostname and not (parts.path.strip("/") or parts.query)
    reason = "it must be smtp://HOST:PORT or smtps://HOST:PORT, perhaps with USER:PASSWORD@ before the host"
    return check.usable(text, reason, when=is_whole)


def _sender(text: str) -> str:
    """Returns the sender of mail: an address, perhaps with a name."""
    _, address = parseaddr(text)
    is_one = _SENDER.fullmatch(address) and text.isprintable()
    return check.usable(text, "it must be an address, such as Papers <papers@example.org>", when=is_one)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings(RoomSettings):
    """The settings of mail."""

    VARIABLES: ClassVar[Mapping[str, Variable]] = {
        "PAPERWIRE_SMTP_URL": Variable(
            "the server that sends mail, `smtp:` or `smtps:`; needs the next variable",
            example="smtp://me:secret@lab.org:587",
            without="mail is off",
        ),
        "PAPERWIRE_MAIL_FROM": Variable("the sender", example="Papers <papers@lab.org>"),
    }
    TOGETHER = (("PAPERWIRE_SMTP_URL", "PAPERWIRE_MAIL_FROM"),)

    smtp_url: Annotated[SecretStr | None, check.hidden(_smtp_url)] = None
    mail_from: Annotated[str | None, check.text(_sender)] = None  # "Papers <papers@example.org>", or only the address

    @property
    def is_on(self) -> bool:
        """Whether there is a server that sends mail."""
        return self.smtp_url is not None


SETTINGS = MailSettings
