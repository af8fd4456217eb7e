"""The console: messages as text in a terminal, a file or a pipe."""

from functools import partial

from subscriptions.chats.addresses import PlatformFacts, read_name

FACTS = PlatformFacts(
    name="console",
    title="Console",
    address_form="console:NAME",
    read_address=partial(read_name, "console"),
    notifies=False,
)
