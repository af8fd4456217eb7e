"""Conversations on Slack, from a person's action to the bot's answer: who sees the answer, and who may change what."""

import pytest

from bot.delivery.sender import Sender
from subscriptions.chats import known as known_chats
from subscriptions.model import ChatState
from tests.clock import NOON
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import Scene
from tests.make import address, ingested, paper, subscribes


async def test_changes_are_seen_by_all_the_rest_by_the_asker(on: Scene, slack: FakeSlack) -> None:
    await on.types("/paperwire sub diffusion", by="U2")
    assert len(slack.posted_to("C1")) == 1
    for words in (
        "list",
        "help",
        "sub -survey",
        "set",
        "set limit 5",
        "preview graph",
        "nonsense",
        "sub diffusion",
        "",
    ):
        await on.types(f"/paperwire {words}".strip(), by="U1")
    await on.mentions("list", by="U2")
    await on.mentions("/paperwire list", by="U2")
    assert (len(slack.posted_to("C1")), len(slack.ephemerals_to("U1"))) == (1, 9)
    assert [w.text.split("\n")[0] for w in slack.ephemerals_to("U2")] == ["1 subscription"] * 2


async def test_a_whispered_button_replaces_the_whisper_or_is_public(on: Scene, slack: FakeSlack) -> None:
    await on.types("/paperwire sub diffusion", by="U2")
    await on.types("/paperwire set", by="U1")
    await on.clicks("Papers shown", by="U1")
    assert [text.split("\n")[0][:9] for text in slack.sees("U1")] == ["✓ 1  diff", "Papers sh"]
    assert [text[:3] for text in slack.sees("U2")] == ["✓ 1"]
    await on.types("/paperwire unsub", by="U1")
    await on.clicks("1 diffusion", by="U1")
    assert (on.queries(), len(slack.posted_to("C1"))) == ([], 2)  # all members see that the subscription is gone
    assert "diffusion" in slack.sees("U2")[-1]
    assert not any("Which one" in text for text in slack.sees("U1"))


async def test_a_forged_press_does_nothing(on: Scene, slack: FakeSlack) -> None:
    slack.knows("C2", name="other", people=("U2",))
    await on.types("/paperwire sub diffusion", by="U2")
    undo = slack.posted_to("C1")[0].payload["blocks"][-1]["elements"][0]["value"]
    for value in (undo, "made-up", "d0123456789abcdef.c0", "\ud800x", "x" * 2000, "../../etc"):
        await on.clicks(value, "C2", by="U2", tampered=True)
    assert on.queries() == ["diffusion"]
    texts = slack.ephemerals_to("U2", "C2")
    assert len(texts) == 6
    assert all("any more" in entry.text for entry in texts)


async def test_a_chat_made_by_a_dm_id_is_joined_with_its_person(on: Scene, slack: FakeSlack) -> None:
    subscribes(on.app.store, "slack:D2", "diffusion")
    await on.writes("list", by="U2")
    assert on.queries("slack:U2") == ["diffusion"]
    assert on.app.store.read_now(known_chats.get_chat, address("slack:D2")).address == address("slack:U2")
    assert "diffusion" in slack.posted_to("D2")[0].text


async def test_a_thread_that_asks_for_something_is_a_chat_of_its_own(on: Scene, slack: FakeSlack) -> None:
    thread = slack.says("C1", "let us read on graphs")
    await on.mentions("sub graph", by="U2", thread=thread)
    await on.mentions("list", by="U2", thread=thread)
    await on.mentions("hello", by="U2")
    assert (on.queries(f"slack:C1/{thread}"), on.queries()) == (["graph"], [])
    assert [entry.thread for entry in slack.posted_to("C1")] == [thread]
    there, above = slack.ephemerals_to("U2")
    assert (there.thread, above.thread) == (thread, "")
    assert "1 subscription" in there.text
    assert "such as diffusion -survey" in above.text
    await on.mentions("hello", by="U2", thread=thread)  # people cannot type slash commands in a thread
    assert slack.ephemerals_to("U2")[-1].text == above.text


async def test_replies_below_a_delivery_are_about_the_channel(on: Scene, slack: FakeSlack) -> None:
    await on.types("/paperwire sub graph now", by="U2")
    await on.types("/paperwire set quiet off", by="U2")  # for U2 it is seven in the morning
    ingested(on.app.store, *(paper(f"A graph of kind {n}", "cs.LG") for n in range(6)), now=NOON)
    await Sender(on.app).send_once()
    parent, *papers = [
        entry for entry in slack.posted_to("C1") if entry.delivery and not entry.delivery.startswith("reply")
    ]
    assert papers
    assert {entry.thread for entry in papers} == {parent.id}
    await on.mentions("list", by="U2", thread=parent.id)
    await on.mentions("unsub 1", by="U2", thread=parent.id)
    assert on.queries() == []
    assert (slack.ephemerals_to("U2")[-1].thread, slack.posted_to("C1")[-1].thread) == (parent.id, parent.id)


@pytest.mark.parametrize(
    ("words", "lost"),
    [("privacy", ("files:write",)), ("privacy", ("files:write", "im:write")), ("export", ("im:write",))],
)
async def test_a_file_that_cannot_be_sent_is_told_to_who_asked_only(
    on: Scene, slack: FakeSlack, words: str, lost: tuple[str, ...]
) -> None:
    for n in range(10):  # together, these queries are too long for a message
        subscribes(on.app.store, "slack:C1", f'"shells {"of a wish " * 30} {n}"')
    for scope in lost:
        slack.withdraws(scope)
    await on.types(f"/paperwire {words}", by="U2")
    await on.mentions(words, by="U2")
    told = [one.text for one in (*slack.ephemerals_to("U2"), *slack.posted_to("D2"))]
    assert sum("cannot be sent" in text and lost[-1] in text for text in told) == 2
    assert slack.files_in("D2") == []
    assert (slack.posted_to("C1"), slack.files_in("C1")) == ([], [])
    assert on.app.store.read_now(known_chats.get_chat, address("slack:C1")).state is ChatState.ACTIVE


async def test_change_of_a_channel_names_the_member_who_made_it(on: Scene, slack: FakeSlack) -> None:
    await on.types("/paperwire sub diffusion", by="U2")
    await on.mentions("sub graph", by="U2")
    await on.mentions("unsub 1", by="U2")
    await on.clicks("undo", by="U5")
    texts = [entry.text for entry in slack.posted_to("C1")]
    assert ["@Bob Ray" in text for text in texts] == [True, True, True]
    await on.writes("sub moss", by="U2")
    assert "@Bob" not in slack.posted_to("D2")[-1].text


async def test_edited_mention_that_was_done_does_nothing(on: Scene, slack: FakeSlack) -> None:
    for query in ("diffusion", "graph", "moss"):
        await on.mentions(f"sub {query}", by="U2")
    undo = await on.mentions("undo", by="U2")
    assert on.queries() == ["diffusion", "graph"]
    answers = len(slack.journal)
    for text in ("undo!", "undo", "unsub 1"):
        await on.does(slack.edits(undo, text))
    assert on.queries() == ["diffusion", "graph"]
    assert len(slack.journal) == answers


@pytest.mark.parametrize("first", ["unsubb 1", "unsub 7", "sub -survey"])
async def test_edited_mention_that_was_not_understood_is_read_anew_once(
    on: Scene, slack: FakeSlack, first: str
) -> None:
    for query in ("diffusion", "graph"):
        await on.mentions(f"sub {query}", by="U2")
    wrong = await on.mentions(first, by="U2")
    right = await on.does(slack.edits(wrong, "unsub 1"))
    assert on.queries() == ["graph"]
    await on.does(slack.brings({**right.payload, "event_id": "Ev9"}, right.kind))
    await on.does(slack.edits(wrong, "unsub 1 now"))
    await on.does(slack.brings({**wrong.payload, "event_id": "Ev10"}, wrong.kind))
    assert on.queries() == ["graph"]


async def test_edited_direct_message_follows_the_same_rule(on: Scene, slack: FakeSlack) -> None:
    for query in ("diffusion", "graph", "moss"):
        done = await on.writes(f"sub {query}", by="U2")
    await on.does(slack.edits(done, "sub lichen"))
    assert on.queries("slack:U2") == ["diffusion", "graph", "moss"]
    wrong = await on.writes("unsubb 1", by="U2")
    await on.does(slack.edits(wrong, "unsub 1"))
    assert on.queries("slack:U2") == ["graph", "moss"]
    unfurled = {**(await on.writes("list", by="U2")).payload["event"], "subtype": "message_changed"}
    answers = len(slack.journal)
    await on.does(
        slack.brings({**done.payload, "event_id": "Ev11", "event": {**unfurled, "message": unfurled}}, done.kind)
    )
    assert len(slack.journal) == answers
