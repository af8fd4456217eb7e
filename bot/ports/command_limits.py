"""How many commands a chat or a person may give in a minute."""

from bot.ports.conversation import Request

MINUTE = 60.0  # seconds
MAX_OF_CHAT = 20  # commands per minute; every platform lets a bot write at least this many messages into a group
MAX_OF_PERSON = 10  # commands per minute of one person in a chat with others


class CommandLimits:
    """Limits the commands per minute: remembers those of the last minute that were not refused.

    Times are seconds of the monotonic clock. The event loop counts commands while the threads that answer read the
    counts. So the commands of a chat are in a tuple, which is replaced as a whole and never changed.
    """

    def __init__(self) -> None:
        self._given: dict[str, tuple[tuple[float, str], ...]] = {}  # chat → (second, person) of each
        self._told: dict[tuple[str, str], float] = {}  # (chat, person) → until when the person is not told again

    def wait(self, request: Request, second: float) -> float:
        """Returns the seconds until the sender may give the next command here; 0 if that is now."""
        if request.is_local:
            return 0.0
        given = self._given_in(str(request.chat), second)
        by_person = [at for at, person in given if person == request.sender]
        if not request.place.is_private and len(by_person) >= MAX_OF_PERSON:
            return by_person[0] + MINUTE - second
        if len(given) >= MAX_OF_CHAT:
            return given[0][0] + MINUTE - second
        return 0.0

    def count(self, request: Request, second: float) -> None:
        """Counts a command that was not refused."""
        chat = str(request.chat)
        given = (*self._given_in(chat, second), (second, request.sender))
        self._given.pop(chat, None)
        self._given[chat] = given  # moves the chat to the end: the first chat has been silent for longest
        while (first := next(iter(self._given))) and not self._given_in(first, second):
            del self._given[first]

    def tells(self, request: Request, second: float) -> bool:
        """Returns whether to tell the sender that a command was refused. If so, notes that the sender is told.

        A sender is told only once until the next command can be read. So one notice is about all refused commands until
        then.
        """
        self._told = {who: until for who, until in self._told.items() if until > second}
        who = (str(request.chat), request.sender)
        if who in self._told:
            return False
        self._told[who] = second + self.wait(request, second)
        return True

    def _given_in(self, chat: str, second: float) -> tuple[tuple[float, str], ...]:
        return tuple(one for one in self._given.get(chat, ()) if one[0] > second - MINUTE)
