"""Claims of chats by planners, as locks of a session of PostgreSQL: they end with the session, however that ends."""

from collections.abc import Sequence
from typing import Any

_CHATS = 7_250  # a number of ours: beside it stands the id of a chat
_TAKE = "SELECT id FROM unnest(%s::integer[]) AS id WHERE pg_try_advisory_lock(%s, id)"
_GIVE_BACK = "SELECT pg_advisory_unlock(%s, id) FROM unnest(%s::integer[]) AS id"


class PostgresClaims:
    """See Claims. `connection` is used for nothing else, and takes part in no transaction."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - of the driver
        self._connection = connection
        self._taken: list[int] = []

    def take(self, chat_ids: Sequence[int]) -> list[int]:
        """See Claims."""
        cursor = self._connection.cursor()
        cursor.execute(_TAKE, (list(chat_ids), _CHATS))
        self._taken = [chat for (chat,) in cursor.fetchall()]
        return list(self._taken)

    def release(self) -> None:
        """See Claims."""
        if self._taken:
            self._connection.cursor().execute(_GIVE_BACK, (_CHATS, self._taken))
            self._taken = []
