"""preview, today, search: papers that a chat would get, gets now, or looks for."""

from datetime import date

from bot.commands.core.asking import met
from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.papers.results import (
    nothing_active,
    subscribe_button,
)
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import Sentence
from subscriptions.model import ChatKind
from subscriptions.planning.times import split_when
from subscriptions.service.planner import Batch, newest_batch
from subscriptions.service.subscriptions import listed
from subscriptions.states import ChatState

# ------------------------------------------------------------------------------------------------------------- preview


# --------------------------------------------------------------------------------------------------------------- today


def today(turn: CommandContext) -> Reply:
    """The newest batch now."""
    return _today(turn, split_when(turn.args).query)


def press_today(turn: CommandContext) -> Reply:
    """[today's now]: the newest batch for one subscription."""
    which = _still_there(turn)
    return _today(turn, which) if which is not None else _gone(turn)


def _still_there(turn: CommandContext) -> str | None:
    """What a button is about: a subscription, if the chat still has it, a query, or all ("")."""
    if "number" not in turn.arguments:
        return str(turn.arguments.get("text", ""))
    wishes = listed(turn.store, turn.chat.address) if turn.chat.id else ()
    number = int(turn.arguments["number"])
    return str(number) if any(one.subscription.number == number for one in wishes) else None


def _gone(turn: CommandContext) -> Reply:
    return Reply(toast=turn.say("This subscription is gone."))


def _today(turn: CommandContext, which: str) -> Reply:
    if turn.origin.kind is ChatKind.PRIVATE and turn.chat.address == turn.origin.address and _may_get(turn):
        looked = None if turn.chat.id else newest_batch(turn.store, turn.chat, now=turn.now, which=which)
        if looked is not None and looked.delivery is None:
            return _shown_now(turn, which, looked)
        turn = met(turn)
        key = f"{turn.chat.id}:today:{turn.origin.address.platform}:{turn.request.update_id}"
        return _sent_now(turn, which, newest_batch(turn.store, turn.chat, now=turn.now, which=which, key=key))
    return _shown_now(turn, which, newest_batch(turn.store, turn.chat, now=turn.now, which=which))


def _may_get(turn: CommandContext) -> bool:
    """A delivery to a chat that is paused, or waits to be let in, would be held."""
    return turn.chat.state is ChatState.ACTIVE


def _sent_now(turn: CommandContext, which: str, batch: Batch) -> Reply:
    """The papers are on their way through the outbox; this says what comes."""
    if not batch.wishes:
        return nothing_active(turn, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(turn, which, batch)
    found = turn.localizer.count(
        "{count} paper of {day} is on its way.",
        "{count} papers of {day} are on their way.",
        len(batch.delivery.items),
        day=turn.localizer.day(batch.day),
    )
    return Reply(lines=(found, *_had(turn, batch)), buttons=_again(turn, which, batch))


def _shown_now(turn: CommandContext, which: str, batch: Batch) -> Reply:
    """The papers as an answer, which tells nobody anything for good."""
    if not batch.wishes:
        return nothing_active(turn, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(turn, which, batch)
    found = turn.localizer.count(
        "{count} paper of {day}",
        "{count} papers of {day}",
        len(batch.delivery.items),
        day=turn.localizer.day(batch.day),
    )
    subscribing = subscribe_button(turn, turn.args) if batch.query else ()
    again = _again(turn, which, batch)
    return Reply(lines=(found, *_had(turn, batch)), delivery=batch.delivery, buttons=(*again, *subscribing))


def _nothing_new(turn: CommandContext, which: str, batch: Batch) -> Reply:
    if batch.day is None:
        return Reply(lines=(turn.say("No papers are known yet."),))
    day = turn.localizer.day(batch.day)
    if batch.told:
        words = turn.localizer.count(
            "The only paper of {day} that fits came before.",
            "All {count} papers of {day} that fit came before.",
            batch.told,
            day=day,
        )
        return Reply(lines=(words,), buttons=_again(turn, which, batch))
    words = turn.localizer.count(
        "The only paper of {day} does not fit.",
        "None of the {count} papers of {day} fits.",
        batch.known,
        day=day,
    )
    return Reply(lines=(words,))


def _had(turn: CommandContext, batch: Batch) -> tuple[str, ...]:
    if not batch.told:
        return ()
    return (turn.localizer.count("{count} more came before.", "{count} more came before.", batch.told),)


def _again(turn: CommandContext, which: str, batch: Batch) -> Buttons:
    """[show all of that day], where the chat was told of some."""
    if not batch.told or batch.day is None or turn.in_public:
        return ()
    of_one = which and batch.query is None
    about = {"number": batch.wishes[0].number} if of_one else {"text": which}
    arguments = {"day": batch.day.isoformat(), **about}
    return ((Button(label=turn.say("show all of that day"), verb="today-again", arguments=arguments),),)


def press_again(turn: CommandContext) -> Reply:
    """All papers of a day that fit, those that came before, too."""
    which, day = _still_there(turn), date.fromisoformat(str(turn.arguments["day"]))
    if which is None:
        return _gone(turn)
    batch = newest_batch(turn.store, turn.chat, now=turn.now, which=which, day=day, told_too=True)
    if batch.delivery is None:
        return Reply(toast=turn.say("There is nothing any more that fits."))
    found = turn.localizer.count(
        "{count} paper of {day}", "{count} papers of {day}", len(batch.delivery.items), day=turn.localizer.day(day)
    )
    return Reply(lines=(found,), delivery=batch.delivery)


# -------------------------------------------------------------------------------------------------------------- search


COMMANDS = (
    Command(
        name="today", aliases=("latest",), run=today, usage="[QUERY|N]", summary=Sentence("get the newest papers now")
    ),
)
CALLBACKS = {"today": Callback(run=press_today), "today-again": Callback(run=press_again)}
