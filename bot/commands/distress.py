"""A person in distress gets one kind sentence: for these whole sentences only, since papers are about the same words."""

import re
import unicodedata

from bot.commands.context import CommandContext
from bot.ports import channel

_SENTENCES = frozenset((
    "i want to die",
    "i just want to die",
    "i wish i was dead",
    "i wish i were dead",
    "i want to kill myself",
    "i am going to kill myself",
    "i am thinking of killing myself",
    "i am thinking about suicide",
    "i am suicidal",
    "i feel suicidal",
    "i want to end my life",
    "i want to end it all",
    "i want to hurt myself",
    "i do not want to live",
    "i do not want to live any more",
    "i do not want to be alive any more",
    "i have no reason to live",
    "我想死",
    "我好想死",
    "我想自杀",
    "我要自杀",
    "我想自殺",
    "我想自残",
    "我想伤害自己",
    "我想结束生命",
    "我想结束自己的生命",
    "我不想活了",
    "我真的不想活了",
    "不想活了",
    "我活不下去了",
    "我真的活不下去了",
))  # fmt: skip
_IN_FULL = {"im": "i am", "dont": "do not", "anymore": "any more", "wanna": "want to", "gonna": "going to"}
_LONGEST = 100  # characters


def is_distress(text: str) -> bool:
    """Returns whether a whole text is one of these sentences, in any letter case and with any punctuation."""
    plain = re.sub("['’`]", "", unicodedata.normalize("NFKC", text[: _LONGEST + 1]).casefold())
    words = re.findall(r"\w+", plain)
    return len(text) <= _LONGEST and " ".join(_IN_FULL.get(word, word) for word in words) in _SENTENCES


def comfort(context: CommandContext) -> channel.Reply:
    """Says where somebody listens."""
    return context.reply(
        "I am sorry that it is so hard right now; please talk to somebody you trust, or to people who listen at any "
        "hour: https://findahelpline.com names them for each country, and in danger your emergency number (112, 911) helps."
    )
