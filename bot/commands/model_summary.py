"""The summary of a paper by a language model: which model made it and when, and [wrong summary], which removes it."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.commands.last_shown import paper_meant
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.query.links_in_text import mentioned
from subscriptions.service import model_summaries

_WRONG = "wrong-summary"


def made_for(context: CommandContext, known: model.KnownPaper) -> model.ModelSummary | None:
    """Returns what a model made of a paper in the chat's language, unless the chat called it wrong; None if it made nothing."""
    language = context.chat.settings.lang
    return next((one for one in _shown(context, known) if one.language == language), None)


def _shown(context: CommandContext, known: model.KnownPaper) -> Sequence[model.ModelSummary]:
    return model_summaries.without_rejected(context.transaction, context.chat, known).paper.by_model


def lines(context: CommandContext, known: model.KnownPaper) -> tuple[str, ...]:
    """Returns a line that says which model made the summary of a paper, if one did."""
    made = made_for(context, known)
    if made is None:
        return ()
    day = context.localizer.day(made.made_at.date(), seen_from=context.now.date())
    if made.fields:
        return (context.say("Its summary is by a language model, {model}, {day}.", model=made.model, day=day),)
    return (
        context.say("The translation of its title is by a language model, {model}, {day}.", model=made.model, day=day),
    )


def buttons(context: CommandContext, known: model.KnownPaper) -> channel.Buttons:
    """Returns the row of [wrong summary] under why a paper came, if a model made its summary."""
    made = made_for(context, known)
    if made is None or context.read_by_strangers:
        return ()
    return ((context.button("wrong summary", _WRONG, paper=known.id, language=made.language),),)


def on_wrong(context: CommandContext) -> channel.Reply:
    """Handles [wrong summary]."""
    paper, language = int(context.arguments["paper"]), str(context.arguments["language"])
    return channel.Reply(toast=_rejected(context, paper, language))


def wrong(context: CommandContext) -> channel.Reply:
    """Does the same for a paper that the text names, or for that of the message before. Raises Refused."""
    known = paper_meant(context, mentioned(context.args))
    made = (made_for(context, known) or next(iter(_shown(context, known)), None)) if known else None
    if known is None or made is None:
        raise refusal(
            "No language model made a summary of that paper.",
            "/why names who made a summary. To read none: /set text titles",
        )
    said = _rejected(context, known.id, made.language)
    return context.done(said, context.title(known))


def _rejected(context: CommandContext, paper: int, language: str) -> str:
    """Removes a summary, at least for this chat. Returns what to say."""
    is_removed = model_summaries.reject(
        context.transaction, context.chat, paper, language, by_operator=context.is_operator, now=context.now
    )
    if is_removed:
        return context.say("The summary is removed, and is not made again.")
    return context.say("The summary is not shown here any more. If another chat says so too, it is removed for all.")


def without_rejected(context: CommandContext, reply: channel.Reply) -> channel.Reply:
    """Returns a reply whose papers have no summaries that the chat called wrong."""
    items = tuple(
        one._replace(paper=model_summaries.without_rejected(context.transaction, context.chat, one.paper))
        for one in reply.items
    )
    return replace(reply, items=items)


COMMANDS = (
    Command(
        name="wrong",
        run=wrong,
        usage="[PAPER]",
        summary=errors.Sentence("remove a model's wrong summary"),
        needs_manager=True,
        listed=False,
    ),
)
CALLBACKS = {_WRONG: Callback(run=on_wrong, needs_manager=True, writes=True)}
