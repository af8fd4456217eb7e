"""like: papers near to given ones (how many) or to a text."""

from collections.abc import Sequence

from bot.commands import asking, paper_buttons, paper_lookup, results
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.query import links_in_text
from subscriptions.query.rewriting import words_rule
from subscriptions.service import near_papers
from subscriptions.service.paper_search import papers_named
from subscriptions.service.questions import vector_of

MOST_GIVEN = 5  # papers that may be given to find papers near to them
WORDS = 8  # words that are shown as the reason for nearness
_MOST_READ = 5000  # characters of a text that are read
_TELLING = 3  # words that are offered as a search if no papers are near to a text
_GIVEN_OF_TEXT = 3  # papers to which [bring such papers] subscribes after a text: those nearest to it


def like(context: CommandContext) -> channel.Reply:
    """Shows the papers nearest to those that are named by id, DOI or link.

    If some of them are not stored, these are looked up instead.
    """
    names = links_in_text.mentioned(context.args)[:MOST_GIVEN]
    if not names:
        if context.args:
            raise paper_lookup.no_paper_named("/like 2601.11087")
        return asking.ask(context, "like", context.say("Papers near to which one? Send its arXiv id, DOI or link."))
    known = papers_named(context.transaction, names)
    if len(known) < len(names):  # the card of a looked-up paper has [more like this]
        return paper_lookup.named_papers(context, " ".join(name for name in names if name not in known))
    return alike(context, *{one.id: one for one in known.values()}.values())


@paper_buttons.of_paper
def on_more_like_this(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [more like this] on a card: shows the papers nearest to that one."""
    return alike(context, item.paper)


def near_text(context: CommandContext, said: str) -> channel.Reply:
    """Shows the papers nearest to a text."""
    text = said[:_MOST_READ]
    vector = vector_of(context.transaction, text)
    found = near_papers.papers_near_text(context.transaction, text, vector)
    words, late = found.words[:_TELLING], results.late_lines(context, text)
    among = context.count("{count} paper", "{count} papers", found.looked_at)
    if not found.papers:
        any_of = " OR ".join(words_rule(word) for word in words)
        look = (context.labelled(any_of, "look-for", text=any_of),) if words else ()
        lines = (context.say("Nothing is near to this text among {among}.", among=among), *late)
        return channel.Reply(lines=lines, buttons=(look,))
    head = [context.say("I read this as a text. Nearest to it, among {among}:", among=among)]
    if said.isascii():  # "words" of Chinese text are just two characters
        head.append(_by_words(context, found))
    buttons = _as_wish(context, found.papers[:_GIVEN_OF_TEXT])
    days = results.days_of(context, found.papers)
    return results.papers_reply((*head, *late), found.papers, days=days, buttons=buttons)


def _by_words(context: CommandContext, found: near_papers.Alike) -> str:
    words = ", ".join(found.words[:WORDS])
    if found.in_meaning:
        return context.say("by their meaning, and their words {words}", words=words)
    return context.say("by their words {words}", words=words)


def alike(context: CommandContext, *given: model.KnownPaper) -> channel.Reply:
    """Shows the papers nearest to the given ones."""
    found = near_papers.papers_alike(context.transaction, given)
    among = context.count("the newest {count} paper", "the newest {count} papers", found.looked_at)
    titles = "; ".join(context.title(one) for one in given)
    if not found.papers:
        return context.reply(
            "Nothing among {among} is near to {titles}.", titles=titles, among=among, buttons=_as_wish(context, given)
        )
    head = context.say("Nearest to {titles}, among {among}:", titles=titles, among=among)
    lines = (head, _by_words(context, found))
    return results.papers_reply(lines, found.papers, buttons=_as_wish(context, given))


def _as_wish(context: CommandContext, given: Sequence[model.KnownPaper]) -> channel.Buttons:
    """Returns a button that subscribes to papers near to these.

    Returns none if one of them has neither an arXiv id nor a DOI.
    """
    names = [one.paper.arxiv_id or one.paper.doi for one in given]
    if None in names:
        return ()
    text = f"like:{','.join(name for name in names if name)}"
    return ((context.button("bring such papers", "subscribe-to", text=text),),)


COMMANDS = (
    Command(
        name="like",
        examples=("/like 2601.15529",),
        run=like,
        usage="ID",
        writes=asking.lacks_text,
        summary=errors.Sentence("papers near to a paper"),
    ),
)

CALLBACKS = {"more-like-this": Callback(letter="n", run=on_more_like_this)}
