"""The replies to requests for which no command runs."""

from bot.commands.core.context import CommandContext
from bot.commands.phrasing.refusal_words import refused
from bot.ports.conversation import CallbackRequest, FormRequest, Interaction, MessageRequest
from bot.ports.reply import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import PaperwireError
from subscriptions.platforms import command_prefix

_QUOTED = 80  # characters of a message that is quoted


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
    """Returns the answer to a form that is too old or was opened by another person."""
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


def too_many(command: CommandContext, *, seconds: int) -> Reply:
    """Returns the answer to a command beyond the limit of a minute, which names the command: it is the first that is not read."""
    message = command.request
    if not isinstance(message, MessageRequest):
        return Reply(
            toast=command.localizer.count(
                "That was a lot at once. I listen again in {count} second.",
                "That was a lot at once. I listen again in {count} seconds.",
                seconds,
            )
        )
    typed = " ".join(
        f"{command_prefix(message.chat) if message.command else ''}{message.command} {message.text}".split()
    )
    words = command.localizer.count(
        "That was a lot at once. I did not read {message}, nor what comes in the next {count} second.",
        "That was a lot at once. I did not read {message}, nor what comes in the next {count} seconds.",
        seconds,
        message=f"“{cut_letters(typed, _QUOTED)}”" if typed else command.say("your file"),
    )
    return Reply(lines=(words,))
