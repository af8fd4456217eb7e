"""The handles of queries by their canonical texts, in a sixth of the memory of a dict.

No text is kept, only 64 bits of its digest for each handle. A table that is looked up by the digest leads to the handle.
With a million texts the chance that any two have one digest is 3e-8. Each set draws its own key for the digest, so no
one can make up such texts.
"""

from array import array
from hashlib import blake2b
from secrets import token_bytes

from subscriptions.matching.columns import State

NO_HANDLE = -1
_REMOVED = -2  # a place that was used: the search goes on after it
_LEAST_PLACES = 1 << 8


class Handles:
    """Numbers from 0 for different texts. A number is used for one text only, also when that was removed."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or token_bytes(16)
        self.digests = array("Q")  # by handle
        self.places = array("i", [NO_HANDLE]) * _LEAST_PLACES  # a power of two
        self.used = 0  # places that are not NO_HANDLE
        self.count = 0  # handles that were not removed

    def __len__(self) -> int:
        """Returns the number of texts that have a handle."""
        return self.count

    def put(self, text: str) -> tuple[int, bool]:
        """Returns the handle of a text, and whether it is new."""
        digest = self._digest(text)
        place, handle = self._found(digest)
        if handle != NO_HANDLE:
            return handle, False
        if 3 * self.used >= 2 * len(self.places):
            self._rebuild()
            place, _ = self._found(digest)
        handle = len(self.digests)
        self.digests.append(digest)
        self.places[place] = handle
        self.used += 1
        self.count += 1
        return handle, True

    def find(self, text: str) -> int | None:
        """Returns the handle of a text; None if it has none."""
        _, handle = self._found(self._digest(text))
        return None if handle == NO_HANDLE else handle

    def remove(self, handle: int) -> None:
        """Forgets the text of a handle."""
        place, _ = self._found(self.digests[handle])
        self.places[place] = _REMOVED
        self.count -= 1

    def state(self) -> State:
        """Returns what `restored` takes."""
        return {
            "key": self.key.hex(),
            "digests": self.digests,
            "places": self.places,
            "counts": [self.used, self.count],
        }

    @classmethod
    def restored(cls, state: State) -> "Handles":
        """Returns the handles of a state."""
        handles = cls(bytes.fromhex(state["key"]))
        handles.digests, handles.places = state["digests"], state["places"]
        handles.used, handles.count = state["counts"]
        return handles

    def _digest(self, text: str) -> int:
        return int.from_bytes(blake2b(text.encode(), digest_size=8, key=self.key).digest(), "little")

    def _found(self, digest: int) -> tuple[int, int]:
        """Returns (the place of a digest, its handle), else (the place where it may be put, NO_HANDLE)."""
        places, digests = self.places, self.digests
        last = len(places) - 1
        place = digest & last
        while (handle := places[place]) != NO_HANDLE:
            if handle != _REMOVED and digests[handle] == digest:
                return place, handle
            place = place + 1 & last
        return place, NO_HANDLE

    def _rebuild(self) -> None:
        """Rebuilds the table without removed places, with at most a third of it used."""
        handles = [handle for handle in self.places if handle >= 0]
        size = _LEAST_PLACES
        while size < 3 * len(handles):
            size *= 2
        self.places = array("i", [NO_HANDLE]) * size
        self.used = len(handles)
        for handle in handles:
            self.places[self._found(self.digests[handle])[0]] = handle
