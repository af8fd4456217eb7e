"""The retry decision after each outcome, the meaning of a mail server's answer, and which texts are addresses."""

import ssl
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiosmtplib
import pytest

from bot.platforms.email import read_address
from bot.platforms.email.adapter import Step, outcome_of
from bot.platforms.email.markup import Link, Signer
from subscriptions import errors
from subscriptions.planning import decision as decisions
from subscriptions.states import MessageState
from tests.make import NOON


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def decided(outcome: errors.NotDelivered, **facts: Any) -> decisions.RetryDecision:
    usual: dict[str, Any] = {
        "failures": 2,
        "plain_tried": False,
        "was_unclear": False,
        "on_unclear": "resend",
        "now": NOON,
    }
    return decisions.decide_retry(outcome, **usual | facts)


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 0.5), (1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 15), (1_000_000, 15)]
)
def test_waiting_doubles_up_to_a_quarter_of_an_hour(failures: int, wait: float) -> None:
    """It is tried forever and never becomes a dead letter."""
    assert decided(errors.RetryLater("no answer"), failures=failures).not_before == NOON + minutes(wait)


@pytest.mark.parametrize(
    ("outcome", "decision"),
    [
        (errors.RetryLater("why"), decisions.RetryDecision(state=MessageState.WAITING, not_before=NOON + minutes(2))),
        # a wait that the platform requests holds the lane by the machine's clock; our own wait is not added
        (
            errors.RetryLater("why", minutes(60)),
            decisions.RetryDecision(state=MessageState.WAITING, pauses_lane=minutes(60)),
        ),
        (errors.Unclear("why"), decisions.RetryDecision(state=MessageState.UNCLEAR, not_before=NOON + minutes(2))),
        (errors.Rejected("why"), decisions.RetryDecision(state=MessageState.DEAD)),
        (errors.Rejected("why", form=True), decisions.RetryDecision(state=MessageState.READY, use_plain=True)),
        (errors.ChatGone("why"), decisions.RetryDecision(state=MessageState.READY, pause_chat=True)),
        (errors.ChatGone("why", scope="topic"), decisions.RetryDecision(state=MessageState.READY, pause_topic=True)),
        (errors.ChatMoved("why", "-100123"), decisions.RetryDecision(state=MessageState.READY, moved_to="-100123")),
        (errors.SenderStopped("why"), decisions.RetryDecision(state=MessageState.READY, stop="token")),
        (
            errors.SenderStopped("why", scope="workspace"),
            decisions.RetryDecision(state=MessageState.READY, stop="workspace"),
        ),
        # an unknown error may mean that the message was sent
        (errors.NotDelivered("why"), decisions.RetryDecision(state=MessageState.UNCLEAR, not_before=NOON + minutes(2))),
    ],
)
def test_what_follows_from_an_outcome(outcome: errors.NotDelivered, decision: decisions.RetryDecision) -> None:
    assert decided(outcome) == decision


@pytest.mark.parametrize(("on_unclear", "not_before"), [("resend", NOON + minutes(0.5)), ("skip", None)])
def test_an_unclear_message_is_resent_unless_told_to_skip(
    on_unclear: decisions.OnUnclear, not_before: datetime | None
) -> None:
    decision = decisions.RetryDecision(state=MessageState.UNCLEAR, not_before=not_before)
    assert decided(errors.Unclear("why"), failures=0, on_unclear=on_unclear) == decision


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, None), (1, None), (2, 0.5), (3, 1), (6, 8), (7, 15), (1_000_000, 15)]
)
def test_what_was_not_found_is_posted_again_ever_more_rarely(failures: int, wait: float | None) -> None:
    waits = decisions.RetryDecision(state=MessageState.WAITING, not_before=NOON + minutes(wait or 0))
    assert decisions.decide_not_found(failures, NOON) == (
        waits if wait else decisions.RetryDecision(state=MessageState.READY)
    )


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (errors.RetryLater("why"), MessageState.UNCLEAR),
        (errors.RetryLater("why", minutes(60)), MessageState.UNCLEAR),
        (errors.Unclear("why"), MessageState.UNCLEAR),
        (errors.Rejected("why", form=True), MessageState.UNCLEAR),
        (errors.ChatGone("why"), MessageState.UNCLEAR),
        (errors.ChatMoved("why", "-100123"), MessageState.UNCLEAR),
        (errors.SenderStopped("why"), MessageState.UNCLEAR),
        (errors.Rejected("why"), MessageState.DEAD),  # the content is refused, so an earlier post was refused as well
    ],
)
def test_a_failed_post_says_nothing_of_an_earlier_one(outcome: errors.NotDelivered, state: MessageState) -> None:
    assert decided(outcome, was_unclear=True) == replace(decided(outcome), state=state)


def test_a_message_whose_plain_form_is_refused_too_is_dead() -> None:
    refused = errors.Rejected("still bad", form=True)
    assert decided(refused, plain_tried=True) == decisions.RetryDecision(state=MessageState.DEAD)


@pytest.mark.parametrize(
    ("step", "code", "words", "kind"),
    [
        ("begin", 421, "4.3.2 too many connections", errors.RetryLater),
        ("begin", 454, "4.7.0 temporary authentication failure", errors.RetryLater),
        ("begin", 535, "5.7.8 wrong password", errors.SenderStopped),
        ("begin", 554, "no service for you", errors.SenderStopped),
        ("sender", 451, "4.7.1 greylisted", errors.RetryLater),
        ("sender", 550, "5.7.1 not your address", errors.SenderStopped),
        ("recipient", 450, "4.2.0 greylisted", errors.RetryLater),
        ("recipient", 550, "5.1.1 no such user", errors.ChatGone),
        ("recipient", 550, "No such user here", errors.ChatGone),
        ("recipient", 553, "5.1.3 bad address", errors.ChatGone),
        ("recipient", 550, "5.2.1 mailbox disabled", errors.ChatGone),
        ("recipient", 552, "mailbox full", errors.RetryLater),
        ("recipient", 452, "4.2.2 over quota", errors.RetryLater),
        ("recipient", 550, "5.7.1 relaying denied", errors.Rejected),
        ("recipient", 554, "5.7.1 blocked", errors.Rejected),
        ("recipient", 554, "blocked using a list", errors.Rejected),
        ("content", 250, "what is this", errors.RetryLater),
        ("content", 451, "4.3.0 busy", errors.RetryLater),
        ("content", 552, "5.3.4 too large", errors.Rejected),
        ("content", 552, "5.2.3 too large for this mailbox", errors.Rejected),
        ("content", 554, "5.7.1 looks like spam", errors.Rejected),
        ("content", 550, "5.1.1 user unknown", errors.ChatGone),
    ],
)
def test_an_answer_means_by_its_step_code_and_detail(step: Step, code: int, words: str, kind: type) -> None:
    found = outcome_of(aiosmtplib.SMTPResponseException(code, words), step)
    assert type(found) is kind
    assert str(code) in found.reason
    if isinstance(found, errors.Rejected):
        assert found.form == (step == "content"), "only what was read can be refused for its form"


@pytest.mark.parametrize("step", ["begin", "sender", "recipient"])
@pytest.mark.parametrize(
    "error", [aiosmtplib.SMTPServerDisconnected("x"), aiosmtplib.SMTPReadTimeoutError("x"), OSError("x")]
)
def test_a_break_before_the_content_is_certainly_not_sent(step: Step, error: Exception) -> None:
    assert type(outcome_of(error, step)) is errors.RetryLater
    assert type(outcome_of(error, "content")) is errors.Unclear


def test_a_certificate_and_a_server_without_tls_stop_the_sender() -> None:
    assert type(outcome_of(ssl.SSLCertVerificationError("x"), "begin")) is errors.SenderStopped
    hidden = aiosmtplib.SMTPConnectError("x")
    hidden.__cause__ = ssl.SSLCertVerificationError("x")
    assert type(outcome_of(hidden, "begin")) is errors.SenderStopped
    assert type(outcome_of(aiosmtplib.SMTPNotSupported("x"), "begin")) is errors.SenderStopped


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
        "me@",
        "@lab.org",
        "me@lab",
        "a b@lab.org",
        "me@lab.org, you@lab.org",
        "me@lab..org",
        "a@b.org/7",
        "é@lab.org",
        "me@lab.org\nBcc: you@lab.org",
        "<me@lab.org>",
        f"{'a' * 65}@lab.org",
        f"me@{'a.' * 130}org",
        "me@-",
        "me@lab.o",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


def test_a_link_is_read_back_and_no_other_is() -> None:
    signer, other = Signer(b"k" * 32, "https://x.org"), Signer(b"l" * 32, "https://x.org")
    link = Link(7, "email:me@lab.org", "press", "d5.c3.s", "收藏")
    token = signer.token(link)
    assert signer.read(token) == link
    assert signer.url(link) == f"https://x.org/mail?link={token}"
    assert other.read(token) is None
    assert [signer.read(wrong) for wrong in ("", ".", token[1:], token + "A", token.replace(".", ""), "é.é")] == [
        None
    ] * 6
