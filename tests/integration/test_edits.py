"""Sent messages are edited when a paper is withdrawn or its summary comes late, and are never sent again."""

from datetime import timedelta
from pathlib import Path

from subscriptions.service.amendments import set_settings
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import running
from tests.make import FakeClock, address, ingested, paper, subscribes, summary

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GONE = "This paper has been withdrawn by the authors due to an error in Lemma 2."


async def test_a_withdrawal_strikes_through_the_title_in_every_chat(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        for chat in ("1", "2"):
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        subscribes(app.store, "telegram:3", "tree", every="now")
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", version=1), paper("A tree"))
        await app.sender.deliver()
        clock.advance(timedelta(days=9))
        ingested(
            app.store, paper("A graph", arxiv_id="2601.00001", version=2, abstract=GONE), name="later", now=clock.now()
        )
        sent = await app.sender.deliver()
        assert (sent.planned, sent.sent) == (0, 0)
        for chat in ("1", "2"):
            (edit,) = telegram.edits_in(chat)
            assert "<s>" in edit.payload["text"]
            assert "withdrawn by the authors" in edit.text
            assert len(telegram.posted_to(chat)) == 1
        assert telegram.edits_in("3") == []
        await app.sender.deliver()
        assert len(telegram.edits_in("1")) == 1


async def test_one_call_sends_what_is_new_and_edits_what_is_out(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", version=1))
        await app.sender.deliver()
        clock.advance(timedelta(days=9))
        gone = paper("A graph", arxiv_id="2601.00001", version=2, abstract=GONE)
        ingested(app.store, gone, paper("Another graph"), name="later", now=clock.now())
        assert (await app.sender.deliver()).sent == 1
        assert len(telegram.edits_in("1")) == 1


async def test_a_summary_within_two_days_edits_the_message_silently(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        subscribes(app.store, "telegram:2", "graph", every="now")
        set_settings(app.store, address("telegram:1"), {"lang": "zh"}, now=clock.now())
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", abstract="About graphs."))
        await app.sender.deliver()
        clock.advance(47 * HOUR)
        ingested(
            app.store,
            paper("A graph", arxiv_id="2601.00001", summaries=summary("图的研究。", "zh")),
            name="summary",
            now=clock.now(),
        )
        await app.sender.deliver()
        assert "图的研究" in telegram.edits_in("1")[0].text
        assert telegram.edits_in("2") == []
        clock.advance(2 * HOUR)
        ingested(
            app.store,
            paper("A graph", arxiv_id="2601.00001", summaries=summary("On graphs.", "en")),
            name="english",
            now=clock.now(),
        )
        await app.sender.deliver()
        assert telegram.edits_in("2") == []


async def test_an_edit_that_meets_a_broken_line_is_made_later(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", version=1))
        await app.sender.deliver()
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", version=2, comment=GONE), name="later")
        telegram.answers("429", method="editMessageText", retry_after=60)
        await app.sender.deliver()
        assert telegram.edits_in("1") == []
        clock.advance(timedelta(seconds=62))
        await app.sender.deliver()
        assert len(telegram.edits_in("1")) == 1


async def test_a_message_that_is_gone_is_not_edited_again_and_again(
    tmp_path: Path, clock: FakeClock, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, clock, telegram=telegram) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", version=1))
        await app.sender.deliver()
        telegram.deletes_message("1", telegram.posted_to("1")[0].id)
        ingested(app.store, paper("A graph", arxiv_id="2601.00001", version=2, comment=GONE), name="later")
        for _ in range(3):
            clock.advance(20 * MINUTE)
            await app.sender.deliver()
    assert len(telegram.arrived("editMessageText")) == 1
