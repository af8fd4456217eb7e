"""What the answers of Telegram, Slack and mail servers mean, row by row, with the exceptions that their libraries raise; the retry
decision after each outcome; and which texts are addresses.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import aiosmtplib
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from telegram import error as theirs
from yarl import URL

from bot.platforms.email import read_address
from bot.platforms.email.adapter import Step, outcome_of
from bot.platforms.email.links import Link, Signer
from bot.platforms.receivers import UpdatesConflict
from bot.platforms.slack import client as slack
from bot.platforms.telegram import client as telegram
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.planning import retries
from subscriptions.planning.retries import FIRST_WAIT, Refusals, RetryDecision
from subscriptions.states import MessageState, PauseReason
from tests import tables
from tests.clock import NOON

AFTER_TWO_FAILURES = NOON + 4 * FIRST_WAIT


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def decided(outcome: NotDelivered, **facts: Any) -> RetryDecision:
    usual: dict[str, Any] = {
        "failures": 2,
        "plain_tried": False,
        "was_unclear": False,
        "on_unclear": "resend",
        "now": NOON,
    }
    return retries.decide_retry(outcome, **usual | facts)


@pytest.mark.parametrize(("failures", "wait"), [(0, 0.5), (4, 8), (5, 15), (1_000_000, 15)])
def test_waiting_doubles_up_to_a_quarter_of_an_hour(failures: int, wait: float) -> None:
    """It is tried forever and never becomes a dead letter."""
    assert decided(RetryLater("no answer"), failures=failures).not_before == NOON + minutes(wait)


@pytest.mark.parametrize(
    ("outcome", "decision"),
    [
        (RetryLater("why"), RetryDecision(state=MessageState.WAITING, not_before=AFTER_TWO_FAILURES)),
        # our own wait is not added to the one that the platform requests
        (RetryLater("why", minutes(60)), RetryDecision(state=MessageState.WAITING, not_before=NOON + minutes(60))),
        (Unclear("why"), RetryDecision(state=MessageState.UNCLEAR, not_before=AFTER_TWO_FAILURES)),
        (Rejected("why"), RetryDecision(state=MessageState.DEAD)),
        (Rejected("why", form=True), RetryDecision(state=MessageState.READY, use_plain=True)),
        (ChatGone("why"), RetryDecision(state=MessageState.READY, pause_chat=True, attempts=0)),
        (ChatGone("why", scope="topic"), RetryDecision(state=MessageState.READY, pause_topic=True, attempts=0)),
        (ChatMoved("why", "-100123"), RetryDecision(state=MessageState.READY, moved_to="-100123")),
        (SenderStopped("why"), RetryDecision(state=MessageState.READY, stops_sender=True)),
        # an unknown error may mean that the message was sent
        (NotDelivered("why"), RetryDecision(state=MessageState.UNCLEAR, not_before=AFTER_TWO_FAILURES)),
    ],
)
def test_what_follows_from_an_outcome(outcome: NotDelivered, decision: RetryDecision) -> None:
    assert decided(outcome) == decision


@pytest.mark.parametrize(("on_unclear", "not_before"), [("resend", NOON + FIRST_WAIT), ("skip", None)])
def test_an_unclear_message_is_resent_unless_told_to_skip(
    on_unclear: retries.OnUnclear, not_before: datetime | None
) -> None:
    decision = RetryDecision(state=MessageState.UNCLEAR, not_before=not_before)
    assert decided(Unclear("why"), failures=0, on_unclear=on_unclear) == decision


def test_where_each_copy_is_seen_a_message_is_posted_only_once_more() -> None:
    again = RetryDecision(state=MessageState.UNCLEAR, not_before=AFTER_TWO_FAILURES)
    assert decided(Unclear("why"), on_unclear="once") == again
    assert decided(Unclear("why"), on_unclear="once", was_unclear=True) == RetryDecision(state=MessageState.DEAD)
    assert decided(RetryLater("why"), on_unclear="once", was_unclear=True) == again


@pytest.mark.parametrize("failures", [0, 1])
def test_what_was_not_found_is_posted_again_at_once(failures: int) -> None:
    assert retries.decide_not_found(failures, NOON) == RetryDecision(state=MessageState.READY)


@pytest.mark.parametrize("failures", [2, 7, 1_000_000])
def test_later_it_waits_as_long_as_after_failures(failures: int) -> None:
    waits = decided(RetryLater("why"), failures=failures - 2).not_before
    decision = RetryDecision(state=MessageState.WAITING, not_before=waits)
    assert retries.decide_not_found(failures, NOON) == decision


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (RetryLater("why"), MessageState.UNCLEAR),
        (Rejected("why", form=True), MessageState.UNCLEAR),
        (ChatGone("why"), MessageState.UNCLEAR),
        (SenderStopped("why"), MessageState.UNCLEAR),
        (Rejected("why"), MessageState.DEAD),  # the content is refused, so an earlier post was refused as well
    ],
)
def test_a_failed_post_says_nothing_of_an_earlier_one(outcome: NotDelivered, state: MessageState) -> None:
    assert decided(outcome, was_unclear=True) == replace(decided(outcome), state=state)


def test_a_message_whose_plain_form_is_refused_too_is_dead() -> None:
    refused = Rejected("still bad", form=True)
    assert decided(refused, plain_tried=True) == RetryDecision(state=MessageState.DEAD)


GONE = Refusals(own=2, waited=timedelta(days=3))


@pytest.mark.parametrize(
    ("refusals", "hours", "attempts"),  # None: the chat is paused
    [
        (Refusals(), 1, 1),
        (Refusals(own=1, waited=timedelta(hours=1)), 24, 2),
        (Refusals(own=1, waited=timedelta(days=9)), 24, 2),  # it waited for something else: two answers are not enough
        (Refusals(own=4, waited=timedelta(days=2)), 24, 5),
        (GONE, None, 0),
        (replace(GONE, elsewhere=1), None, 0),
        (replace(GONE, elsewhere=2, since_sent=timedelta(hours=20)), None, 0),  # who is refused is gone, not the sender
        (replace(GONE, elsewhere=2, since_sent=timedelta(days=2)), 1, 3),
        (replace(GONE, elsewhere=2), 1, 3),
    ],
)
def test_who_is_refused_is_tried_again_for_days(refusals: Refusals, hours: int | None, attempts: int) -> None:
    decision = decided(ChatGone("no such user", in_doubt=True), refusals=refusals)
    if hours is None:
        assert decision == RetryDecision(state=MessageState.READY, pause_chat=True, attempts=attempts)
    else:
        again = NOON + timedelta(hours=hours)
        assert decision == RetryDecision(state=MessageState.WAITING, not_before=again, attempts=attempts)


@pytest.mark.parametrize("outcome", [ChatGone("why", in_doubt=True), Rejected("why", form=True, in_doubt=True)])
def test_what_three_chats_get_in_a_row_is_the_senders(outcome: NotDelivered) -> None:
    row = Refusals(own=2, waited=timedelta(days=2), in_a_row=2, elsewhere=2)
    stopped = RetryDecision(
        state=MessageState.WAITING, not_before=NOON + timedelta(hours=1), stops_sender=True, attempts=2
    )
    assert decided(outcome, plain_tried=True, refusals=row) == stopped
    assert decided(outcome, plain_tried=True, refusals=replace(row, in_a_row=1)).stops_sender is False


def test_one_of_the_texts_that_everybody_refuses_is_given_up_to_see_whether_it_is_the_text() -> None:
    row = Refusals(own=2, waited=timedelta(days=3), in_a_row=2, elsewhere=2)
    assert decided(Rejected("why", in_doubt=True), refusals=row) == RetryDecision(state=MessageState.DEAD)
    assert decided(Rejected("why", in_doubt=True), refusals=replace(row, given_up=True)).stops_sender is True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("says 550: 5.1.1 <a@b.org>: User unknown", "says 550: 5.1.1 <me@lab.org>: User unknown", True),
        ("says 550: User unknown a1b2-3 - gsmtp", "says 550: User unknown c4-5 - gsmtp", True),
        ("says 550: User unknown", "says 551: User unknown", False),
        ("says 550: User unknown", "says 550: Relay denied", False),
        ("", "says 550: User unknown", False),
    ],
)
def test_a_refusal_is_the_same_whoever_gets_it(one: str, other: str, *, same: bool) -> None:
    assert retries.same_refusal(one, other) is same


@pytest.mark.parametrize(
    ("step", "code", "words", "kind"),
    tables.rows("""
        begin     → 421 → 4.3.2 too many connections                                      → RetryLater
        begin     → 535 → 5.7.8 wrong password                                            → SenderStopped
        sender    → 451 → 4.7.1 greylisted                                                → RetryLater
        sender    → 550 → 5.7.1 not your address                                          → SenderStopped
        recipient → 450 → 4.2.0 greylisted                                                → RetryLater
        content   → 250 → what is this                                                    → RetryLater
        # whatever is said of a recipient is that reader's
        recipient → 550 → 5.1.1 no such user                                              → ChatGone
        recipient → 552 → 5.2.2 recipient rejected - the mailbox is over quota            → ChatGone
        content   → 550 → 5.7.26 it has neither SPF nor DKIM                              → ChatGone
        content   → 554 → 5.2.252 SendAsDenied; papers may not send as others             → ChatGone
        # what is said of a text is that message's, if it says nothing of the reader, of us or of how much is sent
        content   → 550 → 5.1.1 user unknown                                              → ChatGone
        content   → 554 → 5.2.0 Store.Submission:SubmissionQuotaExceeded                  → ChatGone
        content   → 554 → delivery error: dd me@lab.org is no longer valid. [-20]         → ChatGone
        content   → 550 → 5.4.5 Daily user sending limit exceeded                         → ChatGone
        content   → 552 → the size exceeds the limit                                      → Rejected
        content   → 550 → the recipient's filter takes it for spam                        → Rejected
        content   → 554 → mails may not contain links to an unknown address               → Rejected
    """),
)
def test_an_answer_means_by_its_step_and_a_few_words(step: Step, code: str, words: str, kind: str) -> None:
    found = outcome_of(aiosmtplib.SMTPResponseException(int(code), words), step)
    assert type(found).__name__ == kind
    assert code in found.reason
    if isinstance(found, Rejected):
        assert found.form
    if isinstance(found, Rejected | ChatGone):
        assert found.in_doubt


@pytest.mark.parametrize("step", ["begin", "sender", "recipient"])
@pytest.mark.parametrize(
    "error", [aiosmtplib.SMTPServerDisconnected("x"), aiosmtplib.SMTPReadTimeoutError("x"), OSError("x")]
)
def test_a_break_before_the_content_is_certainly_not_sent(step: Step, error: Exception) -> None:
    assert type(outcome_of(error, step)) is RetryLater
    assert type(outcome_of(error, "content")) is Unclear


def test_a_certificate_and_a_server_without_tls_stop_the_sender() -> None:
    assert type(outcome_of(ssl.SSLCertVerificationError("x"), "begin")) is SenderStopped
    hidden = aiosmtplib.SMTPConnectError("x")
    hidden.__cause__ = ssl.SSLCertVerificationError("x")
    assert type(outcome_of(hidden, "begin")) is SenderStopped
    assert type(outcome_of(aiosmtplib.SMTPNotSupported("x"), "begin")) is SenderStopped


@pytest.mark.parametrize("text", ["me@lab.org", "A.B+papers@Mail.Lab.org", " x_y@a-b.co ", "o'neill@lab.org"])
def test_an_address_is_read_in_lower_case(text: str) -> None:
    found = read_address(text)
    assert found is not None
    assert found.address == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "me",
        "a b@lab.org",
        "me@lab.org, you@lab.org",
        "é@lab.org",
        "me@lab.org\nBcc: you@lab.org",
        "<me@lab.org>",
        f"{'a' * 65}@lab.org",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


def test_a_link_is_read_back_and_no_other_is() -> None:
    signer, other = Signer("k" * 64, "https://x.org"), Signer("l" * 64, "https://x.org")
    link = Link(7, "email:me@lab.org", "press", "d5.c3.s", "收藏")
    token = signer.token(link)
    assert signer.read(token) == link
    assert signer.url(token) == f"https://x.org/mail?link={token}"
    assert other.read(token) is None
    assert [signer.read(wrong) for wrong in ("", ".", token[1:], token + "A", token.replace(".", ""), "é.é")] == [
        None
    ] * 6


def network(cause: BaseException, kind: type[Exception] = theirs.NetworkError) -> Exception:
    """Returns the library's error after an error of httpx."""
    error = kind(type(cause).__name__)
    error.__cause__ = cause
    return error


def page(status: int) -> Exception:
    """Returns the error for an answer of something on the way, such as a proxy."""
    return telegram.Refusal(status)


def answers(table: str) -> list[Exception]:
    """Returns the errors for refusals of Telegram, each in a line."""
    statuses = {"Forbidden": 403, "Bad Request": 400}
    return [telegram.Refusal(statuses.get(text.partition(":")[0], 406), text) for text in tables.lines(table)]


def too_many(**parameters: object) -> Exception:
    return telegram.Refusal(429, "Too Many Requests", parameters)


UNCLEAR_AT_TELEGRAM = [
    network(httpx.ReadTimeout("x"), theirs.TimedOut),
    theirs.TimedOut(),
    network(TimeoutError()),
    network(httpx.RemoteProtocolError("Server disconnected")),
    network(ValueError("Expecting value"), theirs.TelegramError),
    KeyError("result"),
    Exception("something that nobody foresaw"),
    telegram.Refusal(500, "Internal Server Error"),
]

AT_TELEGRAM: list[tuple[type[NotDelivered], Mapping[str, object], list[Exception]]] = [
    (
        RetryLater,
        {},
        [
            network(httpx.ConnectError("Connection refused")),
            network(httpx.ProxyError("407 Proxy Authentication Required")),
            network(httpx.ConnectTimeout("x"), theirs.TimedOut),
            network(httpx.PoolTimeout("x"), theirs.TimedOut),
            *(page(status) for status in (302, 400, 401, 403, 404, 407, 413)),
        ],
    ),
    (Unclear, {}, UNCLEAR_AT_TELEGRAM),
    *(
        (RetryLater, {"after": timedelta(seconds=seconds)}, [error])
        for error, seconds in {
            too_many(retry_after=3): 3.5,
            too_many(retry_after=2.25): 2.75,
            too_many(retry_after=86_400): 86_400.5,
            too_many(retry_after="soon"): 5,
            too_many(retry_after=0): 5,
            too_many(): 5,
            page(429): 5,
        }.items()
    ),
    (
        ChatGone,
        {"scope": "chat"},
        answers("""
            Forbidden: bot was blocked by the user
            Forbidden: user is deactivated
            Forbidden: bot can't initiate conversation with a user
            Bad Request: chat not found
            Bad Request: PEER_ID_INVALID
            Bad Request: need administrator rights in the channel chat
            Bad Request: have no rights to send a message
            Bad Request: CHAT_WRITE_FORBIDDEN
            Bad Request: CHAT_RESTRICTED
            Bad Request: CHAT_ADMIN_REQUIRED
            Bad Request: CHAT_SEND_PLAIN_FORBIDDEN
            Bad Request: CHANNEL_PRIVATE
            Bad Request: USER_IS_BLOCKED
            Bad Request: USER_BANNED_IN_CHANNEL
            Bad Request: INPUT_USER_DEACTIVATED
            Bad Request: group chat was deactivated
            Bad Request: group chat was upgraded to a supergroup chat
        """),
    ),
    (
        ChatGone,
        {"pause_reason": PauseReason.NO_RIGHTS},
        answers("""
            Bad Request: not enough rights to send text messages to the chat
            Forbidden: CHAT_WRITE_FORBIDDEN
        """),
    ),
    (
        ChatGone,
        {"scope": "topic"},
        answers("""
            Bad Request: message thread not found
            Bad Request: TOPIC_CLOSED
        """),
    ),
    (
        Rejected,
        {"form": True},
        [
            *answers("""
                Bad Request: can't parse entities: Unsupported start tag "p" at byte offset 0
                Bad Request: not enough rights to send documents to the chat
                Bad Request: CHAT_SEND_DOCS_FORBIDDEN
                Bad Request: USER_ID_INVALID
                Bad Request: something that Telegram will invent next year
                Not Acceptable: a status that Telegram will invent next year
            """),
            network(UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")),
        ],
    ),
    (
        Rejected,
        {"form": False},
        answers("""
            Bad Request: message to edit not found
        """),
    ),
    (
        SenderStopped,
        {},
        [
            telegram.Refusal(401, "Unauthorized"),
            telegram.Refusal(404, "Not Found"),
            network(httpx.InvalidURL("x")),
            network(httpx.UnsupportedProtocol("x")),
        ],
    ),
    (
        ChatMoved,
        {"address": "-1001234567890"},
        [
            telegram.Refusal(
                400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": -1001234567890}
            )
        ],
    ),
]


def said(code: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: object) -> SlackApiError:
    """Returns the error for a JSON answer that is not ok."""
    return answered({"ok": False, "error": code, **more}, status, headers)


def answered(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> SlackApiError:
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data=cast("Any", data),
        headers=dict(headers or {}),
        status_code=status,
    )
    return SlackApiError("The request to the Slack API failed.", response)  # type: ignore[no-untyped-call]


def broken_json(status: int) -> SlackApiError:
    """Returns the error for invalid JSON, whose response comes from aiohttp."""
    return SlackApiError("broken", SimpleNamespace(status=status, headers={}))  # type: ignore[no-untyped-call]


KEY = cast("Any", SimpleNamespace(host="example.org", port=443, is_ssl=True, ssl=True))
NOT_SENT_TO_SLACK: list[Exception] = [
    aiohttp.ClientConnectorError(KEY, OSError(111, "Connection refused")),
    aiohttp.ClientConnectorCertificateError(KEY, OSError(1, "self-signed certificate")),
    aiohttp.ClientProxyConnectionError(KEY, OSError(111, "Connection refused")),
    aiohttp.ConnectionTimeoutError("Connection timeout to host"),
]
UNCLEAR_AT_SLACK = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "Connection reset by peer"),
    aiohttp.ClientPayloadError("Response payload is not completed"),
    TimeoutError(),
    TypeError("'ClientResponse' object is not subscriptable"),
    Exception("something that nobody foresaw"),
    answered({}, 500),
    answered({}, 200),
    answered([], 200),
    broken_json(200),
    said("channel_not_found", status=503),
    said("internal_error"),
    said("duplicate_channel_not_found"),
]
REFUSED_TOKEN = [
    "invalid_auth",
    "missing_scope",
]
REFUSED_WORKSPACE = [
    "team_access_not_granted",
    "ekm_access_denied",
]

AT_SLACK: list[tuple[type[NotDelivered], Mapping[str, object], str, Sequence[Exception]]] = [
    (RetryLater, {}, "", NOT_SENT_TO_SLACK),
    (Unclear, {}, "", UNCLEAR_AT_SLACK),
    *(
        (RetryLater, {"after": timedelta(seconds=seconds)}, "", [error])
        for error, seconds in [
            (said("ratelimited", status=429, headers={"Retry-After": "7"}), 7),
            (said("rate_limited", headers={"Retry-After": "7"}), 7),
            (said("ratelimited", status=429), 30),
            (said("ratelimited", status=429, headers={"Retry-After": "soon"}), 30),
            (said("ratelimited", status=429, headers={"Retry-After": "0"}), 1),
            (said("ratelimited", status=429, headers={"Retry-After": "9" * 5000}), 30),
            (answered({}, 429), 30),
            (broken_json(429), 30),
        ]
    ),
    *(
        (RetryLater, {"after": timedelta(hours=1)}, code, [said(code)])
        for code in ("message_limit_exceeded", "external_channel_migrating")
    ),
    *(
        (ChatGone, {"scope": "chat"}, code, [said(code, secret="the whole body")])
        for code in [
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "restricted_action_read_only_channel",
            "user_not_found",
        ]
    ),
    (ChatGone, {"scope": "chat"}, "/invite @paperwire", [said("not_in_channel")]),
    (ChatGone, {"scope": "topic"}, "", [said("restricted_action_thread_locked")]),
    *(
        (
            Rejected,
            {"form": True},
            "no more than 50 items",
            [said(code, response_metadata={"messages": ["[ERROR] no more than 50 items allowed"]})],
        )
        for code in [
            "invalid_blocks",
            "an_error_that_slack_will_invent_next_year",
        ]
    ),
    (
        Rejected,
        {"form": False},
        "",
        [said(code) for code in ["message_not_found", "edit_window_closed"]],
    ),
    (SenderStopped, {}, "", [said(code) for code in REFUSED_TOKEN]),
    (SenderStopped, {}, "needs chat:write", [said("missing_scope", needed="chat:write")]),
    (SenderStopped, {}, "", [said(code) for code in REFUSED_WORKSPACE]),
    (SenderStopped, {}, "", [aiohttp.NonHttpUrlClientError("ftp://x"), aiohttp.InvalidURL(URL("http:"))]),
]


@pytest.mark.parametrize(
    ("error", "kind", "facts", "words", "client"),
    [
        *(
            pytest.param(error, kind, facts, "", telegram, id=repr(error))
            for kind, facts, raised in AT_TELEGRAM
            for error in raised
        ),
        *(
            pytest.param(error, kind, facts, words, slack, id=f"{type(error).__name__}: {error}"[:90])
            for kind, facts, words, raised in AT_SLACK
            for error in raised
        ),
    ],
)
def test_what_an_error_means(
    error: Exception, kind: type[NotDelivered], facts: Mapping[str, object], words: str, client: Any
) -> None:
    result = client.outcome(error)
    assert (type(result), {name: getattr(result, name) for name in facts}) == (kind, facts)
    assert words in result.reason
    assert 0 < len(result.reason) < 300
    assert not any(unwanted in result.reason for unwanted in ("\n", "<html>", "the whole body"))
    assert client.outcome(result) is result, "an outcome stays what it is"


MAY_NOT_READ = {"missing_scope", "ekm_access_denied"}


@pytest.mark.parametrize(
    ("outcome", "error", "kind"),
    [
        *((telegram.outcome_of_question, error, RetryLater) for error in UNCLEAR_AT_TELEGRAM[:2]),
        (telegram.outcome_of_question, telegram.Refusal(401, "Unauthorized"), SenderStopped),
        (telegram.outcome_of_question, telegram.Refusal(409, "Conflict"), UpdatesConflict),
        *((slack.certain_outcome, error, RetryLater) for error in UNCLEAR_AT_SLACK[:2]),
        *((slack.certain_outcome, said(code), SenderStopped) for code in REFUSED_TOKEN),
        *((slack.outcome_of_question, error, RetryLater) for error in [UNCLEAR_AT_SLACK[0], NOT_SENT_TO_SLACK[0]]),
        # what one method is not allowed says nothing of the token
        *((slack.outcome_of_question, said(code), Rejected) for code in [*sorted(MAY_NOT_READ), "unknown"]),
        *(
            (slack.outcome_of_question, said(code), SenderStopped)
            for code in sorted({*REFUSED_TOKEN, *REFUSED_WORKSPACE} - MAY_NOT_READ)
        ),
        *((slack.outcome_of_question, said(code), ChatGone) for code in ("not_in_channel", "user_not_found")),
    ],
)
def test_where_nothing_was_posted_nothing_is_unclear(
    outcome: Callable[[Exception], Exception], error: Exception, kind: type[Exception]
) -> None:
    assert isinstance(outcome(error), kind)
