"""What refusals of Telegram, Slack and mail servers mean, word by word, and the retry decision after each outcome.

What an answer means that is missing, cut or a wait is told in tests/contract/test_channels.py.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import aiohttp
import aiosmtplib
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from telegram import error as theirs

from bot.platforms.email import read_address
from bot.platforms.email.adapter import Step, outcome_of
from bot.platforms.email.link_pages import Link, Signer
from bot.platforms.receivers import UpdatesConflict
from bot.platforms.slack import client as slack
from bot.platforms.telegram import client as telegram
from subscriptions.model import MessageState, PauseReason
from subscriptions.outbox import retries
from subscriptions.outbox.retries import FIRST_WAIT, Refusals, RetryDecision, Tried
from subscriptions.outcomes import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from tests import tables
from tests.clock import NOON

AFTER_TWO_FAILURES = NOON + 4 * FIRST_WAIT
READY, WAITING, UNCLEAR, DEAD = MessageState.READY, MessageState.WAITING, MessageState.UNCLEAR, MessageState.DEAD


def decided(outcome: NotDelivered, **facts: Any) -> RetryDecision:
    usual: dict[str, Any] = {
        "failures": 2, "plain_tried": False, "was_unclear": False, "on_unclear": "resend", "now": NOON,
    }  # fmt: skip
    return retries.decide_retry(outcome, **usual | facts)


@pytest.mark.parametrize(("failures", "wait"), [(0, 0.5), (4, 8), (5, 15), (1_000_000, 15)])
def test_waiting_doubles_up_to_a_quarter_of_an_hour(failures: int, wait: float) -> None:
    """It is tried forever and never becomes a dead letter."""
    again = NOON + timedelta(minutes=wait)
    assert decided(RetryLater("no answer"), failures=failures).not_before == again
    found_missing = retries.decide_not_found(failures + 2, NOON)
    assert found_missing == RetryDecision(state=WAITING, not_before=again)
    assert retries.decide_not_found(1, NOON) == RetryDecision(state=READY), "it is posted again at once, and once"


@pytest.mark.parametrize(
    ("outcome", "facts", "decision"),
    [
        # our own wait is not added to the one that the platform requests
        (RetryLater("", timedelta(hours=1)), {}, RetryDecision(state=WAITING, not_before=NOON + timedelta(hours=1))),
        (Rejected("", form=True), {}, RetryDecision(state=READY, use_plain=True)),
        (Rejected("", form=True), {"plain_tried": True}, RetryDecision(state=DEAD)),
        (ChatGone(""), {}, RetryDecision(state=READY, pause_chat=True, attempts=0)),
        (ChatGone("", scope="topic"), {}, RetryDecision(state=READY, pause_topic=True, attempts=0)),
        (ChatMoved("", "-100123"), {}, RetryDecision(state=READY, moved_to="-100123")),
        (SenderStopped(""), {}, RetryDecision(state=READY, stops_sender=True)),
        (Unclear(""), {}, RetryDecision(state=UNCLEAR, not_before=AFTER_TWO_FAILURES)),
        (Unclear(""), {"on_unclear": "skip"}, RetryDecision(state=UNCLEAR)),
        # where each copy is seen, a message is posted only once more
        (Unclear(""), {"on_unclear": "once"}, RetryDecision(state=UNCLEAR, not_before=AFTER_TWO_FAILURES)),
        (Unclear(""), {"on_unclear": "once", "was_unclear": True}, RetryDecision(state=DEAD)),
        # an unknown error may mean that the message was sent
        (NotDelivered(""), {}, RetryDecision(state=UNCLEAR, not_before=AFTER_TWO_FAILURES)),
    ],
)
def test_what_follows_from_an_outcome(outcome: NotDelivered, facts: dict[str, Any], decision: RetryDecision) -> None:
    assert decided(outcome, **facts) == decision


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (RetryLater(""), UNCLEAR),
        (Rejected("", form=True), UNCLEAR),
        (ChatGone(""), UNCLEAR),
        (Rejected(""), DEAD),  # the content is refused, so an earlier post was refused as well
    ],
)
def test_a_failed_post_says_nothing_of_an_earlier_one(outcome: NotDelivered, state: MessageState) -> None:
    assert decided(outcome, was_unclear=True) == replace(decided(outcome), state=state)


GONE = Refusals(own=2, lasts=timedelta(days=3))


@pytest.mark.parametrize(
    ("refusals", "hours", "attempts"),  # None: the chat is paused
    [
        (Refusals(), 1, 1),
        (Refusals(own=1, lasts=timedelta(days=9)), 24, 2),  # it waited for something else: two answers are not enough
        (Refusals(own=4, lasts=timedelta(days=2)), 24, 5),
        (GONE, None, 0),
        (GONE._replace(together=frozenset({2}), accepting=20), None, 0),
    ],
)
def test_chat_in_doubt_is_tried_for_days_before_it_is_gone(
    refusals: Refusals, hours: int | None, attempts: int
) -> None:
    decision = decided(ChatGone("no such user", in_doubt=True), refusals=refusals)
    if hours is None:
        assert decision == RetryDecision(state=READY, pause_chat=True, attempts=attempts)
    else:
        again = NOON + timedelta(hours=hours)
        assert decision == RetryDecision(state=WAITING, not_before=again, attempts=attempts)


def minutes_ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def refusing(chat: int, since: float = 1) -> Tried:
    return Tried(chat, refuses_since=minutes_ago(since))


def accepting(chat: int, at: float = 2) -> Tried:
    return Tried(chat, sent_at=minutes_ago(at))


@pytest.mark.parametrize(
    ("others", "is_platform"),
    [
        ([], False),
        ([refusing(2)], True),
        ([refusing(2), accepting(3)], False),  # two of three
        ([refusing(2), refusing(3)], True),
        ([accepting(2), accepting(3), accepting(4)], False),  # one is never the platform
        ([refusing(2), *map(accepting, range(3, 10))], True),  # two of nine
        ([refusing(2), *map(accepting, range(3, 11))], False),  # two of ten
        ([refusing(2), accepting(3, at=70)], True),  # who accepted something long before says nothing
        (
            [refusing(2, since=70), accepting(3, at=65)],
            False,
        ),  # who refuses for longer, though others accepted, neither
        ([refusing(2, since=7_000)], True),  # nobody has accepted anything since
    ],
)
def test_refusal_is_the_platforms_if_enough_chats_give_it(others: list[Tried], *, is_platform: bool) -> None:
    refusals = retries.weigh(others, 1, NOON, NOON)
    decision = decided(ChatGone("chat not found", in_doubt=True), refusals=refusals)
    assert decision.stops_sender is is_platform
    assert decision.pause_chat is False


def test_chat_that_refuses_after_another_accepted_is_refused_alone() -> None:
    for at, is_platform in ((1, False), (90, True)):
        refusals = retries.weigh([refusing(1), refusing(2), accepting(3, at)], 1, minutes_ago(5), NOON)
        assert refusals.are_the_platforms is is_platform


def test_definite_refusal_is_in_doubt_only_where_many_chats_refuse() -> None:
    kicked = ChatGone("bot was kicked")
    few, many = ([refusing(n) for n in range(2, 2 + number)] for number in (2, 3))
    assert decided(kicked, refusals=retries.weigh(few, 1, NOON, NOON)).pause_chat
    assert decided(kicked, refusals=retries.weigh(many, 1, NOON, NOON)).stops_sender
    topic = ChatGone("closed", scope="topic")
    assert decided(topic, refusals=retries.weigh(many, 1, NOON, NOON)).pause_topic


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("says 550: 5.1.1 <a@b.org>: User unknown", "says 550: 5.1.1 <me@lab.org>: User unknown", True),
        ("says 550: User unknown a1b2-3 - gsmtp", "says 550: User unknown c4-5 - gsmtp", True),
        ("says 550: User unknown", "says 551: User unknown", False),
        ("says 550: User unknown", "says 550: Relay denied", False),
    ],
)
def test_a_refusal_is_the_same_whoever_gets_it(one: str, other: str, *, same: bool) -> None:
    assert retries.same_refusal(one, other) is same


# mail servers


@pytest.mark.parametrize(
    ("step", "code", "words", "kind"),
    tables.rows("""
        begin     → 421 → 4.3.2 too many connections                                      → RetryLater
        begin     → 535 → 5.7.8 wrong password                                            → SenderStopped
        sender    → 550 → 5.7.1 not your address                                          → SenderStopped
        recipient → 450 → 4.2.0 greylisted                                                → RetryLater
        content   → 250 → what is this                                                    → RetryLater
        # whatever is said of a recipient is that reader's
        recipient → 552 → 5.2.2 recipient rejected - the mailbox is over quota            → ChatGone
        # what is said of a text is that message's, if it says nothing of the reader, of us or of how much is sent
        content   → 550 → 5.1.1 user unknown                                              → ChatGone
        content   → 550 → 5.7.26 it has neither SPF nor DKIM                              → ChatGone
        content   → 554 → 5.2.252 SendAsDenied; papers may not send as others             → ChatGone
        content   → 554 → 5.2.0 Store.Submission:SubmissionQuotaExceeded                  → ChatGone
        content   → 554 → delivery error: dd me@lab.org is no longer valid. [-20]         → ChatGone
        content   → 550 → 5.4.5 Daily user sending limit exceeded                         → ChatGone
        content   → 550 → the recipient's filter takes it for spam                        → Rejected
        content   → 554 → mails may not contain links to an unknown address               → Rejected
    """),
)
def test_an_answer_means_by_its_step_and_a_few_words(step: Step, code: str, words: str, kind: str) -> None:
    found = outcome_of(aiosmtplib.SMTPResponseException(int(code), words), step)
    assert (type(found).__name__, code in found.reason) == (kind, True)
    assert found.in_doubt if isinstance(found, Rejected | ChatGone) else True


@pytest.mark.parametrize("error", [aiosmtplib.SMTPServerDisconnected("x"), aiosmtplib.SMTPReadTimeoutError("x"), OSError("x")])  # fmt: skip
def test_a_break_before_the_content_is_certainly_not_sent(error: Exception) -> None:
    assert [type(outcome_of(error, step)) for step in ("recipient", "content")] == [RetryLater, Unclear]


@pytest.mark.parametrize(("code", "hint"), [(62, False), (18, True), (19, True), (20, True)])
def test_certificate_of_an_unknown_authority_names_the_variable(code: int, *, hint: bool) -> None:
    error = ssl.SSLCertVerificationError("x")
    error.verify_code, error.verify_message = code, "unable to get local issuer certificate."
    hidden = aiosmtplib.SMTPConnectError("x")
    hidden.__cause__ = error
    reason = outcome_of(hidden, "begin").reason
    assert ("local issuer" in reason, "SSL_CERT_FILE" in reason) == (True, hint)


def test_a_certificate_and_a_server_without_tls_stop_the_sender() -> None:
    hidden = aiosmtplib.SMTPConnectError("x")
    hidden.__cause__ = ssl.SSLCertVerificationError("x")
    for error in (hidden, aiosmtplib.SMTPNotSupported("x")):
        assert type(outcome_of(error, "begin")) is SenderStopped


@pytest.mark.parametrize("text", ["me", "a b@lab.org", "me@lab.org, you@lab.org", "é@lab.org", "me@lab.org\nBcc: you@lab.org", f"{'a' * 65}@lab.org"])  # fmt: skip
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


def test_a_link_is_read_back_and_no_other_is() -> None:
    signer, other = Signer("k" * 64, "https://x.org"), Signer("l" * 64, "https://x.org")
    link = Link(7, "email:me@lab.org", "press", "d5.c3.s", "收藏")
    token = signer.token(link)
    assert signer.read(token) == link
    assert other.read(token) is None
    for wrong in ("", ".", token[1:], token + "A", token.replace(".", ""), "é.é"):
        assert signer.read(wrong) is None


# Telegram and Slack


def network(cause: BaseException, kind: type[Exception] = theirs.NetworkError) -> Exception:
    """Returns the library's error after an error of httpx."""
    error = kind(type(cause).__name__)
    error.__cause__ = cause
    return error


def no_of_telegram(text: str) -> Exception:
    statuses = {"Forbidden": 403, "Bad Request": 400}
    return telegram.Refusal(statuses.get(text.partition(":")[0], 406), text)


UNCLEAR_AT_TELEGRAM = [theirs.TimedOut(), Exception("something that nobody foresaw")]
NO_RIGHTS = {"pause_reason": PauseReason.NO_RIGHTS, "in_doubt": True}
Meaning = tuple[Exception, type[NotDelivered], Mapping[str, object]]
AT_TELEGRAM: list[Meaning] = [
    (network(httpx.ConnectTimeout("x"), theirs.TimedOut), RetryLater, {}),
    (network(httpx.PoolTimeout("x"), theirs.TimedOut), RetryLater, {}),
    (network(httpx.ProxyError("407 Proxy Authentication Required")), RetryLater, {}),
    (telegram.Refusal(403), RetryLater, {}),  # of something on the way, such as a proxy
    *((error, Unclear, {}) for error in UNCLEAR_AT_TELEGRAM),
    (telegram.Refusal(429, "Too Many Requests", {"retry_after": 86_400}), RetryLater, {"after": timedelta(seconds=86_400.5)}),
    *((telegram.Refusal(429, "Too Many Requests", {"retry_after": wait}), RetryLater, {"after": timedelta(seconds=5)}) for wait in (10**12, 1e300, -1, "soon")),
    *(
        (no_of_telegram(text), ChatGone, {"scope": "chat", "in_doubt": doubt == "in doubt"})
        for text, doubt in tables.rows("""
            Forbidden: bot was blocked by the user                 → definite
            Forbidden: bot can't initiate conversation with a user → definite
            Bad Request: chat not found                            → in doubt
            Bad Request: PEER_ID_INVALID                           → in doubt
            Bad Request: CHAT_ADMIN_REQUIRED                       → in doubt
            Bad Request: CHAT_SEND_PLAIN_FORBIDDEN                 → in doubt
            Bad Request: CHANNEL_PRIVATE                           → in doubt
            Bad Request: group chat was upgraded                   → in doubt
            Bad Request: USER_IS_BLOCKED                           → definite
            Bad Request: INPUT_USER_DEACTIVATED                    → definite
            Bad Request: group chat was deactivated                → definite
        """)
    ),
    (no_of_telegram("Bad Request: not enough rights to send text messages to the chat"), ChatGone, NO_RIGHTS),
    (no_of_telegram("Forbidden: CHAT_WRITE_FORBIDDEN"), ChatGone, NO_RIGHTS),
    (no_of_telegram("Bad Request: TOPIC_CLOSED"), ChatGone, {"scope": "topic"}),
    (no_of_telegram("Bad Request: not enough rights to send documents to the chat"), Rejected, {"form": True}),
    (no_of_telegram("Bad Request: USER_ID_INVALID"), Rejected, {"form": True}),
    (network(UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")), Rejected, {"form": True}),
    (no_of_telegram("Bad Request: message to edit not found"), Rejected, {"form": False}),
    (telegram.Refusal(401, "Unauthorized"), SenderStopped, {}),
    (network(httpx.InvalidURL("x")), SenderStopped, {}),
    (
        telegram.Refusal(400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -1001234567890}),
        ChatMoved,
        {"address": "-1001234567890"},
    ),
]  # fmt: skip


def said(code: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> SlackApiError:
    """Returns the error for a JSON answer that is not ok."""
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data=cast("Any", {"ok": False, "error": code, **more}),
        headers=dict(headers or {}),
        status_code=status,
    )
    return SlackApiError("The request to the Slack API failed.", response)  # type: ignore[no-untyped-call]


NOT_SENT_TO_SLACK = aiohttp.ConnectionTimeoutError("Connection timeout to host")
UNCLEAR_AT_SLACK = [aiohttp.ServerDisconnectedError(), said("internal_error"), said("duplicate_channel_not_found")]
TOO_MANY_ITEMS: dict[str, Any] = {"response_metadata": {"messages": ["[ERROR] no more than 50 items allowed"]}}
AT_SLACK: list[Meaning] = [
    (NOT_SENT_TO_SLACK, RetryLater, {}),
    *((error, Unclear, {}) for error in UNCLEAR_AT_SLACK),
    (said("channel_not_found", status=503), Unclear, {}),
    (said("rate_limited", headers={"Retry-After": "0"}), RetryLater, {"after": timedelta(seconds=1)}),
    (said("ratelimited", status=429, headers={"Retry-After": "9" * 5000}), RetryLater, {"after": timedelta(seconds=30)}),
    (said("message_limit_exceeded"), RetryLater, {"after": timedelta(hours=1)}),
    (said("not_in_channel", secret="the whole body"), ChatGone, {"scope": "chat", "in_doubt": False}),
    (said("is_archived"), ChatGone, {"in_doubt": False}),
    (said("channel_not_found"), ChatGone, {"in_doubt": True}),
    (said("restricted_action_read_only_channel"), ChatGone, NO_RIGHTS),
    (said("restricted_action_thread_locked"), ChatGone, {"scope": "topic"}),
    (said("invalid_blocks", **TOO_MANY_ITEMS), Rejected, {"form": True}),
    (said("message_not_found"), Rejected, {"form": False}),
    (said("cant_update_message"), Rejected, {"form": False}),
    (said("invalid_auth"), SenderStopped, {}),
    (said("missing_scope", needed="chat:write"), SenderStopped, {}),
    (said("team_access_not_granted"), SenderStopped, {}),
    (aiohttp.NonHttpUrlClientError("ftp://x"), SenderStopped, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("client", "error", "kind", "facts"),
    [
        *(pytest.param(telegram, *row, id=repr(row[0])) for row in AT_TELEGRAM),
        *(pytest.param(slack, *row, id=f"{type(row[0]).__name__}: {row[0]}"[:90]) for row in AT_SLACK),
    ],
)
def test_what_an_error_means(
    client: Any, error: Exception, kind: type[NotDelivered], facts: Mapping[str, object]
) -> None:
    result = client.outcome(error)
    assert (type(result), {name: getattr(result, name) for name in facts}) == (kind, facts)
    assert 0 < len(result.reason) < 300
    assert not any(unwanted in result.reason for unwanted in ("\n", "<html>", "the whole body"))
    assert client.outcome(result) is result, "an outcome stays what it is"


@pytest.mark.parametrize("client", [telegram, slack])
def test_each_word_of_a_refusal_is_read_by_its_own_row(client: Any) -> None:
    rows = [pattern for pattern, *_ in client._MEANINGS]
    words = [(row, word) for row in rows for word in re.findall(r"\w[\w ]{4,}", row) if re.fullmatch(row, word)]
    assert len(words) > 15
    for row, word in words:
        assert next(one for one in rows if re.fullmatch(one, word.lower())) == row, word


@pytest.mark.parametrize(
    ("code", "words"), [("not_in_channel", "/invite @paperwire"), ("missing_scope", "needs chat:write"), ("x", "no more than 50 items")]
)  # fmt: skip
def test_a_refusal_of_slack_says_what_helps(code: str, words: str) -> None:
    needed: dict[str, Any] = {"needed": "chat:write"} if code == "missing_scope" else {}
    assert words in slack.outcome(said(code, **needed, **TOO_MANY_ITEMS)).reason


@pytest.mark.parametrize(
    ("outcome", "error", "kind"),
    [
        (telegram.outcome_of_question, UNCLEAR_AT_TELEGRAM[0], RetryLater),
        (telegram.outcome_of_question, telegram.Refusal(401, "Unauthorized"), SenderStopped),
        (telegram.outcome_of_question, telegram.Refusal(409, "Conflict"), UpdatesConflict),
        (slack.outcome_of_question, UNCLEAR_AT_SLACK[0], RetryLater),
        (slack.outcome_of_question, said("missing_scope"), Rejected),  # of one method, and not of the token
        (slack.outcome_of_question, said("invalid_auth"), SenderStopped),
        (slack.outcome_of_question, said("not_in_channel"), ChatGone),
    ],
)
def test_where_nothing_was_posted_nothing_is_unclear(
    outcome: Callable[[Exception], Exception], error: Exception, kind: type[Exception]
) -> None:
    assert isinstance(outcome(error), kind)
