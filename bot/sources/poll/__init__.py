"""One poll of one source on the web: fetch, read, judge, store, and leave one receipt.

    progress    what the poll has seen so far
    fetching    fetch, read and store one document
    documents   what one document says: its errors, its age, its validators
    account     the receipt, the state and the notices that follow from what was seen
    missed      the days that were missed, fetched afterwards
    poll        the poll itself

Each document is stored in one transaction, together with the receipt as it is after that document. So a poll that is cut
off leaves a receipt of what it has stored, and validators only of documents that were stored.
"""

from bot.sources.poll.poll import Poll as Poll
