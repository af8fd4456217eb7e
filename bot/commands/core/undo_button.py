"""The [undo] button that every reply to a change carries."""

from bot.commands.core.context import CommandContext
from bot.ports.button import Button, Buttons
from subscriptions.service.subscriptions import last_change


def undo_row(context: CommandContext) -> Buttons:
    """Returns a row with [undo] for the newest change; none where strangers could press it."""
    if context.read_by_strangers:
        return ()
    change = context.store.begun_changes.get(context.chat.id)
    if change is None and (last := last_change(context.store, context.chat.address)) is not None:
        change = last.id
    return () if change is None else ((undo_button(context, change),),)


def undo_button(context: CommandContext, change: int) -> Button:
    """Returns [undo] for the change with this id."""
    return Button(label=context.say("undo"), verb="undo", arguments={"change": change})
