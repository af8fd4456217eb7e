"""like: the papers that are nearest to one paper, or to several (docs/queries.md)."""

import re
from collections.abc import Sequence

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.picking import shown_buttons
from bot.commands.papers.cards import callback_paper, paper_gone
from bot.commands.papers.paper_lookup import named_papers
from bot.commands.papers.results import card_buttons, days_of, result_items
from bot.ports.reply import Button, Buttons, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import KnownPaper
from subscriptions.normalize.tokenizers import tokens
from subscriptions.query.fields import FIELDS
from subscriptions.query.links import mentioned
from subscriptions.query.rewriting import words_rule
from subscriptions.service.papers.alike import papers_alike, papers_near_text
from subscriptions.service.papers.paper_search import papers_named

MOST_GIVEN = 5  # papers to which others shall be near
WORDS = 8  # that are shown
_MOST_WORDS = 25  # of a query
_MOST_READ = 5000  # characters of a text
_TELLING = 3  # words that stand for a text to which nothing is near
_GIVEN_OF_TEXT = 3  # papers nearest to a text, to which others shall be near
_OPERATOR = re.compile(rf"(?<!\S)(?:OR|AND|NOT|ANDNOT|\||-\w\S*)(?!\S)|(?<!\S)(?:{'|'.join(FIELDS.by_name)}):\S")


def like(context: CommandContext) -> Reply:
    """Shows the papers nearest to those that are named by id, DOI or link. What is not known here is looked up first."""
    names = mentioned(context.args)[:MOST_GIVEN]
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."), Sentence("For example: /like 2601.01234")
        )
    known = papers_named(context.store, names)
    if len(known) < len(names):  # its card has [more like this]
        return named_papers(context, " ".join(name for name in names if name not in known))
    return alike(context, *{one.id: one for one in known.values()}.values())


def on_more_like_this(context: CommandContext) -> Reply:
    """Handles [more like this] on a card."""
    item = callback_paper(context)
    return alike(context, item.paper) if item else paper_gone(context)


def is_a_text(said: str) -> bool:
    """Returns whether words are a text, such as a pasted abstract, and no query: more than 25 words without operators."""
    different = set(tokens(said))
    words = sum(1.0 if one.isascii() else 0.5 for one in different)  # a Chinese word has two characters, more or less
    return words > _MOST_WORDS and not _OPERATOR.search(said)


def near_text(context: CommandContext, said: str) -> Reply:
    """Shows the papers nearest to a text."""
    found = papers_near_text(context.store, said[:_MOST_READ])
    words = found.words[:_TELLING]
    among = context.localizer.count("{count} paper", "{count} papers", found.looked_at)
    if not found.papers:
        any_of = " OR ".join(words_rule(word) for word in words)
        look = (Button(label=any_of, verb="look-for", arguments={"text": any_of}),) if words else ()
        lines = (context.say("Nothing is near to this text among {among}.", among=among),)
        return Reply(lines=lines, buttons=shown_buttons(context, (look,)))
    items = result_items(found.papers)
    by_words = (context.say("by their words {words}", words=", ".join(found.words[:WORDS])),)
    return Reply(
        lines=(
            context.say("I read this as a text. Nearest to it, among {among}:", among=among),
            *(by_words if said.isascii() else ()),  # pairs of Chinese characters are no words to read
        ),
        items=items,
        days=days_of(context, found.papers),
        numbers=card_buttons(context, items),
        buttons=_as_wish(context, found.papers[:_GIVEN_OF_TEXT]),
    )


def alike(context: CommandContext, *given: KnownPaper) -> Reply:
    """Shows the papers nearest to one or several."""
    found = papers_alike(context.store, given)
    among = context.localizer.count(
        "the newest {count} paper", "the newest {count} papers", found.looked_at
    )  # fmt: skip
    titles = "; ".join(context.title(one) for one in given)
    if not found.papers:
        none = context.say("Nothing among {among} is near to {titles}.", titles=titles, among=among)
        return Reply(lines=(none,), buttons=_as_wish(context, given))
    items = result_items(found.papers)
    words = ", ".join(found.words[:WORDS])
    return Reply(
        lines=(
            context.say("Nearest to {titles}, among {among}:", titles=titles, among=among),
            context.say("by their words {words}", words=words),
        ),
        items=items,
        numbers=card_buttons(context, items),
        buttons=_as_wish(context, given),
    )


def _as_wish(context: CommandContext, given: Sequence[KnownPaper]) -> Buttons:
    """Returns a button that subscribes to papers near to these; none where strangers could press it."""
    names = [one.paper.arxiv_id or one.paper.doi for one in given]
    if context.read_by_strangers or None in names:
        return ()
    text = f"like:{','.join(name for name in names if name)}"
    return ((Button(label=context.say("bring such papers"), verb="subscribe-to", arguments={"text": text}),),)


COMMANDS = (
    Command(name="like", run=like, usage="ID", aliases=("similar",), summary=Sentence("papers near to a paper")),
)
CALLBACKS = {"more-like-this": Callback(run=on_more_like_this)}
