"""What may never get weaker, each from outside: a test a promise. tests/promises.md names the test of each line of the list.

Those that other files of this folder and the stories tell are there.
"""

import json
import re
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faults import Fault
from tests.fakes.smtp import a_mail_server
from tests.fakes.telegram import NAME, TOKEN, FakeTelegram
from tests.papers import paper
from tests.prepared import prepared
from tests.product import Product, Seen

GROUP = "-1001"


@prepared
def subscribed(product: Product) -> None:
    """The program with a reader who gets each paper on graphs at once."""
    product.says("/sub graph now")


of_a_reader = pytest.mark.usefixtures("subscribed")


def titles(seen: Seen) -> list[str]:
    """Returns the invented titles, "A graph of kind 7", in the order in which they are shown."""
    return re.findall(r"A graph of kind \d+", seen.text)


def states(product: Product) -> list[str]:
    """Returns the states of all deliveries."""
    return [entry["state"] for entry in product.outbox()]


def posts_of_papers(telegram: FakeTelegram) -> list[dict[str, Any]]:
    """Returns the arguments of each post that holds a paper."""
    return [entry.payload for entry in telegram.journal if "arxiv.org" in str(entry.payload)]


@of_a_reader
def test_a_delivery_is_in_the_outbox_before_its_first_post(product: Product, telegram: FakeTelegram) -> None:
    product.brings("A graph of kind 1")
    telegram.answers("hang before")
    process = product.starts("deliver", "--now", product.clock.now().isoformat())
    telegram.waits_hanging()
    (entry,) = product.tells("outbox")
    assert (entry["chat"], entry["state"], entry["papers"]) == ("telegram:42", "sending", 1)
    process.kill()
    telegram.releases(drop=True)
    (alert,) = product.later(minutes=1)
    assert titles(alert) == ["A graph of kind 1"]


def test_what_is_due_in_one_minute_is_one_delivery(product: Product) -> None:
    for query in ("waves", "graph", "sand"):
        product.says(f"/sub {query} daily 14:00")
    product.brings("A graph of kind 1", "A graph of kind 2", "Sand", "Waves")
    (bulletin,) = product.later(hours=2)
    assert sorted(titles(bulletin)) == ["A graph of kind 1", "A graph of kind 2"]
    assert all(title in bulletin.text for title in ("Sand", "Waves"))
    assert product.tells("deliver")["planned"] == 0


@of_a_reader
def test_a_paper_comes_once_however_often_it_is_announced(product: Product) -> None:
    graph = paper("A graph of kind 1", "cs.LG", kind="cross")
    product.brings(graph)
    assert len(product.later(minutes=1)) == 1
    again = paper("A graph of kind 1", "cs.LG", "cs.CV", arxiv_id=graph.arxiv_id, kind="new")
    product.brings(again, source="another list")
    product.says("/sub kind now")
    product.says("/unsub 1")
    product.brings(paper("A graph of kind 1", "cs.LG", "cs.CV", "cs.AI", arxiv_id=graph.arxiv_id, kind="cross"))
    assert [titles(one) for one in product.later(days=1)] == []


def test_what_a_subscription_has_looked_at_does_not_come_later(product: Product) -> None:
    """The cursor moves in the transaction that writes the delivery, also past papers that do not fit."""
    product.says("/sub diffusion now")
    product.brings("A graph of kind 1", "Diffusion of light")
    assert len(product.later(minutes=1)) == 1
    product.says("/edit 1 graph OR diffusion")
    assert product.later(minutes=1) == []
    product.brings("A graph of kind 2")
    (alert,) = product.later(minutes=1)
    assert titles(alert) == ["A graph of kind 2"]


def test_messages_of_a_chat_go_out_one_at_a_time_and_in_order(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={"7": "creator"}, topics=(5, 6))
    telegram.takes(0.05)
    for topic in (f"{GROUP}/5", f"{GROUP}/6"):
        product.says(f"/sub@{NAME} graph daily 14:00", topic, by="7")
        product.says(f"/set@{NAME} limit all", topic, by="7")
    product.brings(*(f"A graph of kind {n}" for n in range(40)))
    sent = product.later(hours=2)
    assert all(entry.concurrent == 1 for entry in telegram.journal)
    for topic in ("5", "6"):
        numbers = [one.lines[0].rpartition(" · ")[2] for one in sent if one.entries[0].thread == topic]
        assert numbers == [f"{n}/{len(numbers)}" for n in range(1, len(numbers) + 1)]
        assert len(numbers) > 1


@of_a_reader
def test_a_retry_posts_the_same_bytes(product: Product, telegram: FakeTelegram) -> None:
    graph = paper("A graph of kind 1", "cs.LG")
    product.brings(graph)
    telegram.answers("cut after")
    product.later(minutes=1)
    product.brings(paper("A graph of kind 2", "cs.LG", arxiv_id=graph.arxiv_id, version=2, kind="replace"))
    product.later(minutes=10)
    first, second = posts_of_papers(telegram)
    assert first == second


@of_a_reader
def test_a_definite_no_is_dead_with_its_reason_and_holds_nothing_up(product: Product, telegram: FakeTelegram) -> None:
    product.brings("A graph of kind 1")
    telegram.refuses("Bad Request: nobody has seen these words", times=9)
    product.later(minutes=1)
    telegram.forgives()
    product.brings("A graph of kind 2")
    (alert,) = product.later(minutes=1)
    assert titles(alert) == ["A graph of kind 2"]
    dead = next(entry for entry in product.tells("outbox") if entry["state"] == "dead")
    assert dead["reason"]


@pytest.mark.parametrize("fault", ["cut after", "reset after", "cut in the answer", "500", "empty", "broken json"])
@of_a_reader
def test_only_a_missing_or_cut_answer_is_unclear(product: Product, telegram: FakeTelegram, fault: str) -> None:
    product.sets(ON_UNCLEAR="skip")
    product.brings("A graph of kind 1")
    telegram.answers(fault)
    product.later(minutes=1)
    assert states(product) == ["unclear"]
    product.later(hours=2)
    assert states(product) == ["unclear"], "unclear is not sent, and not lost"
    assert len(posts_of_papers(telegram)) <= 1
    (entry,) = product.tells("outbox")
    assert product.runs("outbox", "retry", str(entry["id"])).status == 0
    product.later(minutes=1)
    assert states(product) == ["sent"]


def test_a_confirmation_is_stored_before_the_next_send_of_the_chat(product: Product, telegram: FakeTelegram) -> None:
    product.says("/sub graph daily 14:00")
    product.says("/set limit all")
    product.brings(*(f"A graph of kind {n}" for n in range(40)))
    telegram.answers("hang before", after=1)
    product.clock.advance(timedelta(hours=2))
    process = product.starts("deliver", "--now", product.clock.now().isoformat())
    telegram.waits_hanging()
    process.kill()
    telegram.releases(drop=True)
    product.later(minutes=5)
    texts = [entry.text for entry in telegram.journal if "A graph" in entry.text]
    assert len(texts) == len(set(texts)), "the first message was confirmed, the second never taken"
    assert len({one for text in texts for one in re.findall(r"A graph of kind \d+", text)}) == 40


def test_an_update_takes_effect_once(product: Product, telegram: FakeTelegram) -> None:
    for query in ("tides", "corals", "kelp"):
        product.says(f"/sub {query} now")
    telegram.user_writes("/undo", "42")
    telegram.answers("hang before", method="getUpdates", after=1)  # the second one would confirm the update
    process = product.starts("run", "--once", moved=True)
    telegram.waits_hanging()
    process.kill()
    telegram.releases(drop=True)
    assert product.queries() == ["tides", "corals"]
    assert telegram.waiting() == 1, "it comes again"
    product.listens()
    product.listens()
    assert product.queries() == ["tides", "corals"]


def test_an_administrator_is_checked_at_each_change(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={"7": "creator", "8": "administrator", "9": "member"})
    product.says(f"/sub@{NAME} tides now", GROUP, by="8")
    product.says(f"/sub@{NAME} kelp now", GROUP, by="9")
    product.says(f"/unsub@{NAME} 1", GROUP, by="9")
    assert product.queries(GROUP) == ["tides"]
    telegram.promotes(GROUP, "8", "member")  # no longer an administrator
    product.clock.advance(timedelta(hours=1))
    product.says(f"/unsub@{NAME} 1", GROUP, by="8")
    assert product.queries(GROUP) == ["tides"]


def test_a_mail_address_agrees_first(product: Product) -> None:
    with a_mail_server() as mail:
        product.sets(SMTP_URL=mail.url, MAIL_FROM="papers@lab.org", WEB_URL="https://papers.lab.org")
        product.runs("subscribe", "graph", "--as", "email:ada@lab.org", "--when", "now")
        product.brings("A graph of kind 1")
        product.later(minutes=5)
        product.runs("say", "/resume", "--as", "email:ada@lab.org")
        product.later(days=1)
        (question,) = mail.mails
        assert "A graph" not in question.as_string()
        product.agrees([question])
        product.brings("A graph of kind 2")
        product.later(hours=12)
        product.later(hours=12)
        assert "A graph of kind 2" in "".join(one.as_string() for one in mail.mails[1:])


def test_a_chat_that_is_gone_is_paused_and_not_emptied(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("43", title="Bo")
    for chat in ("42", "43"):
        product.says("/sub graph now", chat)
    telegram.blocks("42")
    product.brings("A graph of kind 1")
    (alert,) = product.later(minutes=1)
    assert alert.chats == ["43"], "a reader who is gone holds nobody up"
    product.brings("A graph of kind 2")
    (alert,) = product.later(minutes=1)
    assert (alert.chats, titles(alert)) == (["43"], ["A graph of kind 2"])
    product.listens()
    assert product.queries() == ["graph"]
    telegram.unblocks("42")
    back = product.listens()
    assert "2 papers wait." in back.lines
    assert sorted(titles(back)) == ["A graph of kind 1", "A graph of kind 2"]


def test_many_chats_that_are_gone_at_once_stop_the_platform_instead(product: Product, telegram: FakeTelegram) -> None:
    chats = [str(n) for n in range(100, 120)]
    for chat in chats:
        telegram.knows(chat)
    listed = "".join(f"[telegram:{chat}]\nnow | graph | \n" for chat in chats)
    assert product.runs("import", str(product.writes("chats.txt", listed))).status == 0
    product.brings("A graph of kind 1")
    for chat in chats:
        telegram.deactivates(chat)
    product.later(minutes=1)
    assert "Telegram has stopped" in product.delivered.err
    assert {one["state"] for one in product.tells("subscriptions")} == {"active"}
    for chat in chats:
        telegram.unblocks(chat)
    assert product.runs("run", "--once", "--pause-gone").status == 0
    product.later(minutes=5)
    assert {entry.chat for entry in telegram.journal if "A graph" in entry.text} == set(chats)


def test_forget_erases(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("4711000", title="Zyzzyva Quux")
    product.says("/start", "4711000", name="Zyzzyva")
    product.says("/sub xylophones OR zithers now", "4711000", name="Zyzzyva")
    product.says("/name 1 wood and brass", "4711000", name="Zyzzyva")
    product.brings("Xylophones of wood")
    (alert,) = product.later(minutes=1)
    assert alert.chats == ["4711000"]
    product.says("/forget", "4711000", name="Zyzzyva")
    product.presses("erase everything", "4711000", name="Zyzzyva")
    with closing(sqlite3.connect(product.folder / "paperwire.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        rows = [
            f"{table}: {row}"
            for (table,) in tables.fetchall()
            for row in database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of our own
        ]
    for trace in ("4711000", "Zyzzyva", "wood and brass", "zithers"):
        assert [row for row in rows if trace in row] == []


@pytest.mark.parametrize("level", ["info", "debug"])
@of_a_reader
def test_a_secret_stands_in_no_log_error_or_page(product: Product, telegram: FakeTelegram, level: str) -> None:
    secret = TOKEN.partition(":")[2]
    product.sets(LOG_LEVEL=level, WEB_PASSWORD="open sesame 77")
    product.brings("A graph of kind 1")
    told = []
    echoes = (Fault(status=status, body="<html>Cannot POST {path}</html>") for status in (400, 403, 404, 502))
    refusal = Fault(
        status=400,
        body='{"ok": false, "error_code": 400, "description": "Bad Request: cannot post {path}"}',
        content_type="application/json",
    )
    troubles: list[str | Fault] = [*echoes, "cut before", "429", refusal]
    for trouble in troubles:
        telegram.answers(trouble, times=1 + (trouble is refusal))  # also in its plain form
        told += [product.runs("deliver"), product.runs("outbox")]
        product.clock.advance(timedelta(hours=1))
    telegram.revokes()
    told += [
        product.runs(*asked)
        for asked in (("deliver",), ("outbox", "--json"), ("status",), ("check",), ("run", "--once"))
    ]
    with product.starts("run") as process:
        root = process.waits_until_ready()
        pages = [product.reads(f"{root}{path}") for path in ("/", "/metrics", "/health/ready", "/nothing")]
        process.signals(signal.SIGTERM)
        assert process.ends() == 0
    everything = "".join(one.out + one.err for one in told) + process.said + "".join(pages)
    assert "Telegram" in everything
    for one in (secret, "open sesame 77"):
        assert one not in everything


@of_a_reader
def test_a_refused_markup_goes_out_plain(product: Product, telegram: FakeTelegram) -> None:
    product.brings("A graph of kind 1")
    telegram.refuses("Bad Request: can't parse entities: Unsupported start tag")
    (alert,) = product.later(minutes=1)
    assert titles(alert) == ["A graph of kind 1"]
    assert "parse_mode" not in alert.entries[0].payload


@pytest.mark.parametrize(("limit", "crosslists"), [("5", "in"), ("20", "out"), ("all", "in")])
def test_the_preview_and_the_delivery_are_one_decision(product: Product, limit: str, crosslists: str) -> None:
    product.says("/sub graph -kind daily 14:00")
    product.says("/sub kind daily 14:00")
    product.says(f"/set limit {limit}")
    product.says(f"/set crosslists {crosslists}")
    product.brings(
        *(paper(f"A graph of kind {n}", kind=("new", "cross", "replace")[n % 3]) for n in range(24)),
        *(paper(f"A graph {n}") for n in range(4)),
    )
    product.clock.advance(timedelta(hours=2))
    preview = product.tells("preview", "--as", "telegram:42")
    shown = re.findall(r"abs/(\d{4}\.\d{5})", json.dumps(preview))
    sent = "".join(str(one.entries[0].payload["text"]) for one in product.delivers())
    assert list(dict.fromkeys(shown)) == list(dict.fromkeys(re.findall(r"abs/(\d{4}\.\d{5})", sent)))
    assert shown


def test_a_preview_leaves_out_what_the_chat_has_had(product: Product) -> None:
    product.says("/sub kelp daily 9")
    product.brings("Kelp forests")
    product.later(hours=21, minutes=1)
    product.brings("Kelp and eels")
    shown = product.runs("preview", "--as", "telegram:42").out
    assert "Kelp and eels" in shown
    assert "Kelp forests" not in shown
    assert "Kelp forests" in product.runs("preview", "kelp", "--as", "telegram:42").out


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("/sub", "diffusion"),
        ("/sub ti:", "ti:"),
        ("/sub -survey", "survey"),
        ("/sub ai*", "ai*"),
        ("/sub diffusion hourly", "hourly"),
        ("/unsub 7", "7"),
        ("/edit 7 kelp", "7"),
        ("/schedule 1 whenever", "whenever"),
        ("/set limit lots", "lots"),
        ("/set nonsense on", "nonsense"),
        ("/pause 1 until the cows come home", "cows"),
        ("/sibscribe kelp", "/sub"),
    ],
)
def test_a_refusal_says_what_and_gives_an_example(product: Product, typed: str, what: str) -> None:
    product.says("/sub tides now")
    refused = product.says(typed)
    assert what in refused.text, refused.text
    assert re.search(r"/[a-z]+|for example|: |“", refused.text, re.IGNORECASE), refused.text
    assert product.queries() == ["tides"]


@pytest.mark.parametrize(
    "title",
    [
        "<b>A graph</b> &amp; <i>",
        "A graph of \x00\x07",
        "A graph " * 400,
        "A graph \ud83d",
        "A graph ﷽" * 50,
        "A graph ${{[[%s]]}}",
    ],
)
@of_a_reader
def test_a_strange_paper_does_not_hold_up_those_beside_it(product: Product, title: str) -> None:
    product.brings(paper(title.encode("utf-8", "replace").decode()), "A graph of kind 1")
    sent = product.later(minutes=1)
    assert "A graph of kind 1" in "".join(one.text for one in sent)
    assert set(states(product)) == {"sent"}


@of_a_reader
def test_a_file_that_cannot_be_read_does_not_hold_up_those_beside_it(product: Product, tmp_path: Path) -> None:
    product.writes("inbox/a.md", b"\x00\x01 nothing that anybody reads")
    product.writes(
        "inbox/b.jsonl",
        json.dumps(
            {
                "id": "2601.00001",
                "title": "A graph of kind 1",
                "authors": ["A"],
                "categories": ["cs.LG"],
                "summary": "x",
            }
        )
        + "\n",
    )
    product.clock.advance(timedelta(minutes=1))
    assert titles(product.listens()) == ["A graph of kind 1"]
    assert "a.md" in product.runs("status").out
    assert tmp_path == product.folder
