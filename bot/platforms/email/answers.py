"""What the answers of a mail server mean: whose fault a refusal is, and so what follows from it, such as a wait after a quota.

The enhanced status code decides (RFC 3463, and the registry that RFC 5248 began). If there is none, or if it leaves the
cause open, the words decide, and at last the step and the code. Servers invent words and codes, so no answer is listed here.
"""

import os
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

import aiosmtplib

from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear

Step = Literal["begin", "sender", "recipient", "content"]
Fault = Literal["reader", "message", "sender", "quota", "full"]

QUOTA_WAIT = timedelta(hours=2)  # limits are counted for an hour or a day, and each further try may count, too
UNANSWERED = "The mail server did not say whether it took the mail, so it may have arrived."
_LONGEST_REASON = 160
_CODE = re.compile(r"(?<![\d.])[245]\.(\d{1,3}\.\d{1,3})(?!\.?\d)")  # and no part of an IP address

_BY_DETAIL: Mapping[Fault, tuple[str, ...]] = MappingProxyType(
    {
        "reader": ("1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "7.2", "7.17", "7.18", "7.19"),
        "full": ("2.2",),
        "message": ("2.3", "3.4", "7.3", "7.4", "7.5", "7.6", "7.7", "7.15", "7.16"),
        "sender": ("1.7", "1.8"),
        "quota": ("3.1", "3.2", "4.5", "5.3", "7.28"),
    }
)
_BY_CLASS: Mapping[str, Fault] = MappingProxyType({"5": "sender", "6": "message", "7": "sender"})
_VAGUE = ("7.0", "7.1")  # used for spam, for relaying and for lists of bad senders
_BY_WORDS: Mapping[Fault, re.Pattern[str]] = MappingProxyType(  # the first that is found counts
    {
        "message": re.compile(r"\b(?:size|large|big|length|hops?|attachments?|virus)\b", re.IGNORECASE),
        "quota": re.compile(
            r"quota|limit|exceed|throttl|flood|\brates?\b|frequen|too (?:many|much|fast|often)|slow down|storage",
            re.IGNORECASE,
        ),
        "sender": re.compile(
            r"relay(?:s|ed|ing)?\b(?! recipient)|rcpthosts|\b(?:helo|ehlo|sender|spf|dkim|dmarc|ptr|rdns|rbl)\b|send ?as"
            r"|\b(?:from|return|reply)[ -](?:address|header|domain|path)|\b(?:mail|header|envelope)[ -]from"
            r"|(?:un|not )(?:authenticated|authori[sz]ed|verified)|authenticat|credentials|reverse dns"
            r"|client host|\byour (?:ip|host|server|network|domain|account|provider|organi[sz]ation)\b|\bip address"
            r"|\[(?:ipv6:|\d+\.\d+\.\d+\.\d+)|(?:block|black|deny)[ -]?list|dnsbl|(?:blocked|listed) (?:using|by|in|at|on)\b"
            r"|reputation|banned",
            re.IGNORECASE,
        ),
        "reader": re.compile(
            r"recipient|no such|\b(?:user|mailbox|account|address|destination)\b.{0,80}?"
            r"(?:unknown|not? (?:found|exist|here|active|available)|unavailable|disabled|inactive|invalid|exist)"
            r"|(?:unknown|invalid|bad|disabled|inactive|unrouteable) (?:user|mailbox|account|address|destination)",
            re.IGNORECASE,
        ),
    }
)
_POLICY = re.compile(r"\b(?:spam|unsolicited|polic(?:y|ies)|abuse|prohibition)\b", re.IGNORECASE)
_OURS = (500, 502, 503, 504, 521, 530, 534, 535, 538)  # how we speak or sign in is wrong
_NOBODY = (550, 551, 553)  # at the step "recipient": there is no such mailbox
_FULL = 552  # at the step "recipient"


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
    """Returns the outcome for a refusal. Codes 4xx are temporary, 5xx permanent. `step` tells what the server refused."""
    said = f"The mail server says {code}: {words[:_LONGEST_REASON]}"
    if code < 500:  # noqa: PLR2004 - RFC 5321, 4.2.1; includes invalid codes
        return RetryLater(said)
    match fault_of(code, words, step):
        case "quota":
            return RetryLater(said, QUOTA_WAIT)
        case "full":  # a permanent failure by its code, but it passes
            return RetryLater(said)
        case "sender":
            return SenderStopped(said)
        case "reader":
            return ChatGone(said)
    return Rejected(said, form=step == "content")


def fault_of(code: int, words: str, step: Step) -> Fault:
    """Returns whose fault a permanent refusal is."""
    found = _CODE.search(words)
    detail = found[1] if found else ""
    fault = _fault_by_detail(detail, step) or _fault_by_words(words, step)
    if step in ("begin", "sender"):  # no reader and no text is known to the server yet
        return "quota" if fault == "quota" else "sender"
    return fault or _fault_by_code(code, detail, words, step)


def _fault_by_detail(detail: str, step: Step) -> Fault | None:
    """Returns what the enhanced status code says; None if it leaves the cause open."""
    named = next((fault for fault, details in _BY_DETAIL.items() if detail in details), None)
    if named or detail in _VAGUE or detail.endswith(".0"):
        return named
    kind = detail.partition(".")[0]
    if kind == "5" and step == "content":  # the commands were right, so the text has broken a rule
        return "message"
    return _BY_CLASS.get(kind)


def _fault_by_words(words: str, step: Step) -> Fault | None:
    fault = next((fault for fault, pattern in _BY_WORDS.items() if pattern.search(words)), None)
    return None if fault == "reader" and step == "content" else fault  # "recipient" also occurs in words about spam


def _fault_by_code(code: int, detail: str, words: str, step: Step) -> Fault:
    if step != "recipient":
        return "message"
    if code == _FULL:
        return "full"
    if code in _OURS or detail in _VAGUE or _POLICY.search(words):
        return "sender"
    is_open = detail.partition(".")[0] in ("", "0", "1", "2")
    if code in _NOBODY and is_open:
        return "reader"
    return "message"
