"""The replies to requests for which no command runs."""

from bot.commands.core.context import CommandContext
from bot.commands.phrasing.refusal_words import refused
from bot.ports.conversation import CallbackRequest, FormRequest, Interaction, MessageRequest
from bot.ports.reply import Reply
from subscriptions.errors import PaperwireError


def refusal(command: CommandContext, words: str) -> Reply:
    """Returns a refusal that only the sender sees: a toast for a button, else one line."""
    if isinstance(command.request, Interaction):
        return Reply(toast=words)
    return Reply(lines=(words,), ok=False, is_ephemeral=True)


def internal_error(command: CommandContext) -> Reply | None:
    """Returns the answer to a request with which our code failed; None if the message was not meant for the bot."""
    words = command.say("I stumbled over that; nothing was changed. Say it another way, or tell the operator.")
    match command.request:
        case CallbackRequest() | FormRequest():
            return Reply(toast=words)
        case MessageRequest(is_addressed=False, command=""):
            return None
        case _:
            return Reply(lines=(words,), ok=False)


def old_form(command: CommandContext) -> Reply:
    """Returns the answer to a form that is too old or was opened by somebody else."""
    words = command.say("This form is too old, or not yours. Nothing was changed; please open it again.")
    submitted = isinstance(command.request, FormRequest) and command.request.is_submitted
    return Reply(lines=(words,), ok=False) if submitted else Reply(toast=words)


def old_button(command: CommandContext) -> Reply:
    """Returns the answer to a button that has no effect any more, or none for this person."""
    return Reply(toast=command.say("This button does not work any more, or not for you."))


def operators_only(command: CommandContext) -> Reply:
    """Returns the refusal of a command that only operators may give."""
    return refusal(command, command.say("Only the operator of this bot can do that."))


def file_unreadable(command: CommandContext, *, why: str) -> Reply:
    """Returns the answer to a document that cannot be downloaded from the platform."""
    return Reply(lines=(command.say("The file cannot be read: {why}", why=why),), ok=False)


def file_refused(command: CommandContext, *, error: PaperwireError) -> Reply:
    """Returns the answer to a document that is too large."""
    return refused(error, command.localizer)


def no_answer(_: CommandContext) -> None:
    """Answers nothing."""


def too_many(command: CommandContext) -> Reply:
    """Returns the answer to a command beyond the limit per minute."""
    words = command.say("That was a lot at once. I listen again in a minute.")
    return Reply(toast=words) if isinstance(command.request, Interaction) else Reply(lines=(words,))
