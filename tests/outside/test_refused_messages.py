"""Messages that Telegram or Slack refuses: a definite no is a no, and never holds up the next paper of its lane."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.faults import JSON, Fault
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_people import TOKEN
from tests.product import Product

CHANNEL = "C0PAPERS"


@pytest.fixture
def slack(product: Product) -> Iterator[FakeSlack]:
    """A Slack whose channel gets each paper on diffusion."""
    with FakeSlack() as fake:
        fake.knows(CHANNEL)
        product.sets(SLACK_BOT_TOKEN=TOKEN, SLACK_API_URL=fake.url)
        product.runs("subscribe", "diffusion", "--as", f"slack:{CHANNEL}", "--when", "now")
        yield fake


def no_of_slack(code: str) -> Fault:
    return Fault(body=json.dumps({"ok": False, "error": code}), content_type=JSON)


def no_of_telegram(words: str, status: int = 400) -> Fault:
    body = {"ok": False, "error_code": status, "description": words}
    return Fault(status=status, body=json.dumps(body), content_type=JSON)


def states(product: Product) -> list[str]:
    return [one["state"] for one in product.tells("outbox") if one["papers"]]


def test_what_slack_refuses_comes_plain_or_is_dead_with_its_reason(product: Product, slack: FakeSlack) -> None:
    slack.answers(no_of_slack("a_code_of_next_year"))
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    (plain,) = slack.posted_to(CHANNEL)
    assert ("Diffusion for maps" in plain.text, "blocks" in plain.payload) == (True, False)
    slack.answers(no_of_slack("a_code_of_next_year"), times=2)
    product.brings("Diffusion for roads")
    product.later(minutes=5)
    (dead,) = product.tells("outbox", "--state", "dead")
    assert "a_code_of_next_year" in dead["reason"]
    product.brings("Diffusion for woods")
    product.later(minutes=5)
    assert ["Diffusion for woods" in entry.text for entry in slack.posted_to(CHANNEL)] == [False, True]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("external_channel_migrating", "waiting"),
        ("team_access_not_granted", "planned"),
        ("is_inactive", "held"),
        ("channel_type_not_supported", "held"),
    ],
)
def test_a_few_codes_mean_the_channel_the_workspace_or_a_wait(
    product: Product, slack: FakeSlack, code: str, state: str
) -> None:
    slack.answers(no_of_slack(code), times=2)
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    assert states(product) == [state]


EIGHT = [f"Diffusion of kind {n}" for n in range(8)]


@pytest.mark.parametrize(
    "code",
    ["restricted_action_non_threadable_channel", "restricted_action_thread_locked", "cannot_reply_to_message"],
)
def test_channel_without_threads_gets_its_papers_below_one_another(
    product: Product, slack: FakeSlack, code: str
) -> None:
    slack.forbids_threads(CHANNEL, code)
    product.brings(*EIGHT)
    product.later(minutes=5)
    posted = slack.posted_to(CHANNEL)
    assert len(posted) > 1
    assert {entry.thread for entry in posted} == {""}
    assert all(any(title in entry.text for entry in posted[1:]) for title in EIGHT)
    assert states(product) == []
    assert {one["state"] for one in product.tells("subscriptions")} == {"active"}


def test_papers_come_below_a_head_that_was_deleted(product: Product, slack: FakeSlack) -> None:
    slack.answers("429", after=1, retry_after=120)
    product.brings(*EIGHT)
    product.later(minutes=5)
    (head,) = slack.posted_to(CHANNEL)
    slack.deletes_message(CHANNEL, head.id)
    product.later(minutes=5)
    shown = slack.shown_in(CHANNEL)
    assert all(any(title in text for text in shown) for title in EIGHT)
    assert states(product) == []


def test_thread_whose_root_was_deleted_is_paused_and_the_channel_sees_none_of_it(
    product: Product, slack: FakeSlack
) -> None:
    root = slack.says(CHANNEL, "graphs, please")
    product.runs("subscribe", "graph", "--as", f"slack:{CHANNEL}/{root}", "--when", "now")
    product.brings("A graph of kind 1")
    product.later(minutes=5)
    assert [entry.thread for entry in slack.posted_to(CHANNEL) if "kind 1" in entry.text] == [root]
    slack.deletes_message(CHANNEL, root)
    product.brings("A graph of kind 2")
    product.later(minutes=5)
    assert "kind 2" not in "".join(slack.shown_in(CHANNEL))
    assert states(product) == ["held"]
    assert any("topic of this chat" in text for text in slack.shown_in(CHANNEL)), "the channel is told"
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    assert "Diffusion for maps" in "".join(slack.shown_in(CHANNEL))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Bad Request: SLOWMODE_WAIT_30", 400),
        ("Bad Request: Too Many Requests: retry after 30", 400),
        ("FLOOD_WAIT_7", 420),
    ],
)
def test_a_wait_of_telegram_is_a_wait_whatever_its_number(product: Product, words: str, status: int) -> None:
    product.says("/sub diffusion now")
    product.telegram.answers(no_of_telegram(words, status), times=2)
    product.brings("Diffusion for maps")
    said = [*product.later(minutes=5), *product.later(minutes=5), *product.later(minutes=5)]
    assert ["Diffusion for maps" in one.text for one in said] == [True]


@pytest.mark.parametrize("words", ["message thread not found", "TOPIC_DELETED"])
def test_a_topic_that_a_private_chat_never_had_costs_no_paper(product: Product, words: str) -> None:
    product.says("/sub diffusion now")
    product.telegram.answers(no_of_telegram(f"Bad Request: {words}"))
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    assert product.queries() == ["diffusion"]
    assert "Diffusion for maps" in product.says("/start").text  # whoever writes is there
    product.brings("Diffusion for roads")
    assert "Diffusion for roads" in "".join(one.text for one in product.later(hours=1))


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: inline keyboard button URL 'http://lab:8888/x' is invalid: Wrong HTTP URL",
        "Bad Request: nobody foresaw this",
        "Not Acceptable: MESSAGE_FORM_INVALID",
    ],
)
def test_what_telegram_refuses_comes_plain_and_without_buttons_or_is_dead(product: Product, words: str) -> None:
    refusal = no_of_telegram(words, 400 if words.startswith("Bad Request") else 406)
    product.says("/sub diffusion now")
    product.telegram.answers(refusal)
    product.brings("Diffusion for maps")
    (plain,) = product.later(minutes=5)
    assert "Diffusion for maps" in plain.text
    assert plain.buttons == []
    product.telegram.answers(refusal, times=2)
    product.brings("Diffusion for roads")
    assert product.later(minutes=5) == []
    (dead,) = product.tells("outbox", "--state", "dead")
    assert words.split(": ")[1][:10].lower() in dead["reason"].lower()
    product.brings("Diffusion for woods")
    (whole,) = product.later(minutes=5)
    assert "Diffusion for woods" in whole.text
    assert whole.buttons


def test_a_reply_whose_markup_is_refused_comes_in_its_plain_form(product: Product) -> None:
    product.says("/sub diffusion")
    product.telegram.refuses("Bad Request: can't parse entities: Unsupported start tag")
    (entry,) = product.says("/list").entries
    assert "diffusion" in entry.text
    assert "parse_mode" not in entry.payload


def test_a_reply_that_is_refused_holds_up_no_other(product: Product) -> None:
    product.says("/sub diffusion now")
    product.telegram.refuses("Bad Request: can't parse entities: Unsupported start tag", times=2)
    assert product.says("/list").entries == ()
    assert "A reply did not arrive" in product.round.err
    assert "diffusion" in product.says("/list").text
    product.brings("Diffusion for maps")
    assert ["Diffusion for maps" in one.text for one in product.later(minutes=1)] == [True]


def test_a_reply_waits_as_long_as_telegram_says(product: Product) -> None:
    product.telegram.answers("429", retry_after=40)
    before = product.clock.monotonic()
    assert product.says("/help").text
    assert 40 <= product.clock.monotonic() - before < 60


def test_reply_to_a_chat_that_seems_to_be_gone_comes_a_moment_later(product: Product) -> None:
    product.telegram.refuses("Bad Request: chat not found", times=3)
    assert "/sub" in product.says("/help").text


def test_a_reply_to_a_group_that_has_just_moved_goes_to_its_new_address(product: Product) -> None:
    old, new = "-1005", "-1001000000005"
    product.telegram.knows(old, "group", title="Lab", people={"42": "creator"})
    product.says("/sub diffusion", old, by="42")
    product.telegram.user_writes("/list", old, by="42")
    product.telegram.migrates(old, new)
    assert ["diffusion" in one.text for one in product.listens().entries if one.chat == new] == [True]
    assert product.queries(new) == ["diffusion"]
