"""Shows the papers for which a sentence asks: of a day, without an order or a number that the bot does not know, or of its subject."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import search
from bot.commands.context import CommandContext
from bot.commands.like import is_a_text
from bot.commands.paper_days import PAPERS, PaperDays, day_of, paper_days
from bot.commands.today import papers_of_day
from bot.ports import channel
from bot.sentences.words import reader
from bot.sentences.words.dictated import request_in
from bot.sentences.words.past_times import past_time
from bot.sentences.words.ranks import rank_in
from bot.sentences.words.subjects import searched_in, span_of, subject_of
from bot.sentences.words.word_lists import small_words
from subscriptions import errors
from subscriptions.normalize import tokens
from subscriptions.query import links_in_text
from subscriptions.zones import zone

# why words were left out
_ONE_DAY = errors.Sentence("I can show the papers of one day, but not of a longer time.")
_PAGES = errors.Sentence("I show {count} papers at a time.", {"count": search.PAGE})
_NO_ORDER = errors.Sentence("I know no votes, downloads or citations.")


def papers(context: CommandContext, said: str) -> channel.Reply | None:
    """Shows the papers for which a text asks; None for a pasted text, and for a link to no paper."""
    if (is_a_text(said) and not request_in(said)) or links_in_text.links_to_no_paper(said):
        return None
    if rank := rank_in(said):
        return _without(
            context, search.try_query(context, rank.rest), rank.words, _NO_ORDER if rank.is_order else _PAGES
        )
    if (reply := papers_of_days(context, said)) is not None:
        return reply
    text, rest = search.query_of(said), searched_in(said)
    if rest and text == said and not search.finds_papers(context, said):  # "search for dark matter" may be in a title
        text = search.query_of(rest)
    subject = span_of(said) if text != said else ""
    return search.papers_found(context, text, _left_out(context, said, text), subject)


def papers_of_days(context: CommandContext, said: str) -> channel.Reply | None:
    """Shows the papers of the day that a text names. A longer time is left out, which the reply says. None if it names none.

    Raises Refused if nothing but a longer time is asked for.
    """
    days = paper_days(said)
    return _of_days(context, days) if days else None


def _of_days(context: CommandContext, days: PaperDays) -> channel.Reply:
    subject = subject_of(days.rest) or days.rest
    asked = subject if search.is_query(subject) and not _says_only_papers(subject) else ""
    day = day_of(days.words, context.now.astimezone(zone(context.chat.settings.timezone)).date())
    if days.is_day and day:
        return papers_of_day(context, asked, day)
    if not asked:
        raise errors.Refused(
            errors.Sentence(
                "I can show the papers of one day, but not of a longer time: “{words}”.", {"words": days.words}
            ),
            errors.Sentence("For the newest day: /today. For a topic, the newest papers first: diffusion -survey"),
        )
    return _without(context, search.try_query(context, asked), (days.words,), _ONE_DAY)


def _without(
    context: CommandContext, reply: channel.Reply, words: Sequence[str], why_not: errors.Sentence
) -> channel.Reply:
    """Returns the reply with a line before it that names the words that were left out, and why."""
    lines = [one for one in reply.lines if one != _around(context)]
    return replace(reply, lines=(_without_line(context, words, why_not), *lines))


def _without_line(context: CommandContext, words: Sequence[str], why_not: errors.Sentence) -> str:
    reason = why_not.say(context.localizer.translate)
    left_out = context.say("I left out {words}: {reason}", words=search.quoted(words), reason=reason)
    return context.say("({inner})", inner=left_out)


def _says_only_papers(text: str) -> bool:
    """Returns whether a text names no subject, such as "the papers" or "show me articles"."""
    known = small_words() | reader.learned().known.words
    rest = PAPERS.sub("", reader.folded(text))
    return all(token.mark in known or not token.mark.isalpha() for token in reader.tokens_of(rest))


def _left_out(context: CommandContext, said: str, text: str) -> Sequence[str]:
    """Returns a line that says that words around the query were left out; () if none were, and in groups."""
    if context.read_by_group or set(tokens(said)) <= set(tokens(text)):
        return ()
    time = past_time(reader.folded(said))
    if time and not set(tokens(time.found[0])) & set(tokens(text)):
        return (_without_line(context, (said[slice(*time.found.span())],), _ONE_DAY),)
    return (_around(context),)


def _around(context: CommandContext) -> str:
    return context.say("(I left out the words around it; in quotation marks all of them count.)")
