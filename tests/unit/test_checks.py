"""`paperwire check`: what the machine answers by itself."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.checks import Finding, check_here, check_platforms, sample_delivery
from bot.rendering import render_delivery
from bot.settings import Settings
from subscriptions import ChatAddress, Message, RetryLater, Store
from tests.make import NOON


def answers(settings: Settings, store: Store, environ: Mapping[str, str] | None = None) -> dict[str, Finding]:
    found = check_here(settings, store, wall=NOON, environ=environ or {})
    return {str(finding.question): finding for finding in found}


@pytest.fixture
def settings(store: Store) -> Settings:
    return Settings(database_url=SecretStr(f"sqlite:///{store.path}"))


def test_everything_is_well(settings: Settings, store: Store) -> None:
    found = answers(settings, store)
    assert list(found) == ["Settings", "Database", "Newest copy", "Templates", "Clock", "Proxy"]
    assert not any(finding.mend for finding in found.values())
    assert str(found["Clock"].answer) == "2026-01-22 12:00 in UTC"


def test_unknown_variables_are_named_with_the_one_that_was_meant(settings: Settings, store: Store) -> None:
    unknown = Settings(database_url=settings.database_url, unknown=("PAPERWIRE_TIMEZON", "PAPERWIRE_X"))
    found = [f for f in check_here(unknown, store, wall=NOON, environ={}) if str(f.question) == "Settings"]
    assert [(str(f.answer), str(f.cure), f.mend) for f in found] == [
        ("PAPERWIRE_TIMEZON means nothing to paperwire", "Did you mean PAPERWIRE_TIMEZONE?", True),
        ("PAPERWIRE_X means nothing to paperwire", "Remove it.", True),
    ]


@pytest.mark.parametrize(
    ("age", "mend", "answer"),
    [
        (timedelta(hours=20), False, "0 days old"),
        (timedelta(days=2), False, "2 days old"),
        (timedelta(days=2, hours=1), True, "2 days old"),
        (timedelta(days=30), True, "30 days old"),
        (None, False, "there is none in the folder of copies yet"),
    ],
)
def test_the_newest_copy_has_an_age(
    settings: Settings, store: Store, age: timedelta | None, mend: bool, answer: str
) -> None:
    assert store.path is not None
    folder = store.path.parent / "backups"
    if age is not None:
        for number, older in enumerate((timedelta(0), timedelta(days=9))):
            copy = folder / f"{number}.db"
            copy.parent.mkdir(exist_ok=True)
            copy.touch()
            at = (NOON - age - older).timestamp()
            os.utime(copy, (at, at))
    kept = Settings(database_url=settings.database_url, backup_to=folder)
    finding = answers(kept, store)["Newest copy"]
    assert finding.mend is mend
    assert answer in str(finding.answer)


@pytest.mark.parametrize(
    ("environ", "mend", "answer"),
    [
        ({}, False, "none"),
        ({"https_proxy": "http://user:hidden@proxy:3128"}, False, "requests go by https_proxy"),
        ({"HTTPS_PROXY": "socks5://hidden:1080"}, True, "HTTPS_PROXY names no proxy that can be used"),
        ({"ALL_PROXY": "http://[hidden"}, True, "ALL_PROXY names no proxy that can be used"),
    ],
)
def test_proxies_are_named_and_never_shown(
    settings: Settings, store: Store, environ: dict[str, str], mend: bool, answer: str
) -> None:
    finding = answers(settings, store, environ)["Proxy"]
    assert (finding.mend, str(finding.answer)) == (mend, answer)


def test_a_database_that_cannot_be_read_is_to_be_mended(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"this is no database, whatever its name may say about that. " * 5)
    finding = answers(settings, Store(f"sqlite:///{path}"))["Database"]
    assert finding.mend
    assert "not a paperwire database" in str(finding.answer)


def test_an_older_schema_is_to_be_brought_up(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.checks.HEAD", "9000")
    finding = answers(settings, store)["Database"]
    assert finding.mend
    assert "paperwire db upgrade" in str(finding.cure)


def test_a_broken_template_is_named(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(delivery: object) -> tuple[Message, ...]:
        raise LookupError("paper.html")

    monkeypatch.setattr("bot.checks.render_delivery", broken)
    finding = answers(settings, store)["Templates"]
    assert finding.mend
    assert "LookupError: paper.html" in str(finding.answer)


@pytest.mark.parametrize("platform", ["console", "slack", "telegram", "web"])
def test_the_sample_holds_what_templates_stumble_over(platform: str) -> None:
    (message,) = render_delivery(sample_delivery(platform, "en"))
    assert "2601.00001" in message.payload


class Down:
    """A platform that does not answer."""

    platform = "telegram"

    async def identity(self) -> str:
        raise RetryLater("No connection.")

    async def post(self, chat: ChatAddress, message: Message) -> str:
        raise NotImplementedError


async def test_a_platform_that_does_not_answer_is_to_be_mended(settings: Settings, store: Store) -> None:
    found = await check_platforms(settings, store, {"telegram": Down()}, wall=lambda: NOON)  # type: ignore[dict-item]
    telegram, slack, *_ = found
    assert (str(telegram.answer), telegram.mend) == ("it does not answer: No connection", True)
    assert str(slack.answer) == "off, it has no token"
