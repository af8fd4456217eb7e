"""What a mail server's answer means, by step and code; and what is an address."""

import ssl

import aiosmtplib
import pytest

from bot.platforms.email import read_address
from bot.platforms.email.links import Link, Signer
from bot.platforms.email.outgoing import Step, outcome_of
from subscriptions.errors import ChatGone, Rejected, RetryLater, SenderStopped, Unclear

RESPONSES = [
    ("begin", 421, "4.3.2 too many connections", RetryLater),
    ("begin", 454, "4.7.0 temporary authentication failure", RetryLater),
    ("begin", 535, "5.7.8 wrong password", SenderStopped),
    ("begin", 554, "no service for you", SenderStopped),
    ("sender", 451, "4.7.1 greylisted", RetryLater),
    ("sender", 550, "5.7.1 not your address", SenderStopped),
    ("recipient", 450, "4.2.0 greylisted", RetryLater),
    ("recipient", 550, "5.1.1 no such user", ChatGone),
    ("recipient", 550, "No such user here", ChatGone),
    ("recipient", 553, "5.1.3 bad address", ChatGone),
    ("recipient", 550, "5.2.1 mailbox disabled", ChatGone),
    ("recipient", 552, "mailbox full", RetryLater),
    ("recipient", 452, "4.2.2 over quota", RetryLater),
    ("recipient", 550, "5.7.1 relaying denied", Rejected),
    ("recipient", 554, "5.7.1 blocked", Rejected),
    ("recipient", 554, "blocked using a list", Rejected),
    ("content", 250, "what is this", RetryLater),
    ("content", 451, "4.3.0 busy", RetryLater),
    ("content", 552, "5.3.4 too large", Rejected),
    ("content", 552, "5.2.3 too large for this mailbox", Rejected),
    ("content", 554, "5.7.1 looks like spam", Rejected),
    ("content", 550, "5.1.1 user unknown", ChatGone),
]


@pytest.mark.parametrize(("step", "code", "words", "kind"), RESPONSES)
def test_an_answer_means_by_its_step_code_and_detail(step: Step, code: int, words: str, kind: type) -> None:
    found = outcome_of(aiosmtplib.SMTPResponseException(code, words), step)
    assert type(found) is kind
    assert str(code) in found.reason
    if isinstance(found, Rejected):
        assert found.form == (step == "content"), "only what was read can be refused for its form"


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
