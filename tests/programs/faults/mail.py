"""Mail servers that refuse, postpone, disconnect or do not answer, while a bot sends papers to twenty addresses.

Nothing is lost. A mail comes twice only if the server accepted it and its answer was lost. Both have the same Message-ID.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

from pydantic import SecretStr

from bot.app import App, build_app
from bot.platforms.email.channel import EmailChannel
from bot.platforms.email.settings import MailSettings
from bot.settings import Settings
from subscriptions.service import confirmations
from subscriptions.store.outbox import outbox_counts
from tests.clock import NOON, FakeClock
from tests.fakes import smtp
from tests.make import address, ingested
from tests.programs.faults import filled
from tests.programs.faults.judging import Verdict

ADDRESSES = 20
ROUNDS = 400  # most rounds
BETWEEN = timedelta(minutes=20)  # longer than the longest wait between two attempts
# seconds for which the sender waits in one step, ten times as long at the end; the second is for a server that does not answer
PATIENT, LATE = 60.0, 0.3
TITLE = re.compile(r"A graph number \d{4}")
EVERY = 3  # one mail in three is hit


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a server does to the mails that are hit. It uses the answers in turn."""

    answers: tuple[str, ...]  # see tests/fakes/smtp.py
    is_taken: bool = False  # whether the server keeps the mail, although its answer is lost
    patience: float = PATIENT  # seconds for which the sender waits for an answer


TROUBLES: dict[str, Trouble] = {
    "cut before the mail was taken": Trouble(("sender drop", "recipient drop")),
    "cut after the mail was taken": Trouble(("content drop",), is_taken=True),
    "taken, and no answer": Trouble(("content silent",), is_taken=True, patience=LATE),
    "greylisted": Trouble(("recipient 450 4.2.0 greylisted", "recipient 451 4.7.1 try again in five minutes")),
    "421, 451, 452": Trouble(
        ("sender 421 4.3.2 closing", "recipient 452 4.2.2 over quota", "content 451 4.3.0 busy"),
    ),
    "552, 554, then as text": Trouble(("content 554 5.7.1 looks like spam", "content 552 5.3.4 too large")),
}


async def troubled(folder: Path, tries: int, trouble: Trouble) -> Verdict:
    """Applies a trouble to `tries` mails. Returns the verdict, which depends only on what the server accepted."""
    clock = FakeClock(NOON)
    with smtp.a_mail_server() as fake:
        app = _an_app(folder, fake, clock, trouble.patience)
        chats = [f"email:reader{number}@lab.org" for number in range(ADDRESSES)]
        try:
            for chat in map(address, chats):
                confirmations.ask_to_confirm(app.store, chat, now=NOON)
                confirmations.confirm(app.store, chat, source=None, until=NOON, now=NOON)
            # with quiet hours, more papers would come in the morning than one mail shows
            filled.subscribe(app.store, chats, quiet="off")
            clock.advance(BETWEEN)
            await app.sender.send_once()  # the requests for confirmation, which contain no papers
            fake.mails.clear()
            papers, hit = 0, 0
            for _ in range(ROUNDS):
                if hit < tries:
                    papers += 1
                    # troubles for a third of the next mails
                    count = min(tries - hit, ADDRESSES // EVERY)
                    fake.troubles.extend(islice(cycle(trouble.answers), count))
                    hit += count
                    ingested(app.store, f"A graph number {papers:04}", now=clock.now())
                await app.sender.send_once()
                clock.advance(BETWEEN)
                if hit >= tries and not _is_open(app):
                    break
            hit -= len(fake.troubles)
            taken = Counter((mail["To"], mail["Message-ID"]) for mail in fake.mails)
            firsts = {(mail["To"], mail["Message-ID"]): smtp.shown_text(mail) for mail in reversed(fake.mails)}
            came = Counter((to, title) for (to, _), text in firsts.items() for title in {*TITLE.findall(text)})
            return Verdict(
                tries=hit,
                lost=papers * ADDRESSES - len(came),
                doubled=taken.total() - len(taken),
                allowed=hit if trouble.is_taken else 0,
                strange=sum(count - 1 for count in came.values()) + _is_open(app),
            )
        finally:
            await app.close()


def _an_app(folder: Path, fake: smtp.FakeMailServer, clock: FakeClock, patience: float) -> App:
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/paperwire.db"),
        of_rooms=(MailSettings(smtp_url=SecretStr(fake.url), mail_from="papers@lab.org"),),
        access="open",
    )
    app = build_app(settings, clock=clock, channels={"email": EmailChannel(settings, clock, timeout=patience)})
    app.open()
    return app


def _is_open(app: App) -> bool:
    counts = outbox_counts(app.store)
    return bool(counts.waiting or counts.unclear)
