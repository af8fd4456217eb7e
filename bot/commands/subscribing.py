"""sub, list: what a chat asks for."""

from bot.commands.turn import Command, Press, Turn
from bot.commands.wishes import subscribed
from bot.ports import Button, Reply
from subscriptions import Sentence, Wish, parse_query, split_when, subscribe, unsubscribe


def sub(turn: Turn) -> Reply:
    """Adds a subscription."""
    parse_query(turn.args)
    done = subscribe(turn.store, turn.chat.address, Wish(text=turn.args), now=turn.now)
    reply = subscribed(
        done, turn.voice, reading=turn.words.reading(done.query), examples=[turn.title(k) for k in done.examples]
    )
    number = done.subscription.number
    undo = Button(label=turn.say("undo"), verb="unsub", arguments={"number": number})
    return Reply(lines=reply.lines, ok=reply.ok, buttons=((undo,),))


def press_unsub(turn: Turn) -> Reply:
    """Takes a subscription back."""
    unsubscribe(turn.store, turn.chat.address, str(turn.arguments["number"]))
    return Reply(lines=(turn.say("Removed."),), ok=True, replaces=True)


COMMANDS = (
    Command(
        name="sub",
        aliases=("subscribe", "add", "follow"),
        run=sub,
        changes=True,
        usage="QUERY [WHEN]",
        summary=Sentence("subscribe to a query"),
    ),
)
PRESSES = {"unsub": Press(run=press_unsub, changes=True)}
_ = split_when
