"""The program of paperwire.

It reads digests, delivers papers to chats and answers people; `subscriptions` is its domain.

A digest becomes messages in a chat. Every second:

- `tick` in bot/run/process.py reads the sources, plans what is due, wakes the lanes that have something to send
- `poll` in bot/sources/source_scheduler.py reads new files, and starts a poll of each source that is due
- `read_digest` in bot/digests/__init__.py turns bytes into papers
- `ingest_digest` in subscriptions/papers/ingest.py merges the papers into the store, and numbers the new ones
- `steps` in subscriptions/plan/plan.py matches the papers with due subscriptions, and stores deliveries
- `decide` in subscriptions/plan/decision.py says which papers one delivery brings
- `deliver` in bot/delivery/chat_queue.py claims, renders, posts and records the messages of one lane
- `render_delivery` in bot/rendering/deliveries.py turns a delivery into messages of its platform
- `post` in bot/platforms/PLATFORM/adapter.py makes one call to the platform
- `decide_retry` in subscriptions/outbox/retries.py says what to do after its outcome, such as when to try again

A message becomes an answer. For each update of a platform:

- `read_update` in bot/platforms/PLATFORM/incoming.py turns an update into a request
- `dispatch` in bot/conversation/dispatcher.py keeps the order within a lane
- `begin` in bot/conversation/handler.py reads what is meant, makes every call to the platform before the transaction,
  and runs the command
- `understand` in bot/commands/registry.py says which command is meant
- `authorize` in bot/conversation/authorization.py says whether the sender manages the chat
- `sub` in bot/commands/sub.py is an example: a command is a function from a context to a reply
- `draft_reply` in bot/conversation/drafts.py renders the reply, with tokens for its buttons
- `send_reply` in bot/conversation/reply_sender.py posts the reply from memory

docs/architecture.md has the rooms, where to add a platform, a command, a setting or a format, and the rules of the
data.
"""
