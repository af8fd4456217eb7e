"""Answers a sentence in a language other than English and Chinese: says what is understood, and shows what is near."""

from dataclasses import replace

from bot.commands import search
from bot.commands.context import CommandContext
from bot.commands.words import languages
from bot.ports import channel
from subscriptions import errors

_TOPIC = errors.Sentence("I understand English and Chinese; topics I find in any language.")


def answer(context: CommandContext, said: str) -> channel.Reply:
    """Says in the language of the sentence what the bot understands; papers follow that its words find, or that are near."""
    line = languages.understands(languages.other_language(said) or "") or _TOPIC.say(context.localizer.translate)
    found = search.try_query(context, said) if search.is_query(said) else channel.Reply()
    return replace(found, lines=(line,)) if found.items else channel.Reply(lines=(line,))
