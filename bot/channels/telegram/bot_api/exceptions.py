"""The errors of Telegram that callers tell from other refusals."""

from subscriptions.errors import Rejected, RetryLater


class UpdatesConflict(RetryLater):
    """Telegram sends the updates elsewhere: to a `webhook`, or to another process with the same token."""

    def __init__(self, reason: str, *, webhook: bool) -> None:
        super().__init__(reason)
        self.webhook = webhook


class PersonNotFound(Rejected):
    """The person does not exist, or is not in the chat."""


class FileTooLarge(Rejected):
    """The file is larger than bots may download."""
