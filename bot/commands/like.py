"""like: papers near to given ones (how many) or to a text."""

from collections.abc import Sequence

from bot.commands import asking, paper_buttons, paper_lookup, results
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.query import links_in_text
from subscriptions.service import near_papers
from subscriptions.service.paper_search import papers_named

MOST_GIVEN = 5  # papers that may be given to find papers near to them
_MOST_READ = 5000  # characters of a text that are read
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
    found = near_papers.papers_near_text(context.transaction, said[:_MOST_READ])
    if not found:
        return context.reply("Nothing is near to this text.")
    head = context.say("I read this as a text. Nearest to it:")
    buttons = _as_wish(context, found[:_GIVEN_OF_TEXT])
    return results.papers_reply((head,), found, days=results.days_of(context, found), buttons=buttons)


def alike(context: CommandContext, *given: model.KnownPaper) -> channel.Reply:
    """Shows the papers nearest to the given ones."""
    found = near_papers.papers_alike(context.transaction, given)
    titles = "; ".join(context.title(one) for one in given)
    if not found:
        return context.reply("Nothing is near to {titles}.", titles=titles, buttons=_as_wish(context, given))
    head = context.say("Nearest to {titles}:", titles=titles)
    return results.papers_reply((head,), found, buttons=_as_wish(context, given))


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
