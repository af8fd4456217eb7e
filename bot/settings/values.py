"""The kinds of values that settings have: how the text of each is read, and what is said of a text that cannot be used.

A reader returns the value, or raises ValueError with what is allowed ("it must be …"), never with the text: it may be a
secret that was put into the wrong setting.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import SplitResult, urlsplit

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo

from subscriptions.chats import addresses
from subscriptions.errors import PaperwireError
from subscriptions.model import KEPT, ChatAddress
from subscriptions.query.categories import announced_category
from subscriptions.schedule.zones import zone_name

T = TypeVar("T")

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 200  # characters: each network address has a hundred tries per minute
FIELDS_OF_CRON = 5  # minute, hour, day, month, day of the week
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")
_EVERY = re.compile(r"every [1-9]\d{0,5}[smhd]", re.ASCII)
_SENDER = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.-]+")
# beginnings of what Slack's pages show beside the token that is needed → what it is
_TOKENS_OF_SLACK = {
    "xoxb-": "a bot token (xoxb-…)",
    "xapp-": "an app token (xapp-…)",
    "xoxp-": "a user token (xoxp-…)",
    "xoxe.": "a token that expires (xoxe.…), from an app with token rotation",
    "xoxe-": "a refresh token (xoxe-…), from an app with token rotation",
    "https:": "a web address",
}


def allowed(value: T, reason: str, *, when: object) -> T:
    """Return `value`. Raise ValueError with the reason unless `when` is true."""
    if not when:
        raise ValueError(reason)
    return value


def of_text(read: Callable[[str], object]) -> BeforeValidator:
    """Return what reads a text; any other value stays as it is."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


def matching(pattern: str, reason: str) -> Callable[[str], str]:
    """Return the reader of a text that must match a pattern."""
    return lambda text: allowed(text, reason, when=re.fullmatch(pattern, text))


def like(pattern: str, reason: str) -> AfterValidator:
    """Return the check of a text that must match a pattern."""
    return AfterValidator(matching(pattern, reason))


def hidden(read: Callable[[str], str]) -> AfterValidator:
    """Return the check of a secret, whose text `read` reads."""
    return AfterValidator(lambda secret: SecretStr(read(secret.get_secret_value())))


def address_parts(text: str) -> SplitResult:
    """Return the parts of an address. Refuses an address with an invalid host or port."""
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname  # reading them is what raises ValueError
    except ValueError:
        raise ValueError("it must be an address that can be read; look at its host and port") from None
    return parts


plain_address = matching(r"[!-~]+", "it must be an address without blanks, line ends or accents")
# such as a key
visible = matching(r"[!-~]+", "it must be plain letters, digits and punctuation marks without blanks or line ends")
# the bot's id and a secret; it becomes part of an address's path
_telegram_token = matching(r"[0-9]+:[A-Za-z0-9_-]+", "it must look like 123456:ABC-def, without blanks or line ends")


def web_address(text: str) -> str:
    """Return an address of the web."""
    parts = address_parts(plain_address(text))
    is_whole = parts.scheme in {"http", "https"} and parts.hostname
    return allowed(text, "it must be an address with a host, such as https://example.org/", when=is_whole)


def server_root(text: str) -> str:
    """Return an address of the web to which paths can be appended, without a final "/"."""
    is_root = not {"?", "#"} & set(web_address(text))
    return allowed(text.rstrip("/"), "it must be the root of a server, without ? and #", when=is_root)


def public_root(text: str) -> str:
    """Return the root of a server that people read: in links of mails, and in the addresses of feeds."""
    root = server_root(text)
    has_password = address_parts(root).password is not None
    return allowed(root, "people read it, so it must hold no password", when=not has_password)


def slack_root(text: str) -> str:
    """Return the root of a Slack API. It ends in "/api/"."""
    root = server_root(text)
    return allowed(f"{root}/", "it must end in /api/", when=root.endswith("/api"))


def digest_address(text: str) -> str:
    """Return the address of a digest. {date} is the only placeholder in it."""
    others = set("{}") & set(web_address(text).replace("{date}", ""))
    return allowed(text, "the only thing in braces that it may hold is {date}", when=not others)


def smtp_address(text: str) -> str:
    """Return the address of a server that sends mail."""
    parts = address_parts(plain_address(text))
    is_whole = parts.scheme in {"smtp", "smtps"} and parts.hostname and not (parts.path.strip("/") or parts.query)
    reason = "it must be smtp://HOST:PORT or smtps://HOST:PORT, perhaps with USER:PASSWORD@ before the host"
    return allowed(text, reason, when=is_whole)


def database_address(text: str) -> str:
    """Return the address of a database in SQLAlchemy's form.

    A relative path of a SQLite file starts at the current folder.
    """
    scheme, _, rest = text.partition("://")
    kind = scheme.partition("+")[0]
    if kind == "sqlite" and rest.startswith("/"):
        path, mark, options = rest[1:].partition("?")
        is_file = path not in {"", ":memory:"} and not path.startswith("file:")
        allowed(path, "it must name a file, for what is only in memory is lost", when=is_file)
        return f"{scheme}:///{at_home(path).absolute()}{mark}{options}"
    if kind in {"postgresql", "postgres"}:
        parts = address_parts(text)
        behind = parts.path + parts.query.partition("=")[0] + parts.fragment
        allowed(behind, "write the signs / ? # @ of its password as %2F %3F %23 %40", when="@" not in behind)
        if parts.hostname or parts.path.strip("/"):
            login, at, host = parts.netloc.rpartition("@")  # SQLAlchemy ends a password at its first @
            rest = f"{login.replace('@', '%40')}{at}{host}{rest.removeprefix(parts.netloc)}"
            return f"postgresql{scheme.removeprefix(kind)}://{rest}"  # SQLAlchemy does not know "postgres"
    raise ValueError("it must be sqlite:///FILE or postgresql://HOST/NAME")


def at_home(text: str) -> Path:
    """Return a path, with the home folder in place of "~"."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("it begins with the home of somebody who is not known on this machine") from None


def slack_token(begins: str, where: str) -> AfterValidator:
    """Return the check of a token of Slack: it says what else was given instead, and where the right one is."""

    def read(text: str) -> str:
        given = next((kind for start, kind in _TOKENS_OF_SLACK.items() if text.startswith(start)), "something else")
        return visible(allowed(text, f"it holds {given}; {where}", when=text.startswith(begins)))

    return hidden(read)


def one_line(text: str) -> str:
    """Return a text of one line without blanks around it."""
    plain = text.strip()
    return allowed(plain, "it must be one line of text", when=plain and plain.isprintable())


def source_name(text: str) -> str:
    """Return the name of a source."""
    name, most = one_line(text), addresses.LONGEST_NAME
    allowed(name, "that is the name of what is asked about kept papers", when=name.casefold() != KEPT)
    return allowed(name, f"it must have at most {most} characters", when=len(name) <= most)


def _password(text: str) -> str:
    is_good = SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD and text.isprintable()
    reason = f"it must be one line of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    return allowed(text, reason, when=is_good)


def _sender(text: str) -> str:
    is_one = _SENDER.fullmatch(parseaddr(text)[1]) and text.isprintable()
    return allowed(text, "it must be an address, such as Papers <papers@example.org>", when=is_one)


def _host(text: str) -> str:
    name = text.removeprefix("[").removesuffix("]")  # the brackets of an address of IPv6
    is_host = is_ip(name) or _HOST_NAME.fullmatch(name)
    return allowed(name, "it must be a host name or an IP address, such as 127.0.0.1", when=is_host)


def _items(text: str) -> list[str]:
    """Return the items of a text with commas between them."""
    return [item.strip() for item in text.split(",") if item.strip()]


def _source_host(value: str) -> str:
    """Return the host of a source in lower case, without its port."""
    reason = "it must be host names or IP addresses with commas between, such as localhost, 10.0.0.5"
    name = value if is_ip(value) else address_parts(f"//{value}").hostname or ""
    is_host = is_ip(name) or (_HOST_NAME.fullmatch(name) and "/" not in value)
    return allowed(name.casefold(), reason, when=is_host)


def _chats(text: str) -> tuple[ChatAddress, ...]:
    try:
        found = [addresses.parse_address(item) for item in _items(text)]
    except PaperwireError:
        reason = "it must be chats with commas between, such as telegram:12345678, slack:U0123456789"
        raise ValueError(reason) from None
    return tuple(dict.fromkeys(found))


def _zone(text: str) -> str:
    try:
        return zone_name(text)
    except PaperwireError:
        raise ValueError("it must be a time zone, such as Europe/Berlin, Asia/Shanghai or +08:00") from None


def _category(text: str) -> str:
    code = announced_category(text.strip())
    reason = "each must be an archive or a category of arXiv, such as hep-th or cs.LG"
    return allowed(code or "", reason, when=code)


def _schedule(text: str) -> str:
    plain = " ".join(text.casefold().split())
    is_schedule = plain == "arxiv" or _EVERY.fullmatch(plain) or is_cron(plain)
    reason = "it must be arxiv, every 30m (s, m, h, d) or a cron line such as 0 6 * * mon-fri"
    return allowed(plain, reason, when=is_schedule)


def is_cron(line: str) -> bool:
    """Return whether a line is a line of cron that some day fits."""
    try:
        CronSim(line, _ANY_DAY)
    except CronSimError:
        return False
    return len(line.split()) == FIELDS_OF_CRON


def _in_folder(path: Path, of: ValidationInfo) -> Path:
    """Return a path of paperwire.toml, which starts at the folder of that file."""
    return Path((of.context or {}).get("folder", "")) / path


def _local_path(text: str) -> str:
    allowed(text, "it must be a file or a folder; an address of the web is a url", when="://" not in text)
    return str(at_home(one_line(text)))


# before a choice of words, which may be typed in any letter case
AnyCase = of_text(lambda text: text.strip().casefold())

Line = Annotated[str, AfterValidator(one_line)]
Name = Annotated[str, AfterValidator(source_name)]
Contact = Annotated[str, like(r"[ -~]+", "it must be one line of plain letters, such as a mail address")]
Language = Annotated[str, AnyCase, like(r"[a-z]{2}", "it must be two letters, such as en or zh")]
Filters = Annotated[
    str, like(r"[a-z][a-z0-9._-]*:[^:\s][^\n]*", "it must be filters with commas between, such as issn:1234-5678")
]
Category = Annotated[str, AfterValidator(_category)]
Schedule = Annotated[str, AfterValidator(_schedule)]
LocalPath = Annotated[Path, of_text(_local_path)]
PathOfFile = Annotated[LocalPath, AfterValidator(_in_folder)]
Variable = Annotated[str, like(r"[A-Za-z_][A-Za-z0-9_]*", "it must be the name of a variable, not a token")]
DestinationName = Annotated[  # it is part of an address, and people type it at the end of a command
    str,
    like(
        r"[a-z][a-z0-9_-]{0,39}",
        "it must be at most 40 of a-z, 0-9, _ and -, a letter first, such as team-feishu",
    ),
]

WebAddress = Annotated[str, AfterValidator(web_address)]
ServerRoot = Annotated[str, AfterValidator(server_root)]
PublicRoot = Annotated[str, AfterValidator(public_root)]
SlackRoot = Annotated[str, AfterValidator(slack_root)]
DigestAddress = Annotated[str, AfterValidator(digest_address)]
Host = Annotated[str, AfterValidator(_host)]
SourceHosts = Annotated[frozenset[Annotated[str, AfterValidator(_source_host)]], of_text(_items)]
Chats = Annotated[tuple[ChatAddress, ...], of_text(_chats)]
Zone = Annotated[str, AfterValidator(_zone)]
Sender = Annotated[str, AfterValidator(_sender)]
Word = Annotated[str, AfterValidator(visible)]
Key = Annotated[SecretStr, hidden(visible)]
Password = Annotated[SecretStr, hidden(_password)]
SecretAddress = Annotated[SecretStr, hidden(web_address)]
SmtpAddress = Annotated[SecretStr, hidden(smtp_address)]
DatabaseAddress = Annotated[SecretStr, hidden(database_address)]
TelegramToken = Annotated[SecretStr, hidden(_telegram_token)]
SlackBotToken = Annotated[
    SecretStr, slack_token("xoxb-", "the bot token (xoxb-…) is at api.slack.com/apps, under OAuth & Permissions")
]
SlackAppToken = Annotated[
    SecretStr,
    slack_token("xapp-", "the app token (xapp-…) is at api.slack.com/apps, under Basic Information, App-Level Tokens"),
]


def is_ip(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether a host is only this machine."""
    return host.lower() == "localhost" or (is_ip(host) and ip_address(host).is_loopback)


def reached_at(host: str) -> str:
    """Return the host at which this machine reaches a process that listens on `host`: loopback for 0.0.0.0 and ::."""
    if is_ip(host) and ip_address(host).is_unspecified:
        return "::1" if ":" in host else "127.0.0.1"
    return host


def local_url(host: str, port: int) -> str:
    """Return the address of the root of a process that listens there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
