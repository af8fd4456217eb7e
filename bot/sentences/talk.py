"""Answers small talk, and requests for what is not known: affiliations, citations, full texts, news."""

from collections.abc import Mapping
from dataclasses import replace

from bot.commands import search
from bot.commands.cards import card_reply
from bot.commands.context import CommandContext
from bot.ports import channel
from bot.sentences.words import by_rule, intents
from bot.sentences.words.said import Said
from subscriptions import errors
from subscriptions.query.links_in_text import mentioned
from subscriptions.service.paper_search import papers_named

TALK: Mapping[str, tuple[errors.Sentence, ...]] = {
    "sources": (
        errors.Sentence(
            "Papers come from the sources of this bot, most of them from arXiv. /status shows each of them."
        ),
    ),
    by_rule.ACKNOWLEDGED: (errors.Sentence("All right."),),
    "thanks": (errors.Sentence("You are welcome."),),
    "bye": (errors.Sentence("Goodbye, see you. Papers come as arranged."),),
    "smalltalk": (
        errors.Sentence("I am only a bot for research papers, and cannot help with that. I hope that it goes well."),
        errors.Sentence("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
    ),
    "missing-affiliation": (
        errors.Sentence("I do not know where authors work: no universities, institutions or companies (affiliations)."),
        errors.Sentence('What I know is the name: author:"Ranjay Krishna" finds the papers of one author.'),
    ),
    "missing-citations": (
        errors.Sentence("I know no citations: not who cites a paper, how often it is cited, or an h-index."),
        errors.Sentence("The nearest is /like with the id of a paper: papers with similar words."),
    ),
    "missing-fulltext": (
        errors.Sentence(
            "I know titles, abstracts and short summaries, but not the full text: I cannot read, translate or "
            "summarize a PDF, its figures or its code."
        ),
    ),
    "missing-news": (
        errors.Sentence("I know research papers only: no news, jobs, books, deadlines, or where a paper was accepted."),
    ),
}


def answer(context: CommandContext, said: Said) -> channel.Reply:
    """Returns the reply to a sentence whose intent is in `TALK`."""
    lines = tuple(one.say(context.localizer.translate) for one in TALK[said.intent])
    if said.intent.startswith(intents.MISSING):
        return _beside(context, said, lines)
    return channel.Reply(lines=lines)


def _beside(context: CommandContext, said: Said, lines: tuple[str, ...]) -> channel.Reply:
    """Returns what is impossible, and beside it the card of the paper that is named, or the papers about the subject."""
    if known := papers_named(context.transaction, mentioned(said.text)):
        card = card_reply(context, next(iter(known.values())))
        return replace(card, lines=(*lines, *card.lines))
    if not said.subject or not search.finds_papers(context, said.subject):
        return channel.Reply(lines=lines)
    found = search.try_query(context, said.subject)
    return replace(found, lines=(lines[0], *found.lines))
