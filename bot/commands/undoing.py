"""undo: the last changes of a chat, one by one; and the [undo] button under whatever changed something."""

from collections.abc import Iterator

from bot.commands.changes import in_words, label_of, value_of
from bot.commands.rhythms import cadence_words
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.wishes import called, in_short
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatKind, Subscription
from subscriptions.service.subscriptions import Change, Difference, Undone, find_change, last_change, undo

_MOST_NAMED = 5  # subscriptions that a reply names one by one
_LONGEST = 300  # characters of a query that was changed


def undo_row(turn: CommandContext) -> Buttons:
    """A button that takes back what this turn has changed; none where strangers could press it."""
    change = last_change(turn.store, turn.chat.address)
    if change is None or turn.in_public:
        return ()
    return ((undo_button(turn, change.id),),)


def undo_button(turn: CommandContext, change: int) -> Button:
    """[undo] for one change, by its id."""
    return Button(label=turn.say("undo"), verb="undo", arguments={"change": change})


def undo_last(turn: CommandContext) -> Reply:
    """Takes back the newest change; one that somebody else made is named first."""
    change = last_change(turn.store, turn.chat.address)
    if change is None:
        return Reply(lines=(turn.say("There is nothing to undo."),))
    return _ask(turn, change) if _is_foreign(turn, change) else _undo(turn, change)


def press_undo(turn: CommandContext) -> Reply:
    """Takes back the change that the button stands for."""
    number = turn.arguments.get("change")
    change = find_change(turn.store, turn.chat.address, number) if isinstance(number, int) else None
    if change is None:
        return Reply(toast=turn.say("That was too long ago to be undone. I keep the last five changes."))
    if change.undone:
        return Reply(toast=turn.say("That is undone already."))
    if _is_foreign(turn, change) and not turn.arguments.get("sure"):
        return _ask(turn, change)
    try:
        return _undo(turn, change, pressed=True)
    except Refused as error:
        return Reply(toast=f"{error.sentence.say(turn.localizer.translate)} {error.hint.say(turn.localizer.translate)}")


def _is_foreign(turn: CommandContext, change: Change) -> bool:
    """Whether another person made it. Who has no name has none to be asked about."""
    if turn.chat.kind is ChatKind.PRIVATE or not change.who:
        return False
    return change.who.partition(" ")[0] != turn.request.sender


def _ask(turn: CommandContext, change: Change) -> Reply:
    name = change.who.partition(" ")[2] or turn.say("Somebody else")
    said = turn.say("{name} did the last change here:", name=name)
    sure = Button(label=turn.say("undo it"), verb="undo", arguments={"change": change.id, "sure": True})
    if turn.in_public:
        return Reply(lines=(said, *_what(turn, change.what), turn.say("Only {name} can undo it here.", name=name)))
    return Reply(lines=(said, *_what(turn, change.what)), buttons=((sure,),))


def _undo(turn: CommandContext, change: Change, *, pressed: bool = False) -> Reply:
    redone = _is_undo(turn, change)
    done = undo(turn.store, turn.chat.address, change.id, now=turn.now, who=turn.actor)
    label = turn.say("undo") if redone else turn.say("redo")
    again = Button(label=label, verb="undo", arguments={"change": done.again, "sure": True})
    head = turn.say("Done again.") if redone else turn.say("Undone.")
    buttons = () if turn.in_public else ((again,),)
    return Reply(lines=(head, *_what(turn, done.what, done)), ok=True, buttons=buttons, replaces=pressed)


def _is_undo(turn: CommandContext, change: Change) -> bool:
    """Whether a change took something back; to take back an undo does it again, to take that back undoes it again."""
    if change.undoes is None:
        return False
    taken_back = find_change(turn.store, turn.chat.address, change.undoes)
    return taken_back is None or not _is_undo(turn, taken_back)


def _what(turn: CommandContext, what: Difference, done: Undone | None = None) -> Iterator[str]:
    """A difference in words, a line for each thing."""
    added = turn.say("Back:") if done else turn.say("Added:")
    for said, wishes in ((turn.say("Removed:"), what.removed), (added, what.added)):
        yield from (f"{said} {called(wish)}" for wish in wishes[:_MOST_NAMED])
        if len(wishes) > _MOST_NAMED:
            yield turn.localizer.count(
                "and {count} more of them", "and {count} more of them", len(wishes) - _MOST_NAMED
            )
    for old, new in what.changed[:_MOST_NAMED]:
        yield turn.say("{number} was: {old}", number=new.number, old=_detail(turn, old, new))
        yield turn.say("{number} is: {new}", number=new.number, new=_detail(turn, new, old))
    if len(what.changed) > _MOST_NAMED:
        yield turn.localizer.count(
            "and {count} more of them", "and {count} more of them", len(what.changed) - _MOST_NAMED
        )
    for name in what.settings:
        if done is None:
            yield turn.say("The setting {name}.", name=label_of(name, turn.localizer))
        else:
            old_value, value = value_of(done.before.settings, name), value_of(done.after.settings, name)
            was, now = in_words(name, old_value, turn.localizer), in_words(name, value, turn.localizer)
            yield turn.say("{label}: {value} (was: {old})", label=label_of(name, turn.localizer), value=now, old=was)
    if what.paused is not None:
        yield turn.say("This chat is paused.") if what.paused else turn.say("This chat is not paused any more.")


def _detail(turn: CommandContext, wish: Subscription, other: Subscription) -> str:
    """What differs between two states of a subscription, as this one has it."""
    parts = [_as_read(wish.text)] if wish.text != other.text else []
    if wish.name != other.name:
        parts.append(wish.name or turn.say("without a name"))
    if (wish.cadence, wish.zone) != (other.cadence, other.zone):
        parts.append(cadence_words(wish.cadence, turn.localizer, wish.zone or ""))
    if (wish.state, wish.paused_until) != (other.state, other.paused_until):
        until = turn.localizer.moment(wish.paused_until) if wish.paused_until else ""
        paused = turn.say("paused until {moment}", moment=until) if until else turn.say("paused")
        parts.append(paused if wish.state == "paused" else turn.say("active"))
    return " · ".join(parts) or in_short(wish.name or wish.text)


def _as_read(query: str) -> str:
    """A query where it matters which words it has; as many of them as five changes leave room for."""
    return cut_letters(query, _LONGEST)


COMMANDS = (Command(name="undo", run=undo_last, needs_manager=True, summary=Sentence("take back the last change")),)
PRESSES = {"undo": Callback(run=press_undo, needs_manager=True)}
