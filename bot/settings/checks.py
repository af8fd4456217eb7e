"""Checks that turn the text of a setting into its value: which values are allowed, the smallest and largest ones, and what is said of others.

Each check returns the value, or raises Unusable, which never contains the text.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import PlainValidator, SecretStr

from bot.settings.cron import fits_any_day, is_cron
from bot.settings.hosts import is_ip
from subscriptions import addresses
from subscriptions.categories import announced_category
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import ChatAddress
from subscriptions.zones import zone_name

T = TypeVar("T")

_LEAST_OF_PASSWORD, _MOST_OF_PASSWORD = 8, 200
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")
_REST_OF_ADDRESS = re.compile(r"[@\w/.-]{1,24}")
_LIKE_A_CATEGORY = re.compile(r"[A-Za-z]{1,10}(?:-[A-Za-z]{1,10})?(?:\.[A-Za-z-]{1,12})?")
_EVERY = re.compile(r"every [1-9]\d{0,5}[smhd]")


# papers younger than this are never reduced; older ones are needed only after a long pause
SHORTEST_AGE = timedelta(days=60)

NO_TEXT = "it must be a text in quotes"


class Unusable(ValueError):
    """Raised for a text that cannot be the value of its setting. `reason` is, for example, "it must be a number"."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = Sentence(reason, values)


@dataclass(frozen=True, slots=True)
class Places:
    """The folders where relative paths start, and the accepted names of formats; None accepts every name."""

    cwd: Path  # for paths in the environment
    folder: Path  # for paths in paperwire.toml
    formats: Sequence[str] | None = None


def text(check: Callable[[str], object]) -> PlainValidator:
    """Returns the validator of a setting whose text `check` turns into its value."""
    return PlainValidator(lambda value: check(_text(value)))


def hidden(check: Callable[[str], str]) -> PlainValidator:
    """Like `text`, for a setting whose value no log, error or repr may show."""
    return PlainValidator(lambda value: SecretStr(check(_text(value))))


def placed(check: Callable[[str, Places], object]) -> PlainValidator:
    """Like `text`, but also passes the Places to `check`."""
    return PlainValidator(lambda value, info: check(_text(value), info.context))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unusable(NO_TEXT)
    return value


def usable(value: T, reason: str, *, when: object, **values: object) -> T:
    """Returns `value`. Raises Unusable with the reason unless `when` is true."""
    if not when:
        raise Unusable(reason, **values)
    return value


def like(pattern: str, reason: str) -> Callable[[str], str]:
    """Returns a check that accepts texts that match a pattern."""
    return lambda text: usable(text, reason, when=re.fullmatch(pattern, text))


visible = like(r"[!-~]+", "it must be plain letters, digits and signs without blanks or line ends")
contact = like(r"[ -~]+", "it must be one line of plain letters, such as a mail address")
variable = like(r"[A-Za-z_][A-Za-z0-9_]*", "it must be the name of a variable, not a token")
_header = like(r"[A-Za-z][A-Za-z0-9-]{0,63}", "it must be the name of a header, such as X-Forwarded-User")
_code = like(r"[a-z]{2}", "it must be two letters, such as en or zh")
_name_of_format = like(r"[a-z0-9_]+", "it must be the name of a format, such as daily_arxiv_md")
_days = like(r"[0-9]{1,5}d", "it must be a number of days, such as 400d")


def password(text: str) -> str:
    """Returns a password. It must be hard to guess, since each network address has a hundred tries per minute."""
    is_good = _LEAST_OF_PASSWORD <= len(text) <= _MOST_OF_PASSWORD and text.isprintable()
    reason = "it must be one line of {least} to {most} signs"
    return usable(text, reason, when=is_good, least=_LEAST_OF_PASSWORD, most=_MOST_OF_PASSWORD)


def url(text: str) -> str:
    """Returns a web address."""
    _split(text)
    return text


def server_root(text: str) -> str:
    """Returns a web address to which paths can be appended, without a final "/"."""
    parts = _split(text)
    is_root = not (parts.query or parts.fragment)
    return usable(text.rstrip("/"), "it must be the root of a server, without ? and #", when=is_root)


def source_url(text: str) -> str:
    """Returns the address of a digest. {date} is the only placeholder in it."""
    others = set("{}") & set(url(text).replace("{date}", ""))
    return usable(text, "the only thing in braces that it may hold is {hole}", when=not others, hole="{date}")


def host(text: str) -> str:
    """Returns a host name or an IP address to listen on, without the brackets that an address has in a URL."""
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return usable(host, "it must be a host name or an IP address, such as 127.0.0.1", when=_is_host(host))


def hosts(text: str) -> frozenset[str]:
    """Returns the hosts in a text, which are separated by commas, without their ports."""
    found = frozenset(_without_port(item) for item in _items(text))
    reason = "it must be host names or IP addresses with commas between, such as localhost, 10.0.0.5"
    return usable(found, reason, when=all(map(_is_host, found)))


def port(text: str) -> int:
    """Returns a port; 0 means any free port."""
    is_port = text.isascii() and text.isdigit() and int(text[:9]) <= 65_535  # noqa: PLR2004 - the largest port
    return int(usable(text, "it must be a number from 0 to 65535", when=is_port))


def chats(text: str) -> tuple[ChatAddress, ...]:
    """Returns the chats in a text, which are separated by commas."""
    return tuple(dict.fromkeys(map(_chat, _items(text))))


def _chat(text: str) -> ChatAddress:
    """Returns a chat. The error quotes the text only if it has the form of a chat, since other text may be a secret."""
    platform, colon, rest = text.partition(":")
    is_known = bool(colon) and platform in {facts.name for facts in addresses.declared()}
    try:
        return addresses.parse_address(text)
    except PaperwireError as error:
        if is_known and _REST_OF_ADDRESS.fullmatch(rest):
            raise Unusable("{why} {hint}", why=error.sentence, hint=str(error.hint).rstrip(".")) from None
        raise Unusable("it must be chats with commas between, such as telegram:12345678, slack:U0123456789") from None


def timezone(text: str) -> str:
    """Returns the name under which a time zone is stored."""
    try:
        return zone_name(text)
    except PaperwireError:
        raise Unusable("it must be a time zone, such as Europe/Berlin, Asia/Shanghai or +08:00") from None


def database(text: str, places: Places) -> SecretStr:
    """Returns the address of a database. A relative path of a SQLite file starts at the current folder."""
    scheme, _, rest = text.partition("://")
    kind = scheme.partition("+")[0]
    if kind == "sqlite" and rest.startswith("/"):
        return SecretStr(f"{scheme}:///{_sqlite_path(rest[1:], places.cwd)}")
    if kind in {"postgresql", "postgres"}:
        parts = address_parts(text)
        if parts.hostname or parts.path.strip("/"):
            return SecretStr(f"postgresql{scheme.removeprefix(kind)}://{rest}")  # SQLAlchemy does not know "postgres"
    raise Unusable("it must be sqlite:///FILE or postgresql://HOST/NAME")


def archive(text: str) -> str:
    """Returns an arXiv archive or category as arXiv writes it: "hep-th", "cs.LG". Accepts any letter case."""
    code, is_named = announced_category(text.strip()), _LIKE_A_CATEGORY.fullmatch(text)
    reason = "{code} is not an archive or a category of arXiv, such as hep-th or cs.LG"
    # the text is not quoted, since it may be a misplaced secret
    other = "each must be an archive or a category of arXiv, such as hep-th or cs.LG"
    return usable(code or "", reason if is_named else other, when=code, code=text if is_named else "")


def schedule(text: str) -> str:
    """Returns the schedule of a source: "arxiv", "every 30m" or a cron line of five fields."""
    plain = " ".join(text.casefold().split())
    is_day_known = not is_cron(plain) or fits_any_day(plain)
    is_schedule = plain == "arxiv" or _EVERY.fullmatch(plain) or is_cron(plain)
    reason = "it must be arxiv, every 30m (s, m, h, d) or a cron line such as 0 6 * * mon-fri"
    return usable(
        usable(plain, reason, when=is_schedule), "no day of the year fits its line of cron", when=is_day_known
    )


def language(text: str) -> str:
    """Returns a language code of two letters."""
    return _code(text.strip().casefold())


def line(text: str) -> str:
    """Returns a text of one line that is not empty."""
    plain = text.strip()
    return usable(plain, "it must be one line of text", when=plain and plain.isprintable())


def filters(text: str) -> str:
    """Returns filters of an interface: each a name and a value, with commas between."""
    are_filters = all(re.fullmatch(r"[a-z][a-z0-9._-]*:[^:\s].*", one.strip()) for one in text.split(","))
    return usable(line(text), "it must be filters with commas between, such as issn:1234-5678", when=are_filters)


def source_name(text: str) -> str:
    """Returns the name of a source: one line of at most LONGEST_NAME characters."""
    name = line(text)
    return usable(
        name,
        "it must have at most {most} characters",
        when=len(name) <= addresses.LONGEST_NAME,
        most=addresses.LONGEST_NAME,
    )


def age(text: str) -> timedelta:
    """Returns the age that a text such as "400d" means. It is at least SHORTEST_AGE."""
    found = timedelta(days=int(_days(text)[:-1]))
    return usable(found, "it must be at least {days}d", when=found >= SHORTEST_AGE, days=SHORTEST_AGE.days)


def path(text: str, places: Places) -> Path:
    """Returns the absolute path of a file or folder. It may contain wildcards.

    A relative path starts at the folder of paperwire.toml.
    """
    is_local = usable(text, "it must be a file or a folder; an address of the web is a url", when="://" not in text)
    return places.folder / _at_home(Path(line(is_local)))


def format_name(text: str, places: Places) -> str:
    """Returns the name of a format."""
    if places.formats is None:
        return _name_of_format(text.strip())
    return one_of(*places.formats)(text)


def day(value: object) -> date:
    """Returns a date from a text such as "2026-12-25", or from a TOML date."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Unusable("each must be a day such as 2026-12-25") from None


def one_of(*words: str) -> Callable[[str], str]:
    """Returns a check that accepts these words, in any letter case."""
    reason, known = "it must be one of {words}", ", ".join(words)
    return lambda text: usable(plain := text.strip().casefold(), reason, when=plain in words, words=known)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def address_parts(text: str) -> SplitResult:
    """Returns the parts of an address. Refuses an address with an invalid host or port."""
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname  # reading them is what raises ValueError
    except ValueError:
        raise Unusable("it must be an address that can be read; look at its host and port") from None
    return parts


def _split(text: str) -> SplitResult:
    """Returns the parts of a web address that has a host."""
    is_plain = re.fullmatch(r"[!-~]+", text)
    parts = address_parts(usable(text, "it must be an address without blanks, line ends or accents", when=is_plain))
    is_whole = parts.scheme in {"http", "https"} and parts.hostname
    return usable(parts, "it must be an address with a host, such as https://example.org/", when=is_whole)


def _without_port(text: str) -> str:
    if is_ip(text):
        return text.casefold()
    if "/" in text:
        return ""
    return (address_parts(f"//{text}").hostname or "").casefold()


def _is_host(text: str) -> bool:
    return is_ip(text) or _HOST_NAME.fullmatch(text) is not None


def _sqlite_path(text: str, cwd: Path) -> str:
    path, mark, options = text.partition("?")
    if path in {"", ":memory:"} or path.startswith("file:"):
        raise Unusable("it must name a file, for what is only in memory is lost")
    return f"{cwd / _at_home(Path(path))}{mark}{options}"


def _at_home(path: Path) -> Path:
    """Returns the path with the home folder in place of "~"."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise Unusable("it begins with the home of somebody who is not known on this machine") from None
