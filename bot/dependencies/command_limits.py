"""How many commands a chat or a person may give in a minute."""

from dataclasses import dataclass, field

from bot.ports import conversation as conversations

MINUTE = 60.0  # seconds
MAX_OF_CHAT = 20  # commands per minute; every platform lets a bot write at least this many messages into a group
MAX_OF_PERSON = 10  # commands per minute of one person in a chat with others


@dataclass(slots=True)
class CommandLimits:
    """Limits the commands per minute: remembers those of the last minute that were not refused.

    Times are seconds of the monotonic clock.

    The event loop counts commands while the threads that answer read the counts. So the commands of a chat are in a tuple,
    which is replaced as a whole and never changed.
    """

    _given: dict[str, tuple[tuple[float, str], ...]] = field(default_factory=dict)  # chat → (second, person) of each
    # (chat, person) → until when the person is not told again
    _told: dict[tuple[str, str], float] = field(default_factory=dict)

    def is_over(self, request: conversations.Request, second: float) -> bool:
        """Returns whether the sender or the chat has used up its commands for now."""
        return not request.is_local and (
            len(self._given_in(str(request.chat), second)) >= MAX_OF_CHAT or self._is_person_over(request, second)
        )

    def _is_person_over(self, request: conversations.Request, second: float) -> bool:
        """Returns whether one person of a chat with others has used up their commands there."""
        given = self._given_in(str(request.chat), second)
        return not request.place.is_private and sum(by == request.sender for _, by in given) >= MAX_OF_PERSON

    def count(self, request: conversations.Request, second: float) -> None:
        """Counts a command that was not refused."""
        chat = str(request.chat)
        given = (*self._given_in(chat, second), (second, request.sender))
        self._given.pop(chat, None)
        self._given[chat] = given  # moves the chat to the end: the first chat has been silent for longest
        while (first := next(iter(self._given))) and not self._given_in(first, second):
            del self._given[first]

    def seconds_left(self, request: conversations.Request, second: float) -> float:
        """Returns the estimated seconds until the sender of a refused command may give the next one."""
        by_person = self._is_person_over(request, second)
        given = self._given_in(str(request.chat), second)
        first = next((at for at, person in given if person == request.sender or not by_person), second)
        return max(0.0, first + MINUTE - second)

    def tells(self, request: conversations.Request, second: float) -> bool:
        """Returns whether to tell the sender that a command was refused. If so, notes that the sender is told.

        A sender is told only once until the next command can be read. So one notice is about all refused commands until
        then.
        """
        self._told = {who: until for who, until in self._told.items() if until > second}
        who = (str(request.chat), request.sender)
        if who in self._told:
            return False
        self._told[who] = second + self.seconds_left(request, second)
        return True

    def _given_in(self, chat: str, second: float) -> tuple[tuple[float, str], ...]:
        return tuple(one for one in self._given.get(chat, ()) if one[0] > second - MINUTE)
