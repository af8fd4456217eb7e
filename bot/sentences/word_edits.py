"""Takes words out of the query of a subscription: "remove survey from number 2". Never removes the subscription itself."""

from bot.commands import asking, offered, picking
from bot.commands.context import CommandContext
from bot.ports import channel
from bot.sentences import meant
from bot.sentences.words import names, subjects
from bot.sentences.words.said import SURE, Said
from subscriptions import model
from subscriptions.query import rewriting
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query

_TAKES_OUT = ("unsub", "unsub-all", "exclude", "edit", "narrow", "widen", "dislike-paper")


def taken_out(context: CommandContext, said: Said) -> channel.Reply | None:
    """Takes a word out of the subscription that a sentence names, as in "remove survey from number 2"; never removes the subscription.

    None for any other sentence.
    """
    container = names.container_in(said.text)
    there = picking.subscriptions_here(context)
    if container is None or not there or not asking.can_ask(context):
        return None
    place = meant.meant_by(container.place, there)
    if said.likely(*_TAKES_OUT) < SURE or not (place.those or place.missing):
        return None
    if place.missing:
        raise picking.not_found(place.missing[0])
    edits, asks = list[tuple[model.Subscription, str]](), list[tuple[model.Subscription, str]]()
    for one in place.those:
        query = parse_query(one.text)
        less = meant.without_word(query, container.what)
        if less is None:
            less = _without(query, container.what)
        elif meant.excludes(query, container.what):
            asks.append((one, less))
            continue
        if not less:
            return _nothing_left(context, one)
        edits.append((one, less))
    if len(edits) == 1 and not asks and not place.strange:
        one, text = edits[0]
        return offered.run(context, "edit", f"{one.number} {text}")
    return offered.with_look_for(
        context,
        offered.which(
            context,
            [
                offered.do_button(f"{one.number}  {text}", "edit", f"{one.number} {text}")
                for one, text in (*edits, *asks)
            ],
        ),
    )


def _without(query: Query, words: str) -> str:
    """Returns a query that excludes these words, too."""
    for term in subjects.unwanted_in(f"exclude {words}", "exclude") or [
        rewriting.words_rule(subjects.kind_of_papers(words))
    ]:
        query = rewriting.narrowed(query, term)
    return query.text


def _nothing_left(context: CommandContext, one: model.Subscription) -> channel.Reply:
    """Returns the reply to a wish to take out the only words of a subscription, or a part of a phrase."""
    number = {"number": one.number}
    lines = (
        context.say("Without that, {number} would ask for nothing: {text}", number=one.number, text=one.text),
        context.say(
            "Write what it shall be instead: /edit {number} {example}", number=one.number, example="diffusion -survey"
        ),
    )
    edit = channel.Button(label=context.say("edit"), verb="edit-ask", arguments=number)
    remove = channel.Button(label=f"{context.say('remove')} {one.number}", verb="unsub", arguments=number)
    return channel.Reply(lines=lines, buttons=((edit, remove),))
