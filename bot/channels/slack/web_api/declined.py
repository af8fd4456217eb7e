"""The error of a call that Slack understood and refused."""

from subscriptions.errors import Rejected


class Declined(Rejected):
    """Slack understood the call and refused it. `code` is Slack's own code for the reason."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code
