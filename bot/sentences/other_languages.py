"""Answers a sentence in a language other than English and Chinese: says what is understood, and shows what is near."""

import re
from dataclasses import replace

from bot.commands import results, search
from bot.commands.context import CommandContext
from bot.ports import channel
from bot.sentences.words import languages
from bot.sentences.words.word_lists import small_words
from subscriptions import errors
from subscriptions.query import ABOUT, parse
from subscriptions.service import paper_search, unknown_words

_SHORTEST = 4  # letters of a word that may be a topic in a sentence of another language
_WORDS = re.compile(r"[\w\u0300-\u036f\u0900-\u097f]+(?:[’'-]\w+)*")
_TOPIC = errors.Sentence("I understand English and Chinese; topics I find in any language.")


def answer(context: CommandContext, said: str) -> channel.Reply:
    """Says in the language of the sentence what the bot understands; papers follow that its words find, or that are near."""
    line = languages.understands(languages.other_language(said) or "") or _TOPIC.say(context.localizer.translate)
    found = _papers(context, said)
    return replace(found, lines=(line, *found.lines))


def _papers(context: CommandContext, said: str) -> channel.Reply:
    """Returns the papers near in meaning to a whole sentence in any language; if none is known, those that its words find."""
    words = " ".join(_WORDS.findall(said))
    about = f'{ABOUT.prefix}"{words}"'
    near = paper_search.near_in_meaning(context.transaction, parse.parse_query(about), without=(), most=search.PAGE)
    if near:
        return search.with_near(context, channel.Reply(), about, near)
    late = results.late_lines(context, words)
    known = _known_words(context, words)
    found = search.try_query(context, known) if known and search.finds_papers(context, known) else channel.Reply()
    return replace(found, lines=(*late, *found.lines))


def _known_words(context: CommandContext, words: str) -> str:
    """Returns those of these words that papers have, without small and short ones, which many languages share."""
    unknown = unknown_words.spelling(context.transaction, parse.parse_query(words)).unknown
    common = small_words().union(unknown)
    return " ".join(word for word in words.split() if len(word) >= _SHORTEST and word not in common)
