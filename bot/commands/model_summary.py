"""The summary of a paper by a language model: which model made it and when, and [wrong summary], which removes it for good."""

from bot.commands.context import Callback, CommandContext
from bot.ports import channel
from subscriptions import model
from subscriptions.service.model_summaries import remove_wrong

_WRONG = "wrong-summary"


def made_for(context: CommandContext, paper: model.Paper) -> model.ModelSummary | None:
    """Returns what a model made of a paper in the chat's language; None if a source brought its summary, or none did."""
    language = context.chat.settings.lang
    return next((one for one in paper.by_model if one.language == language), None)


def lines(context: CommandContext, paper: model.Paper) -> tuple[str, ...]:
    """Returns a line that says which model made the summary of a paper, if one did."""
    made = made_for(context, paper)
    if made is None:
        return ()
    day = context.localizer.day(made.made_at.date(), seen_from=context.now.date())
    if made.fields:
        return (context.say("Its summary is by a language model, {model}, {day}.", model=made.model, day=day),)
    return (
        context.say("The translation of its title is by a language model, {model}, {day}.", model=made.model, day=day),
    )


def buttons(context: CommandContext, known: model.KnownPaper) -> tuple[tuple[channel.Button, ...], ...]:
    """Returns the row of [wrong summary] under why a paper came, if a model made its summary."""
    made = made_for(context, known.paper)
    if made is None or context.read_by_strangers:
        return ()
    arguments = {"paper": known.id, "language": made.language}
    return ((channel.Button(label=context.say("wrong summary"), verb=_WRONG, arguments=arguments),),)


def on_wrong(context: CommandContext) -> channel.Reply:
    """Handles [wrong summary]: removes the summary for all chats. It is not made again."""
    paper, language = int(context.arguments["paper"]), str(context.arguments["language"])
    remove_wrong(context.transaction, paper, language, now=context.now)
    return channel.Reply(toast=context.say("The summary is removed, and is not made again."))


COMMANDS = ()
CALLBACKS = {_WRONG: Callback(run=on_wrong, needs_manager=True, writes=True)}
