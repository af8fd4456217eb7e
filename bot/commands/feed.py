"""feed: the secret address of a feed with the chat's papers: who may have one, that it is shown once, how it ends."""

from dataclasses import replace

from bot.commands import admission
from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.ports import channel
from subscriptions import errors
from subscriptions.store import chat_keys

_NEW, _STOP = ("new", "renew", "新"), ("stop", "off", "revoke", "停")
_ONCE = errors.Sentence("I keep only its hash, so I cannot show it again.")


def feed(context: CommandContext) -> channel.Reply:
    """Shows the new address of the chat's feed; if there is one, only says since when.

    With "new" makes another one, and with "stop" removes it.
    """
    asked = context.args.casefold()
    if asked in _STOP:
        return _stopped(context)
    if asked and asked not in _NEW:
        raise refusal(
            "/feed does not know “{text}”.", "For example: /feed, /feed stop or /feed new", text=context.args.strip()
        )
    _refuse_before_others(context)
    made = chat_keys.key_made_at(context.transaction, context.chat.id)
    if asked or made is None:
        return _made(context)
    day = context.localizer.day(context.localizer.local(made).date())
    said = context.say("This chat has had a feed since {day}.", day=day)
    hint = context.say("[new address] makes another one; the old one then shows nothing.")
    return _reply(context, said, context.say(_ONCE), hint)


def on_new(context: CommandContext) -> channel.Reply:
    """Handles [new address]: the one before opens nothing from now on."""
    _refuse_before_others(context)
    return replace(_made(context), replaces=True)


def on_stop(context: CommandContext) -> channel.Reply:
    """Handles [stop]: the address opens nothing from now on."""
    return replace(_stopped(context), replaces=True)


def _stopped(context: CommandContext) -> channel.Reply:
    if not chat_keys.drop_key(context.transaction, context.chat.id):
        words = context.say("This chat has no feed. To get no papers here: /stop")
        return channel.Reply(lines=(words,), buttons=((_new_button(context),),))
    context.news.append(f"The feed of {context.chat.address} is off.")
    words = context.say("The feed is off: its address shows nothing any more.")
    return context.done(words, buttons=((_new_button(context),),))


def _refuse_before_others(context: CommandContext) -> None:
    """Raises Refused if others than the sender would see the answer, which holds a secret."""
    if not context.has_private_replies:
        name = str(context.chat.address).partition(":")[2]
        raise refusal(
            "Others read this chat, and the address is a secret.", "Ask me in our private chat: /feed {chat}", chat=name
        )


def _made(context: CommandContext) -> channel.Reply:
    """Makes a key. Raises Refused if the operator has not let the chat in."""
    if admission.waits(context):
        raise refusal(
            "The operator of this bot has not let this chat in yet.",
            "Subscribe to a topic, and I ask them: /sub diffusion",
        )
    key = chat_keys.make_key(context.transaction, context.chat.id, now=context.now)
    context.news.append(f"{context.chat.address} has a new key for its feed.")
    head = context.say("The papers that this chat is sent, for a feed reader:")
    secret = context.say("Whoever has the address can read them, so keep it secret.")
    more: list[str] = []
    if not context.bot_info.has_public_pages:
        more.append(context.say("Only the machine of this bot reaches it, until the operator sets PAPERWIRE_WEB_URL."))
    more.append(context.say("With .json at its end, it is a JSON Feed."))
    code = f"{context.bot_info.pages_url}/feed/{key}.atom"
    kept = context.localizer.joined(secret, context.say(_ONCE))
    return replace(_reply(context, head, kept, *more), code=(code,), ok=True)


def _reply(context: CommandContext, *lines: str) -> channel.Reply:
    stop = context.button("stop", "feed-stop")
    return channel.Reply(lines=lines, buttons=((_new_button(context), stop),), is_ephemeral=True)


def _new_button(context: CommandContext) -> channel.Button:
    return context.button("new address", "feed-new")


COMMANDS = (
    Command(
        name="feed",
        examples=("/feed",),
        run=feed,
        usage="[new|stop]",
        summary=errors.Sentence("your papers as a feed"),
        needs_manager=True,
    ),
)

CALLBACKS = {
    "feed-new": Callback(run=on_new, needs_manager=True),
    "feed-stop": Callback(run=on_stop, needs_manager=True),
}
