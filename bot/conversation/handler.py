"""Handles a request: prepares it, executes it, and returns its stored reply."""

from bot.commands.intent import Intent
from bot.context.dependencies import Context
from bot.context.writing import do_steps
from bot.conversation.execution import execute
from bot.conversation.prepared_request import PreparedRequest, prepare
from bot.conversation.refusals import internal_error
from bot.conversation.stored_reply import StoredReply
from bot.ports.conversation import Request
from subscriptions.errors import StoreError
from subscriptions.service.chats import apply_once
from subscriptions.store import WRITES, Steps, Transaction


async def answer(context: Context, request: Request) -> StoredReply | None:
    """Handles a request and returns the stored reply.

    None: the request was handled before, or gets no reply. Raises StoreError.
    """
    if context.conversation is None:
        return None
    prepared = await prepare(context, context.conversation, request)
    if prepared is None:
        return None
    return await do_steps(execute(context, context.conversation, prepared), context.store)


def answer_failure(context: Context, request: Request) -> Steps[StoredReply | None]:
    """Marks a request with which our code failed as handled, and returns the stored answer. Raises StoreError."""
    if context.conversation is None:
        return None
    failed = PreparedRequest(
        request=request, intent=Intent(run=internal_error, counts_to_limit=False), place=request.place
    )
    try:
        return (yield from execute(context, context.conversation, failed))
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - no answer can be made either; the request is only marked as handled
        yield WRITES
        apply_once(context.store, request.chat.platform, request.update_id, _no_reply, chat="", now=context.clock.now())
        return None


def _no_reply(_: Transaction) -> str:
    return ""
