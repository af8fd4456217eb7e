"""Checks that turn the text of a setting into its value. Each raises Unusable, which never contains the text."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from platformdirs import user_data_path

from bot.errors import SettingsError
from bot.settings.cron import fits_any_day, is_cron
from subscriptions.addresses import LONGEST_NAME, parse_address
from subscriptions.categories.tree import announced_category
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import ChatAddress
from subscriptions.platforms import declared
from subscriptions.zones import zone_name

W = TypeVar("W", bound=str)

_VISIBLE = re.compile(r"[!-~]+")
_HEADER_TEXT = re.compile(r"[ -~]+")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_LEAST_OF_PASSWORD, _MOST_OF_PASSWORD = 8, 200
_TELEGRAM_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")  # the bot's id and a secret; becomes part of a URL's path
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # core.telegram.org/bots/api#setwebhook
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")
_REST_OF_ADDRESS = re.compile(r"[@\w/.-]{1,24}")
_LIKE_A_CATEGORY = re.compile(r"[A-Za-z]{1,10}(?:-[A-Za-z]{1,10})?(?:\.[A-Za-z-]{1,12})?")
_EVERY = re.compile(r"every [1-9]\d{0,5}[smhd]")
_ACCESS: tuple[Literal["open", "ask", "closed"], ...] = ("open", "ask", "closed")
_ANNOUNCE: tuple[Literal["recent", "all"], ...] = ("recent", "all")
_SPEAKS_FOR: tuple[Literal["arxiv"], ...] = ("arxiv",)
_LINKS: tuple[Literal["within", "follow"], ...] = ("within", "follow")
_ON_UNCLEAR: tuple[Literal["resend", "skip"], ...] = ("resend", "skip")
_LOG_LEVELS: tuple[Literal["debug", "info", "warning", "error"], ...] = ("debug", "info", "warning", "error")
_LOG_FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")


SHORTEST_AGE = timedelta(days=60)  # of papers that are reduced: longer than anything looks back but a long pause


class Unusable(Exception):
    """Raised for a text that cannot be the value of its setting. `reason` follows a colon: "it must be a number"."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = Sentence(reason, values)


def both_or_none(settings: Mapping[str, object]) -> None:
    """Raises SettingsError if some of these settings are set and others are not."""
    missing = [name for name, value in settings.items() if value is None]
    if missing and len(missing) < len(settings):
        given = ", ".join(name for name in settings if name not in missing)
        raise SettingsError(
            Sentence("{given} needs {missing}, which is not set.", {"given": given, "missing": ", ".join(missing)})
        )


def needed(given: str, settings: Mapping[str, object]) -> None:
    """Raises SettingsError if one of `settings`, which the setting `given` needs, is not set."""
    missing = [name for name, value in settings.items() if value is None]
    if missing:
        raise SettingsError(
            Sentence("{given} needs {missing}, which is not set.", {"given": given, "missing": ", ".join(missing)})
        )


def secret(text: str) -> str:
    """Any secret: visible characters without blanks and line ends, which slip in when a secret is copied."""
    return _like(_VISIBLE, text, "it must be plain letters, digits and signs without blanks or line ends")


def visible(text: str) -> str:
    """An id or name that a service issued: ASCII without blanks."""
    return secret(text)


def password(text: str) -> str:
    """A password that is not soon guessed: an address has a hundred tries a minute."""
    if not (_LEAST_OF_PASSWORD <= len(text) <= _MOST_OF_PASSWORD and text.isprintable()):
        raise Unusable(
            "it must be one line of {least} to {most} signs", least=_LEAST_OF_PASSWORD, most=_MOST_OF_PASSWORD
        )
    return text


def header_name(text: str) -> str:
    """The name of a header, in lower case."""
    return _like(_HEADER_NAME, text, "it must be the name of a header, such as X-Forwarded-User").lower()


def telegram_token(text: str) -> str:
    """A bot token as @BotFather issues it."""
    return _like(_TELEGRAM_TOKEN, text, "it must look like 123456:ABC-def, without blanks or line ends")


def webhook_secret(text: str) -> str:
    """A secret that setWebhook accepts as secret_token."""
    return _like(_WEBHOOK_SECRET, text, "it must be 1 to 256 of the signs A-Z, a-z, 0-9, _ and -")


def slack_bot_token(text: str) -> str:
    """A bot token. The app token, which Slack's pages show beside it, is refused."""
    if text.startswith("xapp-"):
        raise Unusable("it holds an app token (xapp-…); the bot token begins with xoxb-")
    return secret(text)


def slack_app_token(text: str) -> str:
    """An app token. A bot token is refused."""
    if text.startswith("xoxb-"):
        raise Unusable("it holds a bot token (xoxb-…); the app token begins with xapp-")
    return secret(text)


def url(text: str) -> str:
    """A web address."""
    _split(text)
    return text


def server_root(text: str) -> str:
    """A web address to which paths are appended, without "/" at its end."""
    parts = _split(text)
    if parts.query or parts.fragment:
        raise Unusable("it must be the root of a server, without ? and #")
    return text.rstrip("/")


def slack_api_url(text: str) -> str:
    """The root of a Slack API. It ends in "/api/"."""
    root = server_root(text)
    if not root.endswith("/api"):
        raise Unusable("it must end in /api/")
    return f"{root}/"


def source_url(text: str) -> str:
    """The address of a digest. {date} is the only placeholder."""
    _split(text)
    if set("{}") & set(text.replace("{date}", "")):
        raise Unusable("the only thing in braces that it may hold is {hole}", hole="{date}")
    return text


def host(text: str) -> str:
    """A host name or an IP address to listen on."""
    if not _is_host(text):
        raise Unusable("it must be a host name or an IP address, such as 127.0.0.1")
    return text


def hosts(text: str) -> frozenset[str]:
    """Hosts separated by commas, without ports."""
    found = frozenset(_without_port(item) for item in _items(text))
    if not all(map(_is_host, found)):
        raise Unusable("it must be host names or IP addresses with commas between, such as localhost, 10.0.0.5")
    return found


def port(text: str) -> int:
    """A port; 0 stands for any free one."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= 65_535):  # noqa: PLR2004 - the largest port
        raise Unusable("it must be a number from 0 to 65535")
    return int(text)


def chats(text: str) -> tuple[ChatAddress, ...]:
    """Chats separated by commas."""
    return tuple(dict.fromkeys(map(_chat, _items(text))))


def _chat(text: str) -> ChatAddress:
    """A chat. If the text has the form of a chat, it is no misplaced secret, and the error contains it."""
    try:
        return parse_address(text)
    except PaperwireError as error:
        if _looks_like_chat(text):
            raise Unusable("{why} {hint}", why=error.sentence, hint=str(error.hint).rstrip(".")) from None
        raise Unusable("it must be chats with commas between, such as telegram:12345678, slack:U0123456789") from None


def _looks_like_chat(text: str) -> bool:
    platform, colon, rest = text.partition(":")
    known = {facts.name for facts in declared()}
    return bool(colon) and platform in known and _REST_OF_ADDRESS.fullmatch(rest) is not None


def timezone(text: str) -> str:
    """A time zone, by the name under which it is stored."""
    try:
        return zone_name(text)
    except PaperwireError:
        raise Unusable("it must be a time zone, such as Europe/Berlin, Asia/Shanghai or +08:00") from None


def contact(text: str) -> str:
    """A contact for the header of requests: one line of ASCII."""
    return _like(_HEADER_TEXT, text, "it must be one line of plain letters, such as a mail address")


def database_in(cwd: Path) -> Callable[[str], str]:
    """Returns a check for the address of a database. The path of a SQLite file becomes absolute, starting at `cwd`."""

    def check(text: str) -> str:
        scheme, _, rest = text.partition("://")
        kind = scheme.partition("+")[0]
        if kind == "sqlite" and rest.startswith("/"):
            return f"{scheme}:///{_sqlite_path(rest[1:], cwd)}"
        if kind in {"postgresql", "postgres"}:
            parts = _parts(text)
            if parts.hostname or parts.path.strip("/"):
                return f"postgresql{scheme.removeprefix(kind)}://{rest}"  # SQLAlchemy does not know "postgres"
        raise Unusable("it must be sqlite:///FILE or postgresql://HOST/NAME")

    return check


def default_database() -> str:
    """The address of a SQLite file in the user's folder for data of programs."""
    return f"sqlite:///{user_data_path('paperwire', appauthor=False) / 'paperwire.db'}"


def archive(text: str) -> str:
    """An arXiv archive or category in any letter case, returned as arXiv writes it: "hep-th", "cs.LG"."""
    code = announced_category(text.strip())
    if code is None and _LIKE_A_CATEGORY.fullmatch(text):
        raise Unusable("{code} is not an archive or a category of arXiv, such as hep-th or cs.LG", code=text)
    if code is None:
        raise Unusable("each must be an archive or a category of arXiv, such as hep-th or cs.LG")
    return code


def schedule(text: str) -> str:
    """The schedule of a source: "arxiv", "every 30m" or a cron line of five fields."""
    plain = " ".join(text.casefold().split())
    if is_cron(plain) and not fits_any_day(plain):
        raise Unusable("no day of the year fits its line of cron")
    if plain == "arxiv" or _EVERY.fullmatch(plain) or is_cron(plain):
        return plain
    raise Unusable("it must be arxiv, every 30m (s, m, h, d) or a cron line such as 0 6 * * mon-fri")


def language(text: str) -> str:
    """A language code of two letters."""
    return _like(re.compile(r"[a-z]{2}"), text.strip().casefold(), "it must be two letters, such as en or zh")


def line(text: str) -> str:
    """A text of one line that is not empty."""
    plain = text.strip()
    if not plain or not plain.isprintable():
        raise Unusable("it must be one line of text")
    return plain


def source_name(text: str) -> str:
    """The name of a source: one line of at most LONGEST_NAME characters."""
    name = line(text)
    if len(name) > LONGEST_NAME:
        raise Unusable("it must have at most {most} characters", most=LONGEST_NAME)
    return name


def age(text: str) -> timedelta:
    """Returns the age that "400d" stands for; it is at least SHORTEST_AGE."""
    days = _like(re.compile(r"[0-9]{1,5}d"), text, "it must be a number of days, such as 400d")
    if timedelta(days=int(days[:-1])) < SHORTEST_AGE:
        raise Unusable("it must be at least {days}d", days=SHORTEST_AGE.days)
    return timedelta(days=int(days[:-1]))


def path_in(folder: Path) -> Callable[[str], Path]:
    """Returns a check for the path of a file or folder, which may hold wildcards and becomes absolute from `folder`."""

    def check(text: str) -> Path:
        if "://" in text:
            raise Unusable("it must be a file or a folder; an address of the web is a url")
        return folder / _at_home(Path(line(text)))

    return check


def format_name(text: str) -> str:
    """A text that can be the name of a format."""
    return _like(re.compile(r"[a-z0-9_]+"), text.strip(), "it must be the name of a format, such as daily_arxiv_md")


def day(text: str) -> date:
    """A date, "2026-12-25"."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unusable("each must be a day such as 2026-12-25") from None


def variable(text: str) -> str:
    """The name of an environment variable."""
    return _like(re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), text, "it must be the name of a variable, not a token")


def one_of(words: Sequence[W]) -> Callable[[str], W]:
    """Returns a check for one of some words, in any letter case."""

    def check(text: str) -> W:
        for word in words:
            if word == text.strip().casefold():
                return word
        raise Unusable("it must be one of {words}", words=", ".join(words))

    return check


access = one_of(_ACCESS)
announce = one_of(_ANNOUNCE)
speaks_for = one_of(_SPEAKS_FOR)
links = one_of(_LINKS)
on_unclear = one_of(_ON_UNCLEAR)
log_level = one_of(_LOG_LEVELS)
log_format = one_of(_LOG_FORMATS)


def _like(pattern: re.Pattern[str], text: str, reason: str) -> str:
    if not pattern.fullmatch(text):
        raise Unusable(reason)
    return text


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _parts(text: str) -> SplitResult:
    """The parts of an address with a valid port."""
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname  # both raise ValueError only when they are read
    except ValueError:
        raise Unusable("it must be an address that can be read; look at its host and port") from None
    return parts


def _split(text: str) -> SplitResult:
    """The parts of a web address that has a host."""
    if not _VISIBLE.fullmatch(text):
        raise Unusable("it must be an address without blanks, line ends or accents")
    parts = _parts(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unusable("it must be an address with a host, such as https://example.org/")
    return parts


def _without_port(text: str) -> str:
    if _is_address(text):
        return text.casefold()
    return "" if "/" in text else (_parts(f"//{text}").hostname or "").casefold()


def _is_host(text: str) -> bool:
    return _is_address(text) or _HOST_NAME.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _sqlite_path(text: str, cwd: Path) -> str:
    path, mark, options = text.partition("?")
    if path in {"", ":memory:"} or path.startswith("file:"):
        raise Unusable("it must name a file, for what is only in memory is lost")
    return f"{cwd / _at_home(Path(path))}{mark}{options}"


def _at_home(path: Path) -> Path:
    """A path with the home folder in place of "~"."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise Unusable("it begins with the home of somebody who is not known on this machine") from None
