"""What the answers of a mail server mean, by the step that it refuses: whose a refusal is (docs/operating.md, Mail).

What is refused before a reader is named is the sender's. A refused recipient is that reader's, whatever is said, and a refused
text that message's, unless a few words say that it is not the text. One answer shows neither for certain: what readers get one
after another is the sender's (`in_doubt`, see subscriptions/planning/retries.py).
"""

import os
import re
import socket
import ssl
from typing import Literal

import aiosmtplib

from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear

Step = Literal["begin", "sender", "recipient", "content"]

UNANSWERED = "The mail server did not say whether it took the mail, so it may have arrived."
_LONGEST_REASON = 160
# what a server says of a text that it would take from another sender, for another reader or at another time: the reader
# is not there, the box is full, we send too much, or nobody vouches for us
_NOT_THE_TEXT = re.compile(
    r"\b(?:user|account|mailbox|recipient|address)\b.{0,60}(?:\bunknown|\bno longer|not (?:found|exist)|n't |disabled|unavailable|full)"
    r"|\b(?:no such|unknown) (?:user|account|mailbox|recipient)|\S+@\S+ (?:is no|does)"
    r"|quota|\b(?:sending|hourly|daily) (?:\w+ ){0,2}limit|\bfrequen|\btoo (?:much mail|often|fast|many (?:mails|messages|recipients))\b|\brate\b"
    r"|\b(?:spf|dkim|dmarc|unauthenticated|send ?as\w*|relay(?:ing)?)\b",
    re.IGNORECASE,
)
_THE_TEXT = re.compile(
    r"\b(?:size|large|big|length|long|links?|attachments?|hops?|spam|virus|content)\b", re.IGNORECASE
)


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
    if step == "recipient" or (_NOT_THE_TEXT.search(words) and not _THE_TEXT.search(words)):
        return ChatGone(said, in_doubt=True)
    return Rejected(said, form=True, in_doubt=True)
