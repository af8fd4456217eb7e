"""The [undo] button that every reply to a change carries."""

from bot.commands.core.context import CommandContext
from bot.ports.button import Button, Buttons
from subscriptions.service.subscriptions import last_change


def undo_row(turn: CommandContext) -> Buttons:
    """A button that takes back what this turn has changed; none where strangers could press it."""
    change = last_change(turn.store, turn.chat.address)
    if change is None or turn.in_public:
        return ()
    return ((undo_button(turn, change.id),),)


def undo_button(turn: CommandContext, change: int) -> Button:
    """[undo] for one change, by its id."""
    return Button(label=turn.say("undo"), verb="undo", arguments={"change": change})
