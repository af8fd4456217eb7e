"""Text that rings nobody, whatever service shows it.

Apprise knows more than a hundred services, and a destination may lead on to others, so all texts follow one rule.
"""

import re

_WORD_JOINER = "\u2060"  # invisible
_ADDRESS = re.compile(r"(https?://\S+)")
# How the services write a mention. An invisible sign after its first sign, or a code in place of that sign in an address,
# makes it text.
_MENTION = re.compile(
    r"""
    [@＠]                   # @name: nearly all; @**name**: Zulip; @"name": Nextcloud; @[id]: Threema; ＠name: X
    | <(?=[^\s\w=-])        # <@id>: Discord, WeCom, Webex; <!channel>: Slack, Mattermost, Zoom; <%id>: Revolt
    | <(?=at>)              # <at>name</at>: Teams
    | <(?=[a-z][\w-]*[^\w>-])  # <at id=all>: Feishu, Lark; <users/all>: Google Chat; <user …>: Flock; <spark-mention …>: Webex
    | <(?=[a-z][\w-]*>[^<>]*</)  # any other element with a content
    | \[(?=CQ:|~)           # [CQ:at,qq=all]: QQ; [~name]: Jira
    | \](?=\()              # [name](mention:id): HumHub, Twist, RingCentral
    | \((?=(?:met|rol)\))   # (met)all(met): KOOK
    """,
    re.VERBOSE | re.IGNORECASE,
)


def without_mentions(text: str) -> str:
    """Returns the text with an invisible sign in each mention, and with percent-encoded mentions in its addresses."""
    parts = _ADDRESS.split(text)
    parts[::2] = [_MENTION.sub(rf"\g<0>{_WORD_JOINER}", part) for part in parts[::2]]
    parts[1::2] = map(address_without_mentions, parts[1::2])
    return "".join(parts)


def address_without_mentions(address: str) -> str:
    """Returns the address with percent-encoded mentions."""
    return _MENTION.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), address)
