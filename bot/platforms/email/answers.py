"""What the answers of a mail server mean, by the step that it refuses: whose a refusal is (docs/operating.md, Mail).

What is refused before a reader is named is the sender's. A refused recipient is that reader's, and a refused text that
message's. One answer does not show it for certain, so the sender compares readers (`in_doubt`). A few words tell more: servers
refuse recipients for the sender's sake, and texts for the reader's.
"""

import os
import re
import socket
import ssl
from typing import Literal

import aiosmtplib

from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.planning.retries import AN_HOUR

Step = Literal["begin", "sender", "recipient", "content"]

UNANSWERED = "The mail server did not say whether it took the mail, so it may have arrived."
_LONGEST_REASON = 160
_SIGN_IN = (530, 534, 535, 538)  # RFC 4954: who sends has to sign in, whichever step that stops
# how we greet, who we are, where we send from
_OURS = re.compile(
    r"\b(?:helo|ehlo|client host|rcpthosts|send ?as\w*|spf|dkim|dmarc|unauthenticated)\b|\brelay(?:ing)?\b(?! recipient)"
    r"|\bsender (?:address|domain|verify)|\bof (?:the )?sender\b|\byour (?:ip|host|server|domain)\b",
    re.IGNORECASE,
)
# said when the text was sent: there is no such reader, or we send too much
_NOT_THE_TEXT = re.compile(
    r"\b(?:user|account|mailbox|recipient|address)\b.{0,60}(?:unknown|\bno longer|not (?:found|exist)|n't |disabled|unavailable|full)"
    r"|\b(?:no such|unknown) (?:user|account|mailbox|recipient|address)|\S+@\S+ (?:is no|does)"
    r"|quota|\blimit|\btoo (?:many|much|often|fast)\b|\brate\b|\bfrequen",
    re.IGNORECASE,
)
_THE_TEXT = re.compile(r"\b(?:size|large|big|length|long|hops?|spam|virus|content)\b", re.IGNORECASE)


def outcome_of(error: Exception, step: Step) -> NotDelivered:
    """Returns the outcome of a mail for an error at a step of sending it."""
    match error:
        case aiosmtplib.SMTPResponseException():
            return _of_answer(error.code, " ".join(error.message.split()), step)
        case aiosmtplib.SMTPNotSupported():
            return SenderStopped("The mail server offers no STARTTLS or no sign-in, so the password was not sent.")
        case _ if ssl.SSLCertVerificationError in (type(error), type(error.__cause__)):
            return SenderStopped("The certificate of the mail server is not valid for its name.")
        case _ if step == "content":
            return Unclear(UNANSWERED)
        case _:
            return RetryLater(f"The mail server cannot be reached: {_why(error)}.")


# Why there is no connection, the most specific first.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "its name is not known"),
    (ConnectionRefusedError, "it refuses connections"),
    (ssl.SSLError, "it does not speak TLS at this port"),
    (TimeoutError, "it does not answer"),
    (aiosmtplib.SMTPServerDisconnected, "it broke off the connection"),
    (ConnectionResetError, "it broke off the connection"),
)


def _why(error: Exception) -> str:
    """Returns why a connection failed. The library's own text has the address, which is a setting."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    for kind, words in _REASONS:
        if isinstance(cause, kind):
            return words
    code = cause.errno if isinstance(cause, OSError) else None
    if code:
        return os.strerror(code).lower()
    return "the connection failed"


def _of_answer(code: int, words: str, step: Step) -> NotDelivered:
    """Returns the outcome for a refusal. Codes 4xx are temporary, 5xx permanent."""
    said = f"The mail server says {code}: {words[:_LONGEST_REASON]}"
    if code < 500:  # noqa: PLR2004 - RFC 5321, 4.2.1; includes invalid codes
        return RetryLater(said)
    if step in ("begin", "sender"):  # no reader and no text is known to the server yet
        return SenderStopped(said)
    if code in _SIGN_IN or _OURS.search(words):
        return SenderStopped(said, waits=AN_HOUR)
    if step == "recipient" or (_NOT_THE_TEXT.search(words) and not _THE_TEXT.search(words)):
        return ChatGone(said, in_doubt=True)
    return Rejected(said, form=True, in_doubt=True)
