"""What an operator meets: settings that cannot be used, a machine without a home, signals, the image's check of health."""

import pwd
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product

NO_HOME = (
    "PAPERWIRE_DATABASE_URL is not set, and this user has no home folder in which the database could be. "
    "Set it, for example to sqlite:////srv/paperwire/paperwire.db.\n"
)
SECRET = "seventy-sesames"


def test_without_a_home_the_address_of_the_database_is_enough(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert product.runs("subscribe", "kelp", "--as", "console:me").status == 0
    assert product.says("/sub kelp now").text.startswith("✓ 1  kelp")
    product.settings["PAPERWIRE_DATABASE_URL"] = ""
    for command in (("subscriptions",), ("deliver",), ("run", "--once"), ("status",)):
        finished = product.runs(*command)
        assert (finished.status, finished.err) == (2, NO_HOME)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: no such file or directory"),
        ("folder", "cannot be read: is a directory"),
        ("denied", "cannot be read: permission denied"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (SECRET.encode("utf-16"), "holds no text in UTF-8"),
        (SECRET.encode() * 7_000, "is too large for a secret"),
    ],
)
def test_a_file_of_a_secret_that_cannot_be_read_is_named(
    product: Product, monkeypatch: pytest.MonkeyPatch, content: bytes | str | None, why: str
) -> None:
    path = product.folder / SECRET  # who sets NAME_FILE to a token may not see it in a log either
    if content == "folder":
        path.mkdir()
    elif content == "denied":
        opens = Path.open

        def refused(self: Path, *given: Any, **named: Any) -> Any:
            if self == path:
                raise PermissionError(13, "Permission denied", str(self))
            return opens(self, *given, **named)

        monkeypatch.setattr(Path, "open", refused)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    del product.settings["PAPERWIRE_TELEGRAM_TOKEN"]
    product.sets(TELEGRAM_TOKEN_FILE=SECRET)
    finished = product.runs("deliver")
    assert finished.status == 2
    assert finished.err == f"PAPERWIRE_TELEGRAM_TOKEN_FILE cannot be used: the file that it names {why}.\n"


def test_a_file_of_a_secret_may_begin_with_a_mark_of_its_bytes(product: Product) -> None:
    token = product.settings.pop("PAPERWIRE_TELEGRAM_TOKEN")
    product.sets(TELEGRAM_TOKEN_FILE=str(product.writes("token", f"\ufeff{token}\r\n")))
    assert product.says("/sub kelp").text.startswith("✓ 1  kelp")


BOT_TOKEN = "the bot token (xoxb-…) is at api.slack.com/apps, under OAuth & Permissions"
APP_TOKEN = "the app token (xapp-…) is at api.slack.com/apps, under Basic Information, App-Level Tokens"


@pytest.mark.parametrize(
    ("setting", "token", "why"),
    [
        ("BOT", "xoxp-1-2-sesame", f"it holds a user token (xoxp-…); {BOT_TOKEN}"),
        ("BOT", "xoxe-1-sesame", f"it holds a refresh token (xoxe-…), from an app with token rotation; {BOT_TOKEN}"),
        (
            "BOT",
            "xoxe.xoxb-1-sesame",
            f"it holds a token that expires (xoxe.…), from an app with token rotation; {BOT_TOKEN}",
        ),
        ("BOT", "xapp-1-A0-sesame", f"it holds an app token (xapp-…); {BOT_TOKEN}"),
        ("BOT", "0123456789abcdef", f"it holds something else; {BOT_TOKEN}"),
        ("BOT", "https://hooks.slack.com/services/sesame", f"it holds a web address; {BOT_TOKEN}"),
        ("APP", "xoxb-1-2-sesame", f"it holds a bot token (xoxb-…); {APP_TOKEN}"),
        ("APP", "xoxp-1-sesame", f"it holds a user token (xoxp-…); {APP_TOKEN}"),
    ],
)
def test_a_wrong_kind_of_token_is_refused_with_the_place_of_the_right_one(
    product: Product, setting: str, token: str, why: str
) -> None:
    product.sets(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1")
    product.settings[f"PAPERWIRE_SLACK_{setting}_TOKEN"] = token
    finished = product.runs("deliver")
    assert (finished.status, finished.err) == (2, f"PAPERWIRE_SLACK_{setting}_TOKEN cannot be used: {why}.\n")
