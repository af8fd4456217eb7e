"""Logging to stderr, as text or as one JSON object per line: which clock, which levels.

Secrets are replaced; tracebacks only when debugging.

Each event is one line. A JSON line has the message, the fields of `extra` (`delivery`, `chat`, `source`), and the id of
the process as `worker`. A text line has no fields, so the message itself must contain what matters.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from bot.cli.output import print_error
from bot.log import error_location
from bot.settings import Settings, load_settings
from subscriptions.errors import PaperwireError
from subscriptions.text import escaping as texts

_SHORTEST = 6  # characters; replacing shorter secrets would damage ordinary words
_REDACTION = "<secret>"
_SECRET_NAMES = ("TOKEN", "SECRET", "KEY", "PASSWORD", "HEARTBEAT")
_OURS = "paperwire"
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def start_logging(settings: Settings, *, quiet: bool) -> None:
    """Set up logging. `quiet` logs only warnings and errors, for subcommands that print what they did.

    Libraries log only warnings and errors, unless the level is "debug".
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    libraries = logging.WARNING if level == logging.INFO else level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(settings, details=settings.log_level == "debug"))
    logging.basicConfig(level=libraries, handlers=[handler], force=True)
    logging.getLogger(_OURS).setLevel(libraries if quiet else level)


def say_for(settings: Settings) -> Callable[[str], None]:
    """Return a function that prints a line for the operator on stderr.

    In a JSON log, the line is an event that is written at every log level.
    """
    if settings.log_format == "text":
        return print_error
    ours = logging.getLogger(_OURS)
    return lambda line: ours.handle(ours.makeRecord(ours.name, logging.INFO, "", 0, "%s", (line,), None))


class _Formatter(logging.Formatter):
    """Formats a record with secrets replaced. `details` adds tracebacks, for debugging."""

    def __init__(self, settings: Settings, *, details: bool) -> None:
        super().__init__()
        self._json = settings.log_format == "json"
        self._details = details
        self._secrets = secrets_of(settings)

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        message = redacted(_message(record), self._secrets)
        details = self.formatException(record.exc_info) if self._details and record.exc_info else ""
        details = texts.escaped_lines(redacted(details, self._secrets))
        if not self._json:
            line = f"{at} {record.levelname.lower()} {record.name}: {texts.escaped(message)}"
            return f"{line}\n{details}" if details else line
        fields = {name: redacted(str(value), self._secrets) for name, value in vars(record).items() if name not in _OWN}
        fields |= {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message}
        every = {**fields, "worker": record.process, **({"details": details} if details else {})}
        return texts.escaped_lines(json.dumps(every, ensure_ascii=False))


def _message(record: logging.LogRecord) -> str:
    """Return the message of a record.

    If a library logs an exception, only the first line of the message is kept, followed by the type and place of the
    exception. The other lines quote the exception, which may quote what a person wrote.
    """
    message, error = record.getMessage(), record.exc_info[1] if record.exc_info else None
    if error is None or record.name == _OURS:
        return message
    return f"{message.partition(chr(10))[0]}: {error_location(error)}"


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Return the secrets of the settings that have six characters or more, and the database's passwords."""
    address = settings.database_url.get_secret_value()  # alone, it is no secret
    found = {*passwords_in(address), *settings.secrets} - {address}
    return tuple(secret for secret in found if len(secret) >= _SHORTEST)


def passwords_in(address: str) -> frozenset[str]:
    """Return the passwords in an address and in its query string, each both percent-encoded and decoded."""
    parts = urlsplit(address)
    written = [parts.password or "", *(value for name, value in parse_qsl(parts.query) if name == "password")]
    return frozenset(form for one in written for form in (one, unquote(one), quote(one, safe="")) if form)


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text with each secret replaced by `<secret>`."""
    for secret in secrets:
        text = text.replace(secret, _REDACTION)
    return text


def secrets_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets of this process.

    If its settings are invalid: the values of all variables named like secrets.
    """
    try:
        return secrets_of(load_settings())
    except (PaperwireError, OSError):
        named = [value for name, value in environ.items() if any(word in name for word in _SECRET_NAMES)]
        inside = [one for name, value in environ.items() if name.endswith("_URL") for one in passwords_in(value)]
        return tuple(value for value in (*named, *inside) if len(value) >= _SHORTEST)
