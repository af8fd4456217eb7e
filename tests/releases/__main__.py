"""Makes the folder of a release with the program of this checkout: `python -m tests.releases VERSION`, from the release's tag.

The program lives through a day with people, papers and troubles, on each kind of database. Then it ends while messages wait.
Needs pg_dump.
"""

import asyncio
import json
import lzma
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.model.settings import ModelSettings
from bot.platforms.email.settings import MailSettings
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import Settings
from subscriptions.model import Paper
from subscriptions.service.exporting import export_all
from tests.clock import NOON, FakeClock
from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.fakes.meaning import FakeEncoder
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.make import ingested, paper
from tests.postgres.cluster import installed_programs
from tests.postgres.server import Server, run_of_tests
from tests.releases import DUMP, FILE, FOLDER, TOLD
from tests.story.scenario import Scenario

_ROOT = FOLDER.parents[1]
_LIBRARY = "@article{a, title = {Harbour robots that count gulls}, eprint = {2512.00007}, archivePrefix = {arXiv}}\n"
_ABSTRACT = (
    "We follow {} for one summer with small radio tags, in forty places of three countries. They move further than maps"
    " of their habitats say, and return when the water becomes colder. The tags and all tracks are free to use."
)
_TOML = """\
[[source]]
name = "arXiv"
arxiv = ["cs.LG", "stat.ML"]

[[source]]
name = "daily"
path = "inbox/*.md"
language = "zh"
announce = "recent"

[[source]]
name = "journal"
title = "Journal of Kites"
home = "https://kites.example.org"
url = "https://kites.example.org/new.xml"
schedule = "every 30m"

[arxiv]
holidays = ["2026-12-25"]

[backup]
to = "backups"
"""
_ENVIRONMENT = """\
PAPERWIRE_TELEGRAM_TOKEN=1:a-token-of-nobody
PAPERWIRE_SMTP_URL=smtp://mail.example.org
PAPERWIRE_MAIL_FROM=Papers <papers@example.org>
PAPERWIRE_ACCESS=ask
PAPERWIRE_ADMINS=telegram:42
PAPERWIRE_TIMEZONE=Europe/Berlin
PAPERWIRE_SECRET_KEY=a-long-key-that-nobody-has-1234567890
PAPERWIRE_WEB_HOST=127.0.0.1
PAPERWIRE_WEB_PORT=8420
PAPERWIRE_ON_UNCLEAR=resend
PAPERWIRE_MEANING=off
PAPERWIRE_MODEL_URL=http://127.0.0.1:11434/v1
PAPERWIRE_MODEL_NAME=parrot-1
PAPERWIRE_MODEL_DAILY=100 requests, 100000 tokens
PAPERWIRE_LOG_FORMAT=json
"""


def _live(url: str) -> tuple[str, str]:
    """Lives through the day on a database without a schema. Returns the address of Ada's feed, and an export."""
    with FakeTelegram() as telegram, FakeChatModel(say=summary_of) as model:
        for chat in ("42", "43", "44"):
            telegram.knows(chat, title=f"Person {chat}")
        settings = Settings(
            database_url=SecretStr(url),
            of_rooms=(
                TelegramSettings(token=SecretStr(TOKEN), api_url=telegram.url),
                # where nobody listens: the question to the address waits
                MailSettings(smtp_url=SecretStr("smtp://127.0.0.1:9"), mail_from="papers@example.org"),
                ModelSettings(url=model.url, name=MODEL, key=SecretStr("sesame")),
            ),
            web_url="https://papers.example.org",
            access="open",
        )
        return asyncio.run(_day(telegram, settings))


async def _day(telegram: FakeTelegram, settings: Settings) -> tuple[str, str]:
    scenario = Scenario(telegram, FakeClock(NOON), settings)
    try:
        return await _feed_after(scenario), "".join(export_all(scenario.app.store))
    finally:
        await scenario.app.close()


async def _feed_after(scenario: Scenario) -> str:
    store, encoder = scenario.app.store, FakeEncoder()
    await scenario.says("/sub gulls -survey now")
    await scenario.says("/timezone Berlin")
    await scenario.says("/sub harbour robots daily 9")
    await scenario.says("/library", sends="document", file=("mine.bib", _LIBRARY))
    feed = re.search(r"https://\S+", (await scenario.says("/feed")).text)
    assert feed is not None
    await scenario.says("/sub gulls now", "43")
    await scenario.says("/sub gulls now", "44")
    await scenario.says("/lang zh", "44")
    ingested(store, _paper("gulls at sea", "2601.00001"), now=scenario.clock.now(), encoder=encoder)
    assert scenario.app.summarizer is not None
    await scenario.app.summarizer.run()
    assert len(await scenario.later(minutes=5)) == 3
    await scenario.presses("👍")
    await scenario.presses("save")
    await scenario.says("/pause 7d", "43")
    await scenario.says("/email me@lab.org")

    # From here on, Telegram takes nothing: what is due waits, rendered or not.
    for chat in ("42", "44"):
        scenario.telegram.answers("429", chat=chat, retry_after=3600)
    ingested(store, _paper("young gulls", "2601.00002"), now=scenario.clock.now(), encoder=encoder)
    assert not await scenario.later(minutes=5)
    ingested(store, _paper("gulls in harbours", "2601.00003"), now=scenario.clock.now(), encoder=encoder)
    assert not await scenario.later(minutes=5)
    return feed.group()


def _paper(subject: str, arxiv_id: str) -> Paper:
    return paper(f"On {subject}", "q-bio.PE", arxiv_id=arxiv_id, abstract=_ABSTRACT.format(subject))


def _make(folder: Path) -> None:
    with TemporaryDirectory() as scratch, run_of_tests():
        file = Path(scratch, "paperwire.db")
        feed, exported = _live(f"sqlite:///{file}")
        (folder / FILE).write_bytes(lzma.compress(file.read_bytes()))
        server = Server()
        with server.database(empty=True) as url:
            other_feed, same = _live(url)
            assert same == exported
            (folder / DUMP).write_bytes(lzma.compress(_dump(server.info(urlsplit(url).path[1:]))))
        server.close()
    told = {"export": exported, "feeds": {"sqlite": feed, "postgresql": other_feed}}
    (folder / TOLD).write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", "utf-8")
    (folder / "paperwire.toml").write_text(_TOML, "utf-8")
    (folder / "environment").write_text(_ENVIRONMENT, "utf-8")
    shutil.copy(_ROOT / "paperwire.service", folder)


def _dump(database: str) -> bytes:
    done = subprocess.run(  # noqa: S603 - of the wheel
        [installed_programs() / "pg_dump", "--no-owner", "--inserts", "--dbname", database],
        capture_output=True,
        check=True,
    )
    # lines that begin with a backslash are for psql
    return b"".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith(b"\\"))


if __name__ == "__main__":
    target = FOLDER / sys.argv[1]
    target.mkdir()
    _make(target)
