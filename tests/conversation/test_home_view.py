"""The home view: the chats that a person manages, buttons that change them, and updates after a change."""

from datetime import timedelta

import pytest

from bot.platforms.slack.markup import BLOCKS_OF_VIEW
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.notices import pause_unreachable
from subscriptions.service.pausing import pause
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.store import admitted_chats, chats
from tests.bot_harness import Answer
from tests.clock import NOON
from tests.conversation.slack_harness import ANN, BO, CHANNEL, SlackHarness
from tests.make import address

ME = f"slack:{ANN}"


@pytest.fixture(autouse=True)
def _ann_is_in_vision(slack: SlackHarness) -> None:
    slack.places_of[ANN] = frozenset({"C1"})


def add_subscription(
    slack: SlackHarness,
    query: str,
    chat: str = CHANNEL,
    title: str = "#vision",
    **when: str,
) -> None:
    slack.subscribes(chat, query, **when)
    if chat != ME:
        with slack.store.write() as transaction:
            chats.describe(transaction, address(chat).lane, title=title, public=False)


def numbers(slack: SlackHarness, chat: str = CHANNEL) -> list[tuple[int, str]]:
    return [(one.subscription.number, one.subscription.state) for one in slack.listed(chat)]


def said(answer: Answer) -> str:
    return "\n".join(block["text"]["text"] for p in answer.payloads for block in p["blocks"] if "text" in block)


async def test_an_empty_board_says_so_and_offers_to_begin(slack: SlackHarness) -> None:
    home = await slack.home()
    assert home.texts == ["Your subscriptions", "No subscriptions yet.", "Sources", "No digest has come yet."]
    assert len(home.values("new subscription")) == 1


async def test_own_subscriptions_come_first_then_those_of_channels_where_the_person_is(
    slack: SlackHarness,
) -> None:
    slack.places_of[ANN] = frozenset({"C1", "C9"})
    add_subscription(slack, "graphs", every="daily", at="09:00")
    add_subscription(slack, "diffusion", chat=ME, every="daily", at="08:00")
    add_subscription(slack, "secrets", chat="slack:C2", title="#private")
    home = await slack.home()
    assert home.texts == [
        "Your subscriptions",
        "Next: Fri 23 Jan 08:00.",
        "*1  diffusion*\ndaily 08:00 UTC · next Fri 23 Jan 08:00",
        "#vision",
        "Next: Fri 23 Jan 09:00.",
        "*1  graphs*\ndaily 09:00 UTC · next Fri 23 Jan 09:00",
        "Sources",
        "No digest has come yet.",
    ]


async def test_channels_of_another_workspace_are_not_there(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    theirs = ChatAddress("slack", "T2/C1")
    subscribe(slack.store, theirs, SubscriptionRequest(text="theirs"), now=NOON, title="#theirs")
    home = await slack.home()
    assert "#vision" in home.texts
    assert "#theirs" not in home.texts


async def test_threads_of_a_channel_stand_beside_it(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    add_subscription(slack, "noise", chat=f"{CHANNEL}/17.5")
    assert [text for text in (await slack.home()).texts if "#vision" in text] == ["#vision", "#vision, in a thread"]


async def test_where_nobody_tells_who_is_where_those_that_the_person_set_up_are_there(
    slack: SlackHarness,
) -> None:
    slack.places_of[ANN] = None
    add_subscription(slack, "graphs")
    add_subscription(slack, "other", chat="slack:C2", title="#other")
    admitted_chats.set_owner(slack.store, slack.chat_of(CHANNEL).id, ANN)
    texts = (await slack.home()).texts
    assert "#vision" in texts
    assert "#other" not in texts
    assert texts[-1] == "I cannot see which channels you are in, so only those that you set up are listed."


async def test_it_names_what_holds_a_chat_or_a_subscription(slack: SlackHarness) -> None:
    slack.places_of[ANN] = frozenset({"C1", "C2"})
    add_subscription(slack, "graphs")
    pause_unreachable(slack.store, address(CHANNEL), "The channel was archived.", topic=False, now=NOON)
    add_subscription(slack, "noise", chat="slack:C2", title="#zeta")
    pause(slack.store, address("slack:C2"), 1, until=NOON + timedelta(days=2), now=NOON)
    home = await slack.home()
    assert "Paused: The channel was archived." in home.texts
    (held,) = [text for text in home.texts if "noise" in text]
    assert held.endswith("paused until Sat 24 Jan 12:00")
    assert len(home.values("resume")) == 2  # one resumes the chat, the other a subscription of the other chat


async def test_sources_say_what_they_brought_last(slack: SlackHarness) -> None:
    slack.brings("Noise", "Graphs")
    assert (await slack.home()).texts[-1].endswith(": 2 papers.")


async def test_many_subscriptions_end_in_a_count_and_never_in_more_blocks_than_a_view_takes(
    slack: SlackHarness,
) -> None:
    channels = {f"C{number}" for number in range(30)}
    slack.places_of[ANN] = frozenset(channels)
    for number in range(50):
        add_subscription(slack, f"diffusion{number}", chat=ME)
    for channel in channels:
        add_subscription(slack, "graphs", chat=f"slack:{channel}", title=f"#{channel}")
    home = await slack.home()
    assert len(home.view["blocks"]) <= BLOCKS_OF_VIEW
    assert home.texts[1].endswith("\n14 more are not shown here; /paperwire list shows all.")
    assert home.view["blocks"][-1]["type"] == "context"  # the end of the view is not cut off


async def test_a_long_query_with_signs_of_mrkdwn_calls_nobody(slack: SlackHarness) -> None:
    add_subscription(slack, '"<!channel> <@U1> *bold*" ' + "OR noise" * 60, chat=ME)
    text = (await slack.home()).texts[2]
    assert "&lt;!channel&gt;" in text or "<!" not in text
    assert len(text) < 3000


async def test_pause_and_resume_act_in_the_channel_and_are_said_there(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    answer = await (await slack.home()).presses("pause", "graphs")
    assert answer.stored_reply
    assert (answer.to, answer.stored_reply.is_ephemeral, answer.stored_reply.changed) == (
        CHANNEL,
        False,
        True,
    )
    assert numbers(slack) == [(1, "paused")]
    answer = await (await slack.home()).presses("resume", "graphs")
    assert numbers(slack) == [(1, "active")]


async def test_remove_takes_the_subscription_that_stands_beside_it(slack: SlackHarness) -> None:
    for query in ("graphs", "noise"):
        add_subscription(slack, query, chat=ME)
    answer = await (await slack.home()).presses("remove", "noise")
    assert answer.to == ME
    assert numbers(slack, ME) == [(1, "active")]


async def test_edit_opens_the_form_of_the_subscription(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    form = slack.form(await (await slack.home()).presses("edit", "graphs"), ANN)
    await form.sends(query="graph transformers")
    assert [one.subscription.text for one in slack.listed(CHANNEL)] == ["graph transformers"]


async def test_new_subscription_below_a_channel_is_for_that_channel(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    form = slack.form(await (await slack.home()).presses("new subscription", nth=1), ANN)
    assert form.options("place")["here"] == "#vision"
    assert (await form.sends(query="noise")).to == CHANNEL


async def test_buttons_of_an_older_board_do_nothing_and_the_board_is_shown_anew(
    slack: SlackHarness,
) -> None:
    add_subscription(slack, "graphs", chat=ME)
    old = await slack.home()
    await slack.home()
    answer = await old.presses("remove", "graphs")
    assert numbers(slack, ME) == [(1, "active")]
    assert answer.stored_reply
    assert answer.stored_reply.changed
    assert "Nothing was changed" in said(answer)


async def test_nobody_presses_on_the_board_of_another(slack: SlackHarness) -> None:
    slack.places_of = {ANN: frozenset({"C1"}), BO: frozenset({"C1"})}
    add_subscription(slack, "graphs")
    home = await slack.home(ANN)
    await slack.home(BO)
    await home.presses("remove", "graphs", by=BO)
    await home.presses_value(home.values("remove", "graphs")[0], team="T2")
    assert numbers(slack) == [(1, "active")]


async def test_who_has_left_a_channel_changes_nothing_there(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    home = await slack.home()
    slack.places_of[ANN] = frozenset()
    await home.presses("remove", "graphs")
    assert numbers(slack) == [(1, "active")]


async def test_who_may_only_read_is_told_so(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs")
    home, slack.members = await slack.home(), False
    answer = await home.presses("pause", "graphs")
    assert answer.stored_reply
    assert answer.stored_reply.is_ephemeral
    assert numbers(slack) == [(1, "active")]


@pytest.mark.parametrize("value", ["", "x" * 3000, "d" + "0" * 16 + ".x0", "board:slack:U1"])
async def test_values_that_nobody_made_do_nothing(slack: SlackHarness, value: str) -> None:
    home = await slack.home()
    if value:
        assert "Nothing was changed" in said(await home.presses_value(value))


async def test_forget_takes_the_buttons_of_the_board_along(slack: SlackHarness) -> None:
    add_subscription(slack, "graphs", chat=ME)
    home = await slack.home()
    answer = await slack.slash("forget", chat=ME)
    blocks = [block for payload in answer.payloads for block in payload["blocks"] if block["type"] == "actions"]
    erase = next(e["value"] for b in blocks for e in b["elements"] if e["text"]["text"] == "erase everything")
    await slack.sends_request(ME, callback_data=erase, by=ANN, kind=ChatKind.PRIVATE)
    answer = await home.presses("new subscription")
    assert answer.stored_reply
    assert not answer.stored_reply.modal


async def test_of_what_waits_for_its_sources_the_hours_stand_there_and_no_minute_that_may_be_wrong(
    slack: SlackHarness,
) -> None:
    add_subscription(slack, "graphs", chat=ME, every="when-out", at="13:00-20:00")
    home = await slack.home()
    assert home.texts[1].startswith("Next: ")
    assert home.texts[2] == "*1  graphs*\nwhen-out 13:00-20:00 UTC"
