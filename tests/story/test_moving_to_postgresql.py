"""The first half of a morning is delivered from SQLite. Then everything is copied, and PostgreSQL delivers the rest."""

import re
from pathlib import Path

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.postgres.server import Server
from tests.product import Product

CHATS = ("1", "2", "3", "4")
IDS = ("2601.00001", "2601.00002", "2601.00003")


def test_a_morning_that_is_copied_half_delivered_is_delivered_once(
    tmp_path: Path, postgres: Server, telegram: FakeTelegram
) -> None:
    telegram.opens_to_all()
    old = Product(tmp_path, telegram=telegram)
    for chat in CHATS:
        old.runs("subscribe", "graph", "--as", f"telegram:{chat}", "--when", "now")
    old.brings(paper("A graph", arxiv_id=IDS[0]), paper("Graphs", arxiv_id=IDS[1]))
    for chat in ("2", "4"):
        telegram.answers("429", chat=chat, retry_after=600)
    sent = old.tells("deliver")
    assert (sent["sent"], sent["waiting"]) == (2, 2)
    before = old.runs("export", "--all").out, old.tells("subscriptions")

    with postgres.database(empty=True) as url:
        copied = old.runs("db", "copy", old.settings["PAPERWIRE_DATABASE_URL"], url)
        assert copied.status == 0, copied.err
        new = Product(tmp_path, telegram=telegram, database=url, clock=old.clock)
        assert (new.runs("export", "--all").out, new.tells("subscriptions")) == before
        new.later(minutes=12)
        assert new.delivered.json["sent"] == 2
        new.brings(paper("A later graph", arxiv_id=IDS[2]))
        new.later(minutes=1)
        assert new.delivered.json["sent"] == 4
        assert {entry["state"] for entry in new.outbox()} == {"sent"}

        # Nothing is copied into a database that holds something.
        refused = old.runs("db", "copy", old.settings["PAPERWIRE_DATABASE_URL"], url)
        assert (refused.status, "is not empty" in refused.err) == (2, True)

        refused = old.runs("db", "copy", url, url)
        assert refused.refusal() == "FROM and TO are the same database. Name an empty one after FROM.\n"

        # What was copied to PostgreSQL comes back as it was.
        back = f"sqlite:///{tmp_path}/back.db"
        assert old.runs("db", "copy", url, back).status == 0
        again = Product(tmp_path, telegram=telegram, database=back, clock=old.clock)
        for asked in (("subscriptions",), ("outbox",), ("sources",)):
            assert again.tells(*asked) == new.tells(*asked)
        assert again.later(days=1) == []

    for chat in CHATS:
        text = " ".join(str(entry.payload) for entry in telegram.posted_to(chat))
        found = re.findall(r"abs/(2601\.\d+)", text)
        assert {one: found.count(one) for one in set(found)} == dict.fromkeys(IDS, 1)
