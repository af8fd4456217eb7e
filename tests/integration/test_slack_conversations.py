"""Conversations on Slack, from a person's action to the answer: who sees it, in which thread, who may change what."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from subscriptions.service.next_deliveries import get_chat, listed
from tests import make
from tests.fakes.slack import FakeSlack
from tests.integration.slack_conversation import Scene, Scenes
from tests.integration.telegram_bot import RestingClock


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U1", "U2", "U3", "U5", "U9"))
        fake.knows_person("U1", name="Ann Lee", tz="Asia/Shanghai", locale="zh-CN")
        fake.knows_person("U2", name="Bob Ray", tz="America/New_York")
        fake.knows_person("U3", guest=True)
        fake.knows_person("U5", admin=True)
        fake.knows_person("U9", home="T9")
        fake.grants_all()
        yield fake


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


# ── who sees an answer ────────────────────────────────────────────────────────


async def test_changes_are_seen_by_all_the_rest_by_the_asker(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
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
        await on.does(slack.user_types(f"/paperwire {words}".strip(), by="U1"))
    await on.does(slack.mentions("list", by="U2"))
    assert len(slack.posted_to("C1")) == 1
    assert len(slack.ephemerals_to("U1")) == 9
    assert len(slack.ephemerals_to("U2")) == 1
    assert [w.text.split("\n")[0] for w in slack.ephemerals_to("U2")] == ["1 subscription"]


async def test_the_command_alone_is_help_with_buttons_that_work(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire", by="U2"))
    await on.does(slack.clicks("how to ask", by="U2"))
    await on.does(slack.writes_dm("", by="U2"))
    first, second = slack.ephemerals_to("U2")
    assert "/paperwire sub diffusion -survey daily 9" in first.text
    assert "graph transformer" in second.text
    assert "/paperwire sub diffusion -survey daily 9" in slack.posted_to("D2")[0].text


async def test_a_whispered_button_replaces_the_whisper_or_is_public(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    await on.does(slack.user_types("/paperwire set", by="U1"))
    await on.does(slack.clicks("Papers shown", by="U1"))
    assert [text.split("\n")[0][:9] for text in slack.sees("U1")] == ["✓ 1  diff", "Papers sh"]
    assert [text[:3] for text in slack.sees("U2")] == ["✓ 1"]
    await on.does(slack.user_types("/paperwire unsub", by="U1"))
    await on.does(slack.clicks("1 diffusion", by="U1"))
    assert on.queries() == []
    assert len(slack.posted_to("C1")) == 2  # all members see that the subscription is gone
    assert "diffusion" in slack.sees("U2")[-1]
    assert not any("Which one" in text for text in slack.sees("U1"))


async def test_a_public_button_changes_its_message_for_all(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    await on.does(slack.clicks("undo", by="U1"))  # another person made the change, so the bot asks first
    assert on.queries() == ["diffusion"]
    assert "Bob Ray" in slack.ephemerals_to("U1")[0].text
    await on.does(slack.clicks("undo it", by="U1"))
    assert on.queries() == []
    await on.does(slack.clicks("undo", by="U2"))
    assert on.queries() == []
    assert len(slack.ephemerals_to("U1")) == 1
    assert not any("undo it" in str(message) for message in slack._conversations["C1"].messages.values())
    assert slack.sees("U3")[1:] != []


async def test_between_two_people_the_subscription_is_private(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub diffusion", "D777", by="U2"))
    await on.does(slack.user_types("/paperwire list", "D2", by="U2"))
    assert on.queries("slack:U2") == ["diffusion"]
    assert [w.text[:3] for w in slack.ephemerals_to("U2", "D777")] == ["✓ 1"]
    assert slack.ephemerals_to("U2", "D2") == []
    assert len(slack.posted_to("D2")) == 1


# ── words ─────────────────────────────────────────────────────────────────────


async def test_words_work_after_a_mention_in_private_and_a_command(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("List decoding", "cs.IT"), now=make.NOON - timedelta(hours=1))
    await on.does(slack.mentions("list decoding", by="U2"))
    await on.does(slack.user_types("/paperwire list decoding", by="U2"))
    await on.does(slack.user_types("/paperwire I want papers on list decoding", by="U2"))
    await on.does(slack.writes_dm("list decoding", by="U2"))
    await on.does(slack.writes_dm("我的订阅", by="U2"))
    await on.does(slack.mentions("subscribe list decoding", by="U2"))
    assert on.queries() == ["list decoding"]
    whispered = "\n".join(entry.text for entry in slack.ephemerals_to("U2"))
    private = "\n".join(entry.text for entry in slack.posted_to("D2"))
    counted = [
        (text.count("1 List decoding"), len(re.findall("There are no|还没有", text))) for text in (whispered, private)
    ]
    assert counted == [(2, 1), (1, 1)]


class AnArxivThatIsDown:
    """A PaperLookup whose every request fails."""

    async def find(self, ids: object) -> bool:
        del ids
        return False


async def test_a_look_up_in_a_channel_is_seen_by_its_asker_only(scene: Scenes, slack: FakeSlack) -> None:
    async with scene(lookup=AnArxivThatIsDown()) as on:
        await on.does(slack.mentions("2512.00009", by="U2"))
        await on.does(slack.mentions("list", by="U2"))
    asked, answered, _ = (entry.text for entry in slack.ephemerals_to("U2"))
    assert asked.startswith("I look it up at arXiv: 2512.00009")
    assert answered.startswith("✗ arXiv cannot be asked now")
    assert not slack.posted_to("C1")


async def test_in_private_the_first_word_is_a_command_or_a_query(on: Scene, slack: FakeSlack) -> None:
    make.ingested(on.app.store, make.paper("Diffusion for video", "cs.CV"), now=make.NOON - timedelta(hours=1))
    for words in ("sub graph", "Follow quantum", "diffusion", "/paperwire x", "https://arxiv.org/abs/2512.99999"):
        await on.does(slack.writes_dm(words, by="U2"))
    assert on.queries("slack:U2") == ["graph", "quantum"]
    texts = [entry.text for entry in slack.posted_to("D2")]
    assert [text[:3] for text in texts[:2]] == ["✓ 1", "✓ 2"]
    assert "Diffusion for video" in texts[2]
    assert "2512.99999" in texts[4]


async def test_slacks_wrapping_does_not_reach_the_query(on: Scene, slack: FakeSlack) -> None:
    sent = slack.user_types("/paperwire sub x", by="U2")
    await on.does(sent)
    for number, text in enumerate(('ti:"a &amp; b" <http://cs.LG|cs.LG>', "&lt;b&gt; `graph`"), 1):
        wrapped = {**sent.payload, "text": f"sub {text}", "trigger_id": f"9.{number}"}
        await on.does(slack.brings(wrapped, "slash_commands"))
    assert on.queries()[1:] == ['ti:"a & b" cs.LG', "<b> `graph`"]


async def test_inputs_of_any_length_are_answered(on: Scene, slack: FakeSlack) -> None:
    for text in ("x" * 3001, "(" * 3001, "ti:" * 1000, "<!channel> " * 300, "\x00\ud800" * 1500, "词" * 3001):
        await on.does(slack.writes_dm(f"sub {text}", by="U2"))
        await on.does(slack.user_types(f"/paperwire sub {text}", by="U2"))
    assert (len(slack.posted_to("D2")), len(slack.ephemerals_to("U2")), slack.posted_to("C1")) == (6, 5, [])
    assert len(slack.views("views.open")) == 1  # a text of control characters alone counts as empty
    assert len(slack.arrived("chat.postMessage")) == 6  # Slack accepted all of them


async def test_nothing_that_a_paper_or_a_person_says_pings_anybody(on: Scene, slack: FakeSlack) -> None:
    evil = make.paper(
        "Diffusion <!channel> <@U1> &lt;!here&gt; *bold* <https://evil.example|x>", "cs.CV", abstract="<!everyone>"
    )
    make.ingested(on.app.store, evil, now=make.NOON - timedelta(hours=1))
    await on.does(slack.user_types("/paperwire sub <!channel> OR diffusion", by="U2"))
    await on.does(slack.user_types("/paperwire preview diffusion", by="U2"))
    await on.does(slack.writes_dm("diffusion", by="U2"))
    await on.does(slack.user_types("/paperwire name 1 <!here> <@U1>", by="U2"))
    await on.does(slack.user_types("/paperwire list", by="U2"))
    shown = [entry.payload for entry in slack.journal]
    assert len(shown) == 5
    for payload in shown:
        for sign in ("<!", "<@", "<#"):
            assert sign not in str(payload.get("text")) + str(payload.get("blocks"))


# ── who may change what ───────────────────────────────────────────────────────


@pytest.mark.parametrize(("person", "may"), [("U2", True), ("U5", True), ("U3", False), ("U9", False)])
async def test_members_change_guests_and_strangers_read(on: Scene, slack: FakeSlack, person: str, may: bool) -> None:
    home = "T9" if person == "U9" else ""
    await on.does(slack.mentions("sub diffusion", by=person, home=home))
    await on.does(slack.mentions("list", by=person, home=home))
    assert on.queries() == (["diffusion"] if may else [])
    first, *_ = [*slack.posted_to("C1"), *slack.ephemerals_to(person)]
    assert ("Only members of this workspace" in first.text) is not may
    assert len(slack.ephemerals_to(person)) == (1 if may else 2)


async def test_nothing_changes_while_slack_does_not_name_the_person(on: Scene, slack: FakeSlack) -> None:
    slack.answers("hang before", times=9, method="users.info")
    sent = slack.user_types("/paperwire sub diffusion", by="U2")
    await on.does(sent)
    assert sent.acknowledged
    slack.forgives()
    slack.releases(drop=True)
    assert on.queries() == []
    assert "try again later" in slack.ephemerals_to("U2")[0].text


async def test_a_forged_press_does_nothing(on: Scene, slack: FakeSlack) -> None:
    slack.knows("C2", name="other", people=("U2",))
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    undo = slack.posted_to("C1")[0].payload["blocks"][-1]["elements"][0]["value"]
    for value in (undo, "made-up", "d0123456789abcdef.c0", "\ud800x", "x" * 2000, "../../etc"):
        await on.does(slack.clicks(value, "C2", by="U2", tampered=True))
    assert on.queries() == ["diffusion"]
    texts = slack.ephemerals_to("U2", "C2")
    assert len(texts) == 6
    assert all("any more" in entry.text for entry in texts)


# ── what the bot knows about a person ─────────────────────────────────────────


async def test_clock_language_and_name_come_from_the_profile(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.writes_dm("sub diffusion", by="U1"))
    await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
    await on.does(slack.user_types("/paperwire sub graph", by="U1"))
    ann, vision = get_chat(on.app.store, make.address("slack:U1")), get_chat(on.app.store, make.address("slack:C1"))
    assert (ann.settings.timezone, ann.settings.lang) == ("Asia/Shanghai", "zh")
    assert (vision.settings.timezone, vision.settings.lang, vision.title) == ("America/New_York", "en", "#vision")
    assert [one.subscription.added_by for one in listed(on.app.store, make.address("slack:C1"))] == [
        "Bob Ray",
        "Ann Lee",
    ]
    assert get_chat(on.app.store, make.address("slack:C1")).owner == "U1"
    assert "上海" in slack.posted_to("D1")[0].text
    assert "America/New_York" in slack.posted_to("C1")[0].text


async def test_an_app_that_may_not_read_people_works(scene: Scenes, slack: FakeSlack) -> None:
    for scope in set(slack.scopes) - {"chat:write", "commands"}:
        slack.withdraws(scope)
    async with scene() as on:
        await on.does(slack.user_types("/paperwire sub diffusion", by="U2"))
        await on.does(slack.user_types("/paperwire sub graph", "D777", by="U2"))
        assert (on.queries(), on.queries("slack:U2")) == (["diffusion"], ["graph"])
        assert get_chat(on.app.store, make.address("slack:C1")).title == "#vision"
    assert slack.posted_to("C1")[0].text.startswith("✓ 1")
    assert slack.ephemerals_to("U2", "D777")[0].text.startswith("✓ 1")


async def test_a_chat_made_by_a_dm_id_is_joined_with_its_person(on: Scene, slack: FakeSlack) -> None:
    make.subscribes(on.app.store, "slack:D2", "diffusion")
    await on.does(slack.writes_dm("list", by="U2"))
    assert on.queries("slack:U2") == ["diffusion"]
    assert get_chat(on.app.store, make.address("slack:D2")).address == make.address("slack:U2")
    assert "diffusion" in slack.posted_to("D2")[0].text


# ── threads ───────────────────────────────────────────────────────────────────


async def test_a_thread_that_asks_for_something_is_a_chat_of_its_own(on: Scene, slack: FakeSlack) -> None:
    thread = slack.says("C1", "let us read on graphs")
    await on.does(slack.mentions("sub graph", by="U2", thread=thread))
    await on.does(slack.mentions("list", by="U2", thread=thread))
    await on.does(slack.mentions("list", by="U2"))
    assert (on.queries(f"slack:C1/{thread}"), on.queries()) == (["graph"], [])
    assert [entry.thread for entry in slack.posted_to("C1")] == [thread]
    there, above = slack.ephemerals_to("U2")
    assert (there.thread, above.thread) == (thread, "")
    assert "1 subscription" in there.text


async def test_in_a_thread_commands_are_spelled_as_they_work_there(on: Scene, slack: FakeSlack) -> None:
    thread = slack.says("C1", "let us read on graphs")
    await on.does(slack.mentions("hello", by="U2", thread=thread))
    await on.does(slack.mentions("hello", by="U2"))
    there, above = slack.ephemerals_to("U2")
    assert "@paperwire help" in there.text
    assert "/paperwire help" in above.text


async def test_replies_below_a_delivery_are_about_the_channel(on: Scene, slack: FakeSlack) -> None:
    await on.does(slack.user_types("/paperwire sub graph now", by="U2"))
    await on.does(slack.user_types("/paperwire set quiet off", by="U2"))  # it is seven in the morning in their zone
    make.ingested(on.app.store, *(make.paper(f"A graph of kind {n}", "cs.LG") for n in range(6)), now=make.NOON)
    await on.app.sender.send_once()
    parent, *papers = [
        entry for entry in slack.posted_to("C1") if entry.delivery and not entry.delivery.startswith("reply")
    ]
    assert papers
    assert {entry.thread for entry in papers} == {parent.id}
    await on.does(slack.mentions("list", by="U2", thread=parent.id))
    await on.does(slack.mentions("unsub 1", by="U2", thread=parent.id))
    assert on.queries() == []
    assert slack.ephemerals_to("U2")[-1].thread == parent.id
    assert slack.posted_to("C1")[-1].thread == parent.id


# ── files ─────────────────────────────────────────────────────────────────────


async def test_an_export_of_a_channel_goes_to_the_asker(on: Scene, slack: FakeSlack) -> None:
    for chat in ("slack:C1", "slack:U2"):
        for n in range(60):
            make.subscribes(on.app.store, chat, f'"{chat.partition(":")[2]} words of wish {n}"')
    await on.does(slack.user_types("/paperwire export", by="U2"))
    await on.does(slack.writes_dm("export", by="U2"))
    assert slack.files_in("C1") == []
    assert ["C1 words" in entry.text for entry in slack.files_in("D2")] == [True, False]
