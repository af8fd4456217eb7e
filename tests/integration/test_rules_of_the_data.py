"""The rules of the data, with their numbers in docs/architecture.md, on real databases of both kinds."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
import sqlmodel
from sqlalchemy import event

from subscriptions.chats.addresses import parse_address
from subscriptions.chats.stored import access as access_rows
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import conversations
from subscriptions.database.bot_state import claim_database
from subscriptions.database.store import Store, Transaction
from subscriptions.database.tables import PaperKeyRow
from subscriptions.errors import NotFound, Refused, StoreError
from subscriptions.maintenance.retention import forget
from subscriptions.model import Announce, Message, PauseReason, StoredPaper
from subscriptions.outbox import sending
from subscriptions.outbox.retries import FIRST_WAIT, LONGEST_CREDIBLE_WAIT
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.outbox.stored import entries as outbox
from subscriptions.outcomes import NotDelivered, Rejected, RetryLater, Unclear
from subscriptions.papers.stored import papers as known_papers
from subscriptions.plan import plan
from subscriptions.plan import stored as planner
from subscriptions.plan.plan import plan_due
from subscriptions.subscribing import subscribe as subscribing
from subscriptions.subscribing.pause import pause
from tests import make, tables
from tests.clock import NOON
from tests.make import DAY, HOUR, MINUTE, address, clean_up, ingest_digest, ingested, stored_papers, subscribes, summary
from tests.patience import PATIENCE

pytestmark = pytest.mark.both_databases


def changes(store: Store) -> dict[str, int | None]:
    """Maps the title of every paper to its sequence number."""
    with store.reading() as session:
        return {known.paper.title: known.sequence for known in stored_papers(session)}


def known(store: Store, key: str) -> StoredPaper:
    with store.reading() as session:
        [number] = session.exec(
            sqlmodel.select(PaperKeyRow.paper).where(sqlmodel.col(PaperKeyRow.key).in_((key, f"doi:{key}")))
        )
        return known_papers.stored_papers(session, [number])[number]


def delivered(store: Store) -> list[tuple[str, list[str]]]:
    """Returns (chat, titles) of each planned delivery, in order."""
    with store.reading() as session:
        found = [*outbox.outbox_entries(store, now=NOON)]
        values = [*stored_deliveries.delivery_values(session, range(1, len(found) + 1)).values()]
    return [(str(v.chat.address), [item.paper.paper.title for item in v.items]) for v in values]


def titles_of(store: Store) -> list[str]:
    """Returns the titles of the papers in all planned deliveries, in order."""
    return [title for _, titles in delivered(store) for title in titles]


def next_of(store: Store, where: str, now: datetime = NOON) -> claims.Step | None:
    return store.write_now(claims.claim, address(where).lane, now=now)


def renders(store: Store, where: str) -> claims.Claim:
    """Stores the only message of the first delivery. Returns the claim of the lane's next message."""
    message = Message(number=1, payload="{}")
    todo = store.write_now(stored_deliveries.store_rendered, {1: ([message], "")}, address(where).lane, now=NOON)
    assert isinstance(todo, claims.Claim)
    return todo


@pytest.mark.parametrize("journal_first", [False, True])
def test_an_entry_of_a_journal_and_the_paper_of_arxiv_with_its_doi_are_one_paper(
    store: Store, *, journal_first: bool
) -> None:
    of_arxiv = make.paper("Kites and tails", "cs.LG", arxiv_id="2601.00001", doi="10.5555/kite")
    of_journal = make.paper(
        "Kites and tails",
        arxiv_id=None,
        key="10.5555/kite",
        doi="10.5555/kite",
        venue="Kite Letters",
        published="2026-01",
    )
    for journal in (journal_first, not journal_first):
        paper, source = (of_journal, "journal") if journal else (of_arxiv, "arxiv")
        ingested(store, paper, source=source, of_arxiv=not journal)
    found = known(store, "10.5555/kite").paper
    assert (found.key, found.title, found.venue, found.published) == (
        "2601.00001", "Kites and tails", "Kite Letters", "2026-01",
    )  # fmt: skip
    assert len(changes(store)) == 1


@pytest.mark.parametrize(
    ("before", "after", "days", "moves"),
    [
        ({}, {"kind": Announce.REPLACE, "version": 2, "abstract": "New."}, 1, False),
        ({}, {"kind": Announce.CROSS, "categories": ("cs.LG", "stat.ML")}, 90, True),
        ({}, {"kind": Announce.CROSS}, 1, False),
        ({"abstract": ""}, {"abstract": "Known now."}, 6, True),
        ({}, {"summaries": summary("总结")}, 6, True),
        ({"summaries": summary("A summary", "en")}, {"summaries": summary("总结")}, 6, True),
        ({}, {"summaries": summary("总结")}, 8, False),
    ],
    ids=[
        "a replacement", "a cross-list with a new category", "a cross-list without one", "an abstract", "a summary",
        "a summary in another language", "a summary after seven days",
    ],
)  # fmt: skip
def test_what_comes_again_moves_if_it_says_more_in_time(
    store: Store, before: dict[str, object], after: dict[str, object], days: int, *, moves: bool
) -> None:
    base: dict[str, object] = {
        "arxiv_id": "2601.00001",
        "version": 1,
        "categories": ("cs.LG",),
        "abstract": "Text.",
    }
    ingested(store, make.paper("One", **{**base, **before}))  # type: ignore[arg-type]
    ingested(store, make.paper("One", **{**base, **after}), now=NOON + days * DAY)  # type: ignore[arg-type]
    assert changes(store) == {"One": 2 if moves else 1}
    found = known(store, "2601.00001").paper
    told = {name: getattr(found, name) for name in after if name not in ("kind", *before)}
    assert told == {name: after[name] for name in told}


CROSS, NEW, REPLACED = Announce.CROSS, Announce.NEW, Announce.REPLACE


@pytest.mark.parametrize(
    ("comes", "without", "daily"),
    [
        ([(CROSS, "stat.ML"), (NEW, "stat.ML")], 1, True),
        ([(CROSS, "stat.ML"), (None, "cs.LG")], 1, True),
        ([(CROSS, "stat.ML"), (REPLACED, "stat.ML"), (NEW, "stat.ML"), (CROSS, "cs.CV")], 2, True),
        ([(None, "cs.LG"), (CROSS, "stat.ML"), (NEW, "cs.LG"), (CROSS, "cs.CV")], 0, True),
        ([(REPLACED, "cs.LG"), (CROSS, "stat.ML")], None, False),
    ],
)
def test_a_chat_that_leaves_cross_lists_out_gets_a_paper_that_was_new_at_any_time(
    store: Store, comes: list[tuple[Announce | None, str]], without: int | None, *, daily: bool
) -> None:
    """`without`: which digest brings the paper to a chat without cross-lists; None: none does.

    Chats with them get the first.
    """
    chats = {"telegram:1": "now", "telegram:2": "daily", "telegram:3": "now", "telegram:4": "daily"}
    for chat, every in chats.items():
        subscribes(store, chat, "ducks", when=every)
    for chat in ("telegram:1", "telegram:2"):
        store.write_now(subscribing.set_settings, address(chat), {"crosslists": "out"}, now=NOON)
    first = next(n for n, (kind, _) in enumerate(comes) if kind is not REPLACED)
    for n, (kind, category) in enumerate(comes):
        now = NOON + (n + 1) * MINUTE
        ducks = make.paper("Ducks", "cs.LG", *({category} - {"cs.LG"}), arxiv_id="2601.70001", kind=kind)
        ingested(store, make.paper("Geese", "cs.LG"), ducks, now=now, source=f"source {n}")
        plan_due(store, now=now)
        brought = {chat for chat, titles in delivered(store) if titles}
        assert ("telegram:1" in brought, "telegram:3" in brought) == (without is not None and n >= without, n >= first)
    plan_due(store, now=NOON + DAY)
    found = sorted((chat, titles) for chat, titles in delivered(store) if titles)
    wanted = {"telegram:1": without is not None, "telegram:2": daily, "telegram:3": True, "telegram:4": True}
    assert found == [(chat, ["Ducks"]) for chat, gets in wanted.items() if gets]


@pytest.mark.parametrize("kinds", [(CROSS, NEW), (NEW, CROSS), (REPLACED, NEW), (NEW, REPLACED)])
@pytest.mark.parametrize("filed", [False, True])
def test_of_two_forms_in_one_digest_the_new_one_counts(
    store: Store, kinds: tuple[Announce, Announce], *, filed: bool
) -> None:
    """The forms have different keys. `filed`: the digest is an archive, which a person announces later."""
    copies = (
        make.paper("Ducks", arxiv_id=None, kind=kinds[0]),
        make.paper("Ducks", "cs.LG", arxiv_id="2601.00001", kind=kinds[1]),
    )
    digest, day = make.digest(*copies), NOON.date() - timedelta(days=30 * filed)
    ingest_digest(store, digest, source="daily", day=day, now=NOON)
    ingest_digest(store, digest, source="daily", day=day, now=NOON, announce=True)
    found = known(store, "2601.00001")
    assert (found.paper.announce_type, found.sequence) == (None, 1)


def test_a_planner_cannot_pass_an_uncommitted_number(store: Store) -> None:
    """An ingest has a sequence number but has not committed. Another ingest and a plan run meanwhile."""
    subscribes(store, "telegram:1", "graph", when="now", now=NOON - DAY)
    holding, go_on = threading.Event(), threading.Event()

    def before_commit(session: Transaction) -> None:
        if threading.current_thread().name == "slow" and session.get_bind().get_execution_options().get(
            "paperwire_write"
        ):  # not the transactions that only read
            holding.set()
            assert go_on.wait(PATIENCE)

    event.listen(sqlmodel.Session, "before_commit", before_commit)
    try:
        slow = threading.Thread(target=ingested, args=(store, make.paper("Slow graph")), name="slow")
        slow.start()
        assert holding.wait(PATIENCE)
        # this plan reads while the other thread writes, and sees none of its changes
        assert plan_due(store, now=NOON) == ()
        quick = threading.Thread(target=ingested, args=(store, make.paper("Quick graph")), name="quick")
        quick.start()
        go_on.set()
        slow.join(PATIENCE)
        quick.join(PATIENCE)
    finally:
        event.remove(sqlmodel.Session, "before_commit", before_commit)
    assert changes(store) == {"Slow graph": 1, "Quick graph": 2}
    plan_due(store, now=NOON)
    assert delivered(store) == [("telegram:1", ["Quick graph", "Slow graph"])]


def test_an_interrupted_plan_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SLICE", 1)
    make.due(store, "telegram:1", "telegram:2", "telegram:3")
    plan_due(store, now=NOON)
    ingested(store, "Another graph")
    begun = iter(store.read_now(plan.steps, now=NOON + MINUTE))
    assert [len(store.step_now(step)) for step in islice(begun, 1)] == [1], "it plans the first chat"
    plan_due(store, now=NOON + 2 * MINUTE)
    assert sorted(delivered(store)) == [
        (f"telegram:{chat}", [f"{which} graph"]) for chat in (1, 2, 3) for which in ("A", "Another")
    ]


def test_whoever_is_gone_or_paused_is_not_due(store: Store) -> None:
    first, second, third, _, last = (
        subscribes(store, f"telegram:-{number}", "graph", when="daily 13:00").chat.id for number in range(1, 6)
    )
    with store.writing() as session:
        stored_chats.mark_unreachable(session, first, PauseReason.GONE, "blocked", now=NOON)
        stored_chats.pause_chat(session, second, PauseReason.PERSON, now=NOON, until=None)
        access_rows.answer(session, third, None, now=NOON)
        pause(session, address("telegram:-4"), 1, until=None, now=NOON)
    with store.reading() as session:
        assert [*planner.due_chats(session, NOON + HOUR * 2, 0)] == [last]


def test_what_another_process_plans_meanwhile_is_not_planned_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.due(store, "telegram:1")
    queries = planner.due_queries

    def later(*what: Any) -> Any:
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as other:
            other.submit(plan_due, store, now=NOON + HOUR).result()
        return queries(*what)

    monkeypatch.setattr(planner, "due_queries", later)
    plan_due(store, now=NOON + HOUR)
    assert delivered(store) == [("telegram:1", ["A graph"])]


@pytest.mark.parametrize(
    ("chat", "start", "ages"),
    [
        ("telegram:1", {"when": "daily 13:00"}, [0]),
        ("telegram:1", {"when": "weekly thu 13:00"}, [0, 2, 6]),
        ("telegram:1", {"when": "now"}, []),
        ("console:me", {}, [0]),
    ],
)
def test_it_takes_the_papers_of_its_first_stretch(
    store: Store, chat: str, start: dict[str, str], ages: list[int]
) -> None:
    for days in (9, 6, 2, 0):
        ingested(store, f"Graph of {days} days ago", now=NOON - days * DAY - HOUR)
    subscribes(store, chat, "graph", **start)  # type: ignore[arg-type]
    plan_due(store, now=NOON + HOUR)
    assert sorted(titles_of(store)) == [f"Graph of {days} days ago" for days in ages]


def test_a_filed_paper_that_is_the_one_of_a_journal_does_not_come_again(store: Store) -> None:
    """The entry of a journal is delivered, a list of last month files the paper under its arXiv id, then arXiv announces it
    with its DOI.
    """
    subscribes(store, "telegram:1", "kites", when="now")
    of_journal = make.paper("Kites and tails", arxiv_id=None, key="10.5555/kite", doi="10.5555/kite")
    ingested(store, of_journal, source="journal")
    plan_due(store, now=NOON)
    of_list = make.paper("Kites and tails", "cs.LG", arxiv_id="2601.00001")
    ingest_digest(store, make.digest(of_list), source="list", day=NOON.date() - timedelta(days=30), now=NOON)
    of_arxiv = replace(of_list, doi="10.5555/kite")
    crossed = replace(of_list, categories=("cs.LG", "cs.CV"), announce_type=CROSS)
    for hours, one in enumerate((of_arxiv, crossed, of_list), 1):
        now, name = NOON + hours * HOUR, f"after {hours} hours"
        ingested(store, one, source="arxiv", of_arxiv=True, now=now, name=name)
        ingested(store, make.paper("Kites and tails", arxiv_id=None), source="titles", now=now, name=name)
        plan_due(store, now=now)
    assert titles_of(store) == ["Kites and tails"]
    assert known(store, "2601.00001").paper.doi == known(store, "10.5555/kite").paper.doi == "10.5555/kite"


def test_a_title_that_fits_two_papers_joins_neither(store: Store) -> None:
    ingested(store, make.paper("Reply", arxiv_id="2601.00001"), make.paper("Reply", arxiv_id="2601.00002"))
    ingested(store, make.paper("Reply", arxiv_id=None))
    with store.reading() as session:
        assert len(stored_papers(session)) == 3


def test_a_title_that_many_papers_have_joins_none(store: Store) -> None:
    of_journal = [make.paper("Editorial", arxiv_id=f"2601.{n:05d}") for n in range(1, 23)]
    ingested(store, *of_journal[:20])
    ingested(store, make.paper("Editorial", arxiv_id=None))
    ingested(store, of_journal[20], of_journal[21])
    with store.reading() as session:
        assert len(stored_papers(session)) == 23


@pytest.mark.parametrize(
    ("old", "new", "versions", "kept"),
    [
        ("Old text.", "New text.", (1, 2), "New text."),
        ("Old text.", "", (1, 2), "Old text."),
        ("Old text.", "New text.", (1, 1), "Old text."),
        ("", "New text.", (2, 1), "New text."),
        ("The begin…", "The beginning and the end.", (1, 1), "The beginning and the end."),
        ("The beginning and the end.", "The begin", (1, 2), "The beginning and the end."),
    ],
)
def test_which_text_stays(old: str, new: str, versions: tuple[int, int], kept: str, store: Store) -> None:
    ingested(store, make.paper("One", arxiv_id="2601.00001", abstract=old, version=versions[0]))
    ingested(store, make.paper("One", arxiv_id="2601.00001", abstract=new, version=versions[1]), name="again")
    assert known(store, "2601.00001").paper.abstract == kept


def test_nothing_known_is_ever_removed(store: Store) -> None:
    full = make.paper("One", "cs.LG", "stat.ML", arxiv_id="2601.00001", abstract="Text.", summaries=summary("总结"))
    ingested(store, full)
    ingested(store, make.paper("", arxiv_id="2601.00001", authors=(), version=2))
    found = known(store, "2601.00001").paper
    assert (found.title, found.authors, found.categories) == ("One", ("Ada Example",), ("cs.LG", "stat.ML"))
    assert found.summaries == full.summaries


def test_a_second_subscription_of_a_minute_waits_for_the_next(store: Store) -> None:
    subscribes(store, "telegram:1", "tree", when="daily 13:00")
    subscribes(store, "telegram:1", "graph", when="when-out 12:30-20:00")
    ingested(store, "A tree", now=NOON - HOUR)
    plan_due(store, now=NOON + HOUR)
    ingested(store, "A graph", now=NOON + HOUR + timedelta(seconds=20))
    assert plan_due(store, now=NOON + HOUR + timedelta(seconds=40)) == ()
    plan_due(store, now=NOON + HOUR + MINUTE)
    plan_due(store, now=NOON + HOUR + DAY)
    assert titles_of(store) == ["A tree", "A graph"]


def settled(store: Store, outcome: NotDelivered, *, clock: datetime = NOON) -> claims.Claim:
    """Plans two deliveries in one lane, to two topics of a group.

    Records this outcome for the first one, by this clock. Returns its claim.
    """
    for n, chat in enumerate(("telegram:-7/1", "telegram:-7/2")):
        subscribes(store, chat, f"word{n}", when="now")
        ingested(store, f"word{n}", now=NOON + n * MINUTE)
        plan_due(store, now=NOON + n * MINUTE)
    step = renders(store, "telegram:-7")
    assert store.write_now(claims.mark_sending, step, wall=NOON)
    store.write_now(sending.record_outcome, step, outcome, on_unclear="resend", now=clock)
    return step


@pytest.mark.parametrize(
    ("outcome", "is_left", "later", "following"),
    [
        (RetryLater("no connection"), False, FIRST_WAIT - timedelta(seconds=1), None),
        (RetryLater("no connection"), False, FIRST_WAIT, 1),
        (Unclear("the line broke"), False, timedelta(0), None),
        (Unclear("the line broke"), True, timedelta(0), 2),
        (Rejected("no"), False, timedelta(0), 2),
    ],
)
def test_a_message_that_waits_or_is_unclear_stops_its_lane(
    store: Store, outcome: NotDelivered, later: timedelta, following: int | None, *, is_left: bool
) -> None:
    step = settled(store, outcome)
    if is_left:
        store.write_now(claims.leave_to_person, step, "nobody can tell")
    todo = next_of(store, "telegram:-7", NOON + later)
    assert (todo and todo.seq) == following


@pytest.mark.parametrize(("ahead", "following"), [(timedelta(0), None), (LONGEST_CREDIBLE_WAIT, 1)])
def test_a_wait_by_a_clock_that_was_ahead_does_not_stop_its_lane(
    store: Store, ahead: timedelta, following: int | None
) -> None:
    settled(store, RetryLater("no connection"), clock=NOON + ahead)
    todo = next_of(store, "telegram:-7")
    assert (todo and todo.seq) == following


def test_what_is_under_way_for_a_forgotten_chat_is_stored_for_no_other(store: Store) -> None:
    make.due(store, "telegram:1")
    plan_due(store, now=NOON)
    posted = renders(store, "telegram:1")
    assert store.write_now(claims.mark_sending, posted, wall=NOON)
    store.write_now(forget, address("telegram:1"))
    make.due(store, "telegram:2", now=NOON + HOUR)
    plan_due(store, now=NOON + HOUR)
    store.write_now(claims.confirm, posted, "its message", now=NOON)
    assert isinstance(next_of(store, "telegram:2", NOON + HOUR), claims.Unrendered)


def test_an_update_is_known_for_two_days(store: Store) -> None:
    def comes(*, now: datetime = NOON, breaks: bool = False) -> bool:
        with store.writing() as transaction:
            is_new = not conversations.is_noted(transaction, "telegram", "17")
            if is_new:
                conversations.note_update(transaction, "telegram", "17", chat=address("telegram:1"), now=now)
            if breaks:
                raise NotFound("no such thing")
            return is_new

    with pytest.raises(NotFound):
        comes(breaks=True)
    assert (comes(), comes()) == (True, False)
    clean_up(store, now=NOON + DAY)
    assert not comes()
    clean_up(store, now=NOON + 3 * DAY)
    assert comes()


def test_another_bots_token_is_refused(store: Store) -> None:
    store.write_now(claim_database, {"telegram": "111"})
    store.write_now(claim_database, {"telegram": "111"})
    with pytest.raises(StoreError, match="another Telegram bot"):
        store.write_now(claim_database, {"telegram": "222"})
    store.write_now(claim_database, {"telegram": "222"}, new_bot=True)
    store.write_now(claim_database, {"telegram": "222"})


@pytest.mark.parametrize(
    ("text", "platform", "place", "topic"),
    [
        *tables.rows("""
        console:me                        → console  → me               →
        telegram:123                      → telegram → 123              →
        telegram:-100123/7                → telegram → -100123          → 7
        telegram:-100123/1                → telegram → -100123          →
        telegram:@papers                  → telegram → @papers          →
        slack:C0123                       → slack    → C0123            →
        slack:C0123/1700000000.000100     → slack    → C0123            → 1700000000.000100
        slack:D0123                       → slack    → D0123            →
        slack:W0PERSON                    → slack    → W0PERSON         →
        telegram:4503599627370495         → telegram → 4503599627370495 →
        web:研究                            → web      → 研究               →
    """),
        (" console:ada/notes ", "console", "ada/notes", ""),
    ],
)
def test_a_chat_as_people_write_it(text: str, platform: str, place: str, topic: str) -> None:
    found = parse_address(text)
    assert (found.platform, found.address, found.topic) == (platform, place, topic)


NO_CHATS = """
    me : :x mail:me Telegram:1 console: web: telegram: slack: telegram:me telegram:abc telegram:0 telegram:-0 telegram:007 telegram:+5
    telegram:1/x telegram:1/0 telegram:1/ telegram:1/2/3 telegram:4503599627370496 telegram:99999999999999999999 telegram:1.5
    telegram:-- telegram:١٢٣ telegram:@ telegram:@1lab telegram:@a-b slack:foo slack:C slack:123 slack:c0123 slack:#general
    slack:C1/ slack:C1/foo slack:C1/C2 slack:C1/C2/C3 slack:T1 slack:T1/ slack:/C1 slack:C1/12 slack:T1/C1/ slack:С1 slack:C１
"""


def test_what_is_no_chat_is_refused() -> None:
    strange = ("", "console:a b", "console:a\x00b", "console:a\u2028b", "console:a\u200bb", "web:\ud800")
    assert [text for text in (*strange, *NO_CHATS.split()) if not is_refused(text)] == []


def is_refused(text: str) -> bool:
    try:
        parse_address(text)
    except Refused:
        return True
    return False
