"""Telegram, through python-telegram-bot's `Bot` (not `telegram.ext`): its facts, and its addresses of chats."""

import re

from subscriptions.chats.addresses import BotLinks, PlatformFacts
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind

_ID = re.compile(r"(?P<chat>-?[1-9][0-9]{0,15})(?:/(?P<topic>[1-9][0-9]{0,9}))?")
_NAME = re.compile(r"(?P<chat>@[A-Za-z][A-Za-z0-9_]{0,31})(?:/(?P<topic>[1-9][0-9]{0,9}))?")
_LARGEST_ID = 2**52  # core.telegram.org/bots/api#chat


def _read_address(rest: str) -> ChatAddress | None:
    found = _ID.fullmatch(rest) or _NAME.fullmatch(rest)
    if found is None or (found["chat"][0] != "@" and abs(int(found["chat"])) >= _LARGEST_ID):
        return None
    topic = found["topic"] or ""
    return ChatAddress("telegram", found["chat"], "" if topic == "1" else topic)  # topic 1 is General: no topic


FACTS = PlatformFacts(
    name="telegram",
    title="Telegram",
    address_form="telegram:CHAT_ID[/TOPIC_ID]",
    read_address=_read_address,
    refusal=Sentence("“{text}” is not a Telegram chat."),
    refusal_hint=Sentence(
        "A Telegram chat is telegram:12345, telegram:-10012345, telegram:-10012345/7 or telegram:@name."
    ),
    is_alias=lambda address: address.address.startswith("@"),
    describes_chats=True,
    # ids of groups and channels are negative
    kind_of=lambda address: ChatKind.GROUP if address.address.startswith("-") else ChatKind.PRIVATE,
    # core.telegram.org/api/links#bot-links
    links=BotLinks(
        open=lambda bot: f"https://t.me/{bot}",
        start=lambda bot, payload: f"https://t.me/{bot}?start={payload}",
        add_to_group=lambda bot, payload: f"https://t.me/{bot}?startgroup={payload}",
        add_to_channel=lambda bot, payload: f"https://t.me/{bot}?startchannel={payload}&admin=post_messages",
    ),
    token_variable="PAPERWIRE_TELEGRAM_TOKEN",  # noqa: S106 - the name of a setting
    shows_more=True,
    asks_for_zone=True,
)
