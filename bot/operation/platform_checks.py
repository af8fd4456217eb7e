"""Finds problems of platforms: tokens, whose bot it is, and what each platform checks itself."""

from collections.abc import Mapping, Sequence

from bot.platform import CheckResult, Platform
from subscriptions import addresses
from subscriptions.errors import NotDelivered, SenderStopped, StoreError
from subscriptions.store.database.store import Store
from subscriptions.store.platform_states import bots


async def check_platforms(
    store: Store, platforms: Mapping[str, Platform], *, tells_off: bool = True
) -> list[CheckResult]:
    """Returns the findings about the platforms that are on, and, with `tells_off`, about those that are off."""
    findings: list[CheckResult] = []
    known = _owners(store)
    for facts in addresses.declared():
        if facts.token_variable and facts.name in platforms:
            findings += await _account(platforms[facts.name], known.get(facts.name))
        elif facts.token_variable and tells_off:
            findings.append(CheckResult(question=facts.title, answer="off, it has no token"))
    return findings


def _owners(store: Store) -> Mapping[str, str]:
    try:
        return bots(store) if store.exists() and store.revision() else {}
    except StoreError:  # check_here has a finding about that
        return {}


async def _account(platform: Platform, owner: str | None) -> Sequence[CheckResult]:
    """Returns the findings about the account that a platform gives the bot, and what that account may do there."""
    if not platform.has_token:
        return [*_belongs(platform, await platform.channel.identity(), owner), *await platform.check()]
    question = platform.facts.title
    try:
        identity = await platform.channel.identity()
    except SenderStopped as error:
        reason = error.reason.rstrip(".")
        cure = f"Put the token that {question} shows now into {platform.facts.token_variable}."
        return [CheckResult(question=question, answer=f"the token does not work: {reason}", cure=cure, mend=True)]
    except NotDelivered as error:
        reason = error.reason.rstrip(".")
        cure = "Check the network, and the proxy if there is one."
        return [CheckResult(question=question, answer=f"it does not answer: {reason}", cure=cure, mend=True)]
    if wrong := _belongs(platform, identity, owner):
        return wrong
    works = f"the token works, bot {identity}"
    return [CheckResult(question=question, answer=works), *await platform.check()]


def _belongs(platform: Platform, identity: str, owner: str | None) -> Sequence[CheckResult]:
    """Returns a finding if the database belongs to another account of this platform."""
    if not identity or owner in (None, identity):
        return ()
    question = platform.facts.title
    answer = f"this database belongs to another sender, {owner}"
    cure = "Use that one, or give the chats to this one: paperwire run --new-bot."
    if platform.has_token:
        answer = "the token works, but this database belongs to another bot"
        cure = "Use that bot's token, or give the chats to this one: paperwire run --new-bot."
    return [CheckResult(question=question, answer=answer, cure=cure, mend=True)]
