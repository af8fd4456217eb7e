"""One poll of one source on the web: fetches, reads and stores its documents, and writes one receipt.

    progress    the state of the poll so far
    fetching    fetches, reads and stores one document
    documents   decisions about one document: its errors, its age, its validators
    account     the receipt, the source's state and the notices that follow from the progress
    missed      fetches the days that were missed
    poll        the poll itself

Each document is stored in one transaction, together with the receipt up to that document. So a poll that is interrupted
leaves a receipt of what it has stored, and validators only of documents that were stored.
"""
