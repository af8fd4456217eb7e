"""Forms in Slack add and edit subscriptions, also with words from a paper. The form itself refuses invalid values."""

from datetime import timedelta

import pytest

from subscriptions.model import ChatKind
from tests.clock import NOON
from tests.conversation.slack_harness import ANN, BO, CHANNEL, CHAT_FIELD, SlackHarness
from tests.make import paper

ME = f"slack:{ANN}"


def texts(slack: SlackHarness, chat: str = CHANNEL) -> list[str]:
    return [one.subscription.text for one in slack.listed(chat)]


def only(slack: SlackHarness, chat: str = CHANNEL) -> tuple[str, str]:
    """Returns (schedule, zone) of the only subscription of a chat."""
    (one,) = slack.listed(chat)
    return str(one.subscription.cadence), one.zone


async def test_sub_without_words_opens_the_form_of_a_new_subscription(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    assert list(form.fields) == ["query", "when", "clock", "zone", "place"]
    assert form.view["title"]["text"] == "New subscription"
    assert form.value("query") == ""
    assert form.options(CHAT_FIELD) == {"here": "#vision", "mine": "only to me, in direct messages"}
    with pytest.raises(Exception, match="no such chat"):
        slack.chat_of(CHANNEL)  # opening the form adds no chat


async def test_what_is_typed_is_read_back_with_what_it_would_have_found(slack: SlackHarness) -> None:
    slack.brings("Diffusion one", "A survey of diffusion", "Graphs")
    form = await slack.opens_form("sub")
    answer = await form.types("diffusion -survey")
    assert form.notes[:2] == ["diffusion, not survey", "1 paper in the last 7 days."]
    assert form.notes[2].startswith("· Diffusion one (")
    assert answer.stored_reply
    assert (answer.stored_reply.messages, answer.stored_reply.problems) == ((), {})


async def test_what_cannot_be_read_is_said_below_the_query_with_the_place(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    await form.types("diffusion author:")
    (note,) = form.notes
    assert "author" in note
    assert "It is about “author:”." in note


async def test_a_form_that_is_sent_subscribes_and_the_channel_hears_of_it(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    answer = await form.sends(query="diffusion -survey", when="weekly mon", clock="08:30", zone="Asia/Tokyo")
    assert answer.stored_reply
    assert (answer.to, answer.stored_reply.is_ephemeral) == (CHANNEL, False)
    assert texts(slack) == ["diffusion -survey"]
    assert only(slack) == ("weekly mon 08:30", "Asia/Tokyo")
    assert slack.chat_of(CHANNEL).kind is ChatKind.TEAM


async def test_the_first_clock_that_is_chosen_is_that_of_the_chat_and_a_later_one_of_its_subscription(
    slack: SlackHarness,
) -> None:
    await (await slack.opens_form("sub")).sends(query="diffusion", zone="Asia/Tokyo")
    await (await slack.opens_form("sub")).sends(query="graphs", zone="Europe/Berlin")
    assert slack.chat_of(CHANNEL).settings.timezone == "Asia/Tokyo"
    assert [one.subscription.zone for one in slack.listed(CHANNEL)] == [
        None,
        "Europe/Berlin",
    ]


@pytest.mark.parametrize(
    ("when", "clock", "stored"),
    [
        ("now", "09:00", "now"),
        ("daily", "07:15", "daily 07:15"),
        ("weekdays", "", "weekdays 09:00"),
        ("weekly sun", "23:59", "weekly sun 23:59"),
        ("when-out 09:00-18:00 weekdays", "", "when-out 09:00-18:00 weekdays"),
    ],
)
async def test_every_schedule_of_the_form_can_be_chosen(
    slack: SlackHarness, when: str, clock: str, stored: str
) -> None:
    form = await slack.opens_form("sub")
    assert when in form.options("when")
    await form.sends(query="diffusion", when=when, clock=clock)
    assert only(slack)[0] == stored


async def test_it_can_be_for_the_asker_alone(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    answer = await form.sends(query="diffusion", place="mine")
    assert answer.to == ME
    assert texts(slack, ME) == ["diffusion"]
    assert slack.chat_of(ME).kind is ChatKind.PRIVATE


async def test_in_a_direct_message_there_is_no_place_to_choose(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub", chat=ME)
    assert CHAT_FIELD not in form.fields
    assert (await form.sends(query="diffusion")).to == ME
    assert texts(slack, ME) == ["diffusion"]


async def test_a_form_is_opened_by_start_and_home_buttons_too(slack: SlackHarness) -> None:
    home = await slack.home()
    form = slack.form(await home.presses("new subscription"), ANN)
    assert (await form.sends(query="diffusion")).to == ME


async def test_the_same_form_sent_twice_is_one_subscription(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    for _ in range(2):
        await form.sends(query="diffusion")
    assert texts(slack) == ["diffusion"]


async def test_undo_takes_back_what_a_form_did(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    answer = await form.sends(query="diffusion", zone="Asia/Tokyo")
    blocks = [block for payload in answer.payloads for block in payload["blocks"] if block["type"] == "actions"]
    (undo,) = [e["value"] for block in blocks for e in block["elements"] if e["text"]["text"] == "undo"]
    await slack.sends_request(CHANNEL, callback_data=undo, by=ANN, kind=ChatKind.TEAM)
    assert texts(slack) == []


async def test_edit_opens_the_form_with_what_the_subscription_says(slack: SlackHarness) -> None:
    slack.subscribes(CHANNEL, "diffusion -survey", now=NOON, every="weekly", on="fri", at="10:30")
    form = await slack.opens_form("edit 1")
    assert form.view["title"]["text"] == "Subscription 1"
    assert [form.value(name) for name in ("query", "when", "clock")] == ["diffusion -survey", "weekly fri", "10:30"]
    assert form.notes[0] == "diffusion, not survey"
    assert CHAT_FIELD not in form.fields
    answer = await form.sends(query="diffusion", when="daily", clock="08:00", zone="Asia/Tokyo")
    assert answer.to == CHANNEL
    assert texts(slack) == ["diffusion"]
    assert only(slack) == ("daily 08:00", "Asia/Tokyo")


async def test_a_clock_of_its_own_goes_when_that_of_the_chat_is_chosen(slack: SlackHarness) -> None:
    slack.subscribes(CHANNEL, "graphs", now=NOON, every="daily")
    slack.subscribes(CHANNEL, "diffusion", now=NOON, every="daily", tz="Asia/Tokyo")
    form = await slack.opens_form("edit 2")
    assert form.value("zone") == "Asia/Tokyo"
    await form.sends(zone="UTC")
    assert [one.subscription.zone for one in slack.listed(CHANNEL)] == [
        None,
        None,
    ]


async def test_what_nobody_changed_says_so_and_changes_nothing(slack: SlackHarness) -> None:
    slack.subscribes(CHANNEL, "diffusion", now=NOON, every="when-out", at="10:00-12:00")
    form = await slack.opens_form("edit 1")
    assert form.value("when") == "when-out 10:00-12:00"
    answer = await form.sends()
    assert answer.stored_reply
    assert answer.stored_reply.is_ephemeral
    assert only(slack)[0] == "when-out 10:00-12:00"


async def test_a_subscription_that_went_meanwhile_is_said_on_the_form(slack: SlackHarness) -> None:
    slack.subscribes(CHANNEL, "diffusion", now=NOON)
    form = await slack.opens_form("edit 1")
    await slack.slash("unsub all")
    answer = await form.sends(query="graphs")
    assert answer.stored_reply
    assert "gone" in answer.stored_reply.problems["query"]
    assert not answer.stored_reply.messages


async def test_a_query_that_another_subscription_has_is_refused_on_the_form(slack: SlackHarness) -> None:
    for query in ("diffusion", "graphs"):
        slack.subscribes(CHANNEL, query, now=NOON)
    answer = await (await slack.opens_form("edit 2")).sends(query="Diffusion")
    assert answer.stored_reply
    assert "asks for that already" in answer.stored_reply.problems["query"]
    assert texts(slack) == ["diffusion", "graphs"]


@pytest.mark.parametrize("command", ["edit 1", "sub"])
async def test_a_paper_that_is_not_known_is_refused_on_the_form(slack: SlackHarness, command: str) -> None:
    slack.subscribes(CHANNEL, "diffusion", now=NOON)
    answer = await (await slack.opens_form(command)).sends(query="like:2601.99999")
    assert answer.stored_reply
    assert "I do not know the paper 2601.99999 yet" in answer.stored_reply.problems["query"]
    assert texts(slack) == ["diffusion"]


async def test_a_message_with_a_link_begins_with_the_authors_and_categories_of_its_paper(
    slack: SlackHarness,
) -> None:
    authors = ("Ada Example", "B. C.", "Bo Beispiel", "Cy Third", "Dee Four")
    found = paper("Noise", "cs.CV", "cs.LG", "strange.XX", arxiv_id="2601.00042", authors=authors)
    slack.brings(found)
    form = await slack.shortcut("Have you seen https://arxiv.org/abs/2601.00042v2?")
    assert form.value("query") == (
        '(author:"Ada Example" OR author:"Bo Beispiel" OR author:"Dee Four") (cat:cs.CV OR cat:cs.LG)'
    )
    assert form.notes[0] == "Like Noise (2601.00042)"
    assert "1 paper in the last 7 days." in form.notes
    assert form.options(CHAT_FIELD)["thread"] == "the thread of this message"


async def test_it_can_go_into_the_thread_of_that_message(slack: SlackHarness) -> None:
    slack.brings(paper("Noise", "cs.CV", arxiv_id="2601.00042"))
    answer = await (await slack.shortcut("2601.00042")).sends(place="thread")
    assert answer.to == f"{CHANNEL}/17.5"
    assert texts(slack, f"{CHANNEL}/17.5") == ['author:"Ada Example" cat:cs.CV']


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("good morning", "names no paper"),
        ("https://arxiv.org/abs/2512.09999", "I do not know who wrote 2512.09999"),
        ("", ""),
    ],
)
async def test_a_message_without_a_known_paper_opens_an_empty_form_and_says_why(
    slack: SlackHarness, text: str, said: str
) -> None:
    form = await slack.shortcut(text)
    assert form.value("query") == ""
    assert said in "\n".join(form.notes)


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"query": ""}, {"query"}),
        ({"query": "-survey"}, {"query"}),
        ({"query": "x" * 3001}, {"query"}),
        ({"query": "diffusion", "zone": "Mars/Olympus"}, {"zone"}),
        ({"query": "diffusion", "when": "hourly"}, {"when"}),
        ({"query": "diffusion", "when": "daily", "clock": "25:99"}, {"when"}),
        ({"query": "-x", "zone": "Mars", "when": "never"}, {"query", "zone", "when"}),
    ],
)
async def test_what_cannot_be_taken_is_said_beside_its_field(
    slack: SlackHarness, values: dict[str, str], fields: set[str]
) -> None:
    answer = await (await slack.opens_form("sub")).sends(**values)
    assert answer.stored_reply
    assert set(answer.stored_reply.problems) == fields
    assert all(words.strip() for words in answer.stored_reply.problems.values())
    assert not answer.stored_reply.messages


@pytest.mark.parametrize("metadata", ["", "x", "board:slack:U1", "\ud800x", "d" + "0" * 16 + ".c0", "x" * 5000])
async def test_metadata_that_nobody_made_is_refused_kindly(slack: SlackHarness, metadata: str) -> None:
    form = await slack.opens_form("sub")
    form.view["private_metadata"] = metadata
    if not metadata:
        return  # the form is not one of the bot's forms, so the bot does not answer
    answer = await form.sends(query="diffusion")
    assert answer.stored_reply
    assert "too old, or not yours" in answer.stored_reply.problems["query"]


@pytest.mark.parametrize("somebody", [{"by": BO}, {"team": "T2"}], ids=["another", "of another workspace"])
async def test_the_form_of_somebody_else_cannot_be_sent(slack: SlackHarness, somebody: dict[str, str]) -> None:
    form = await slack.opens_form("sub", by=ANN)
    answer = await form.sends(query="diffusion", **somebody)
    assert answer.stored_reply
    assert "not yours" in answer.stored_reply.problems["query"]


async def test_a_form_is_good_for_a_day(slack: SlackHarness) -> None:
    form, late = await slack.opens_form("sub"), await slack.opens_form("sub")
    slack.clock.advance(timedelta(hours=23))
    assert not (await form.sends(query="diffusion")).stored_reply.problems  # type: ignore[union-attr]
    slack.clock.advance(timedelta(hours=2))
    assert "too old" in (await late.sends(query="graphs")).stored_reply.problems["query"]  # type: ignore[union-attr]


async def test_a_place_that_the_form_did_not_offer_is_refused(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    answer = await form.sends(query="diffusion", place="slack:C666")
    assert answer.stored_reply
    assert answer.stored_reply.problems


async def test_who_may_not_change_the_channel_reads_so_on_the_form(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    slack.members = False
    answer = await form.sends(query="diffusion")
    assert answer.stored_reply
    assert answer.stored_reply.problems["query"]
    assert not answer.stored_reply.messages
    slack.members = True
    assert (await form.sends(query="diffusion")).to == CHANNEL  # the form stayed open


async def test_only_admins_where_the_channel_says_so(slack: SlackHarness) -> None:
    slack.subscribes(CHANNEL, "diffusion", now=NOON)
    slack.sets(CHANNEL, manage="admins")
    form = await slack.opens_form("sub")
    answer = await form.sends(query="graphs")
    assert answer.stored_reply
    assert answer.stored_reply.problems["query"]
    slack.admins[CHANNEL] = {ANN}
    await form.sends(query="graphs")
    assert texts(slack) == ["diffusion", "graphs"]


async def test_signs_that_nobody_sees_are_not_stored(slack: SlackHarness) -> None:
    await (await slack.opens_form("sub")).sends(query=" diffusion\n\x00\u202e  models\t")
    assert texts(slack) == ["diffusion models"]


async def test_where_nothing_opens_forms_it_says_what_to_write(slack: SlackHarness) -> None:
    answer = await slack.says("/form")
    assert "There are no forms here" in answer.text
