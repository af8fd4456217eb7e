"""What happens in a Slack workspace: channels are archived, deleted, renamed; people leave; the app is taken away."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.commands.turn import Run, Turn
from bot.ports import Reply
from subscriptions import leave_place, lose_place, name_of, notify_operators, uninstall


def archived(turn: Turn) -> Reply | None:
    """Nobody can write there; what the channel asked for waits until it is open again."""
    lose_place(turn.store, turn.home.address, "The channel was archived.", topic=False, now=turn.now)
    return None


def deleted(turn: Turn) -> Reply | None:
    """Nobody can write there any more."""
    lose_place(turn.store, turn.home.address, "The channel was deleted.", topic=False, now=turn.now)
    return None


def renamed(turn: Turn) -> Reply | None:
    """Its name was taken over with the request."""
    del turn
    return None


def member_left(turn: Turn) -> Reply | None:
    """Whoever set the channel up is gone: the channel is told once who looks after it now, and so are the operators."""
    if not leave_place(turn.store, turn.home.address, turn.request.sender):
        return None
    notify_operators(
        turn.store,
        turn.house.admins,
        "subscriber-left",
        {"chat": name_of(turn.home)},
        now=turn.now,
        about=str(turn.home.address),
    )
    return Reply(
        lines=(
            turn.say("Whoever subscribed this channel has left it. What it asks for still comes."),
            turn.say("Any member can look after it: /list shows what comes, /unsub ends it."),
        )
    )


def removed(turn: Turn) -> Reply | None:
    """The app was taken away: everything of the workspace waits, and is erased after thirty days."""
    team = turn.request.told["team"]
    uninstall(turn.store, team, now=turn.now)
    detail = {"platform": f"slack:{team}", "reason": "The app was removed from the workspace."}
    notify_operators(turn.store, turn.house.admins, "stopped", detail, now=turn.now, about=f"slack:{team}")
    return None


HAPPENINGS: Mapping[str, Run] = MappingProxyType(
    {"archived": archived, "deleted": deleted, "renamed": renamed, "member-left": member_left, "uninstalled": removed}
)
