"""Mail servers that refuse, postpone or disconnect, while the program sends papers to nine addresses.

Nothing is lost. A mail comes twice only if the server accepted it and its answer was lost. Both have the same
Message-ID.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clock import NOON, FakeClock
from tests.fakes import smtp
from tests.papers import paper
from tests.product import Product
from tests.programs.faults import filled
from tests.programs.faults.judging import Verdict

ADDRESSES = 9
ROUNDS = 400  # most rounds
BETWEEN = timedelta(minutes=20)  # longer than the longest wait between two attempts
TITLE = re.compile(r"A graph number \d{4}")
SENDER = {"MAIL_FROM": "papers@lab.org", "WEB_URL": "https://papers.lab.org"}
EVERY = 3  # one mail in three is hit


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a server does to the mails that are hit. It uses the answers in turn."""

    answers: tuple[str, ...]  # see tests/fakes/smtp.py
    is_taken: bool = False  # whether the server keeps the mail, although its answer is lost
    short: int = 0  # tries in the short run of `make test`


TROUBLES: dict[str, Trouble] = {
    "cut before the mail was taken": Trouble(("sender drop", "recipient drop")),
    "cut after the mail was taken": Trouble(("content drop",), is_taken=True, short=3),
    "greylisted": Trouble(("recipient 450 4.2.0 greylisted", "recipient 451 4.7.1 try again in five minutes")),
    "421, 451, 452": Trouble(
        ("sender 421 4.3.2 closing", "recipient 452 4.2.2 over quota", "content 451 4.3.0 busy"),
    ),
    "recipients refused for an hour": Trouble(
        ("recipient 550 5.7.1 Access denied", "recipient 554 nobody foresaw this", "recipient 550 5.1.1 no such user"),
        short=3,
    ),
    # only the first form of a mail: one whose text is refused, too, is dead
    "552, 554, then as text": Trouble(("html 554 5.7.1 looks like spam", "html 552 5.3.4 too large"), short=2),
}


@cache
def _agreed() -> bytes:
    """Returns a database in which all addresses have agreed to get each paper. It is made once."""
    with TemporaryDirectory() as folder, smtp.a_mail_server() as fake:
        product = Product(Path(folder), clock=FakeClock(NOON))
        product.sets(SMTP_URL=fake.url, **SENDER)
        # with quiet hours, more papers would come in the morning than one mail shows
        filled.subscribe(product, [f"email:reader{number}@lab.org" for number in range(ADDRESSES)], quiet="off")
        product.runs("deliver")
        product.agrees(fake.mails)
        return (Path(folder) / "paperwire.db").read_bytes()


def troubled(folder: Path, tries: int, trouble: Trouble) -> Verdict:
    """Applies a trouble to `tries` mails. Returns the verdict, which depends only on what the server accepted."""
    with smtp.a_mail_server() as fake:
        product = Product(folder, clock=FakeClock(NOON))
        product.sets(SMTP_URL=fake.url, **SENDER)
        product.writes("paperwire.db", _agreed())
        papers, hit = 0, 0
        for _ in range(ROUNDS):
            if hit < tries:
                papers += 1
                # troubles for a third of the next mails
                count = min(tries - hit, ADDRESSES // EVERY)
                fake.troubles.extend(islice(cycle(trouble.answers), count))
                hit += count
                product.brings(paper(f"A graph number {papers:04}"))
            left = product.runs("deliver", "--json").json
            product.clock.advance(BETWEEN)
            is_open = bool(left["waiting"] or left["unclear"])
            if hit >= tries and not is_open:
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
            strange=sum(count - 1 for count in came.values()) + is_open,
        )
