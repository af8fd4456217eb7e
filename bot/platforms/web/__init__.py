"""The web: chats on paperwire's own page.

Their messages are stored in our database, and sent to browsers that show the chat.
"""

from functools import partial

from subscriptions.chats.addresses import PlatformFacts, read_name

FACTS = PlatformFacts(
    name="web",
    title="Web",
    address_form="web:NAME",
    read_address=partial(read_name, "web"),
    notifies=False,
    can_look_up=True,
    shows_more=True,
    keeps_messages=True,
)
