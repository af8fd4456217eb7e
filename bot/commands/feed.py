"""feed: the secret address of a feed with the chat's papers, and the token of the API: who may have one, that it is shown once, how it ends."""

from dataclasses import replace

from bot.commands import admission
from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.ports import channel
from subscriptions import errors
from subscriptions.states import Opens
from subscriptions.store import chat_keys

_OF_API = ("token", "api", "令牌")  # words of the arguments that mean the token
_NEW, _STOP = ("new", "renew", "新"), ("stop", "off", "revoke", "停")
_ONCE = errors.Sentence("I keep only its hash, so I cannot show it again.")


def feed(context: CommandContext) -> channel.Reply:
    """Shows the new address of the chat's feed, or the new token of the API; if there is one, only says since when.

    With "new" makes another one, and with "stop" removes it.
    """
    opens, asked = _asked(context.args)
    if asked in _STOP:
        return _stopped(context, opens)
    _refuse_before_others(context)
    if asked in _NEW:
        return _made(context, opens)
    made = chat_keys.key_made_at(context.transaction, context.chat.id, opens)
    if made is None:
        return _made(context, opens)
    day = context.localizer.day(context.localizer.local(made).date())
    if opens is Opens.FEED:
        said = context.say("This chat has had a feed since {day}.", day=day)
        hint = context.say("[new address] makes another one; the old one then shows nothing.")
    else:
        said = context.say("This chat has had a token since {day}.", day=day)
        hint = context.say("[new token] makes another one; the old one then opens nothing.")
    return _reply(context, opens, said, context.say(_ONCE), hint)


def on_new(context: CommandContext) -> channel.Reply:
    """Handles [new address] and [new token]: the one before opens nothing from now on."""
    _refuse_before_others(context)
    return replace(_made(context, Opens(context.arguments["opens"])), replaces=True)


def on_stop(context: CommandContext) -> channel.Reply:
    """Handles [stop]: the address or the token opens nothing from now on."""
    return replace(_stopped(context, Opens(context.arguments["opens"])), replaces=True)


def _asked(args: str) -> tuple[Opens, str]:
    """Returns (what the arguments are about, the word for what shall happen to it or ""). Raises Refused."""
    typed = args.casefold().split()
    opens = Opens.API if any(word in _OF_API for word in typed) else Opens.FEED
    others = [word for word in typed if word not in _OF_API]
    if len(typed) - len(others) > 1 or len(others) > 1 or not {*others} <= {*_NEW, *_STOP}:
        raise refusal(
            "/feed does not know “{text}”.",
            "For example: /feed, /feed stop, /feed new, or /feed token for the API",
            text=args.strip(),
        )
    return opens, "".join(others)


def _stopped(context: CommandContext, opens: Opens) -> channel.Reply:
    if not chat_keys.drop_key(context.transaction, context.chat.id, opens):
        if opens is Opens.FEED:
            words = context.say("This chat has no feed. To get no papers here: /stop")
        else:
            words = context.say("This chat has no token.")
        return channel.Reply(lines=(words,), buttons=((_new_button(context, opens),),))
    if opens is Opens.FEED:
        words = context.say("The feed is off: its address shows nothing any more.")
    else:
        words = context.say("The token opens nothing any more.")
    context.news.append(f"The {opens} of {context.chat.address} is off.")
    return context.done(words, buttons=((_new_button(context, opens),),))


def _refuse_before_others(context: CommandContext) -> None:
    """Raises Refused if others than the sender would see the answer, which holds a secret."""
    if not context.has_private_replies:
        name = str(context.chat.address).partition(":")[2]
        raise refusal(
            "Others read this chat, and the address is a secret.", "Ask me in our private chat: /feed {chat}", chat=name
        )


def _made(context: CommandContext, opens: Opens) -> channel.Reply:
    """Makes a key. Raises Refused if the operator has not let the chat in."""
    if admission.waits(context):
        raise refusal(
            "The operator of this bot has not let this chat in yet.",
            "Subscribe to a topic, and I ask them: /sub diffusion",
        )
    key = chat_keys.make_key(context.transaction, context.chat.id, opens, now=context.now)
    context.news.append(f"{context.chat.address} has a new key for its {opens}.")
    root = context.bot_info.pages_url
    more: list[str] = []
    if not context.bot_info.has_public_pages:
        more.append(context.say("Only the machine of this bot reaches it, until the operator sets PAPERWIRE_WEB_URL."))
    if opens is Opens.FEED:
        head = context.say("The papers that this chat is sent, for a feed reader:")
        secret = context.say("Whoever has the address can read them, so keep it secret.")
        more.append(context.say("With feed.json in place of feed.atom, it is a JSON Feed."))
        code = f"{root}/feed.atom?key={key}"
    else:
        head = context.say("For programs, what this chat can read: its subscriptions, all papers, and my answers:")
        secret = context.say("Whoever has the token can read that, so keep it secret.")
        code = f'curl -H "Authorization: Bearer {key}" {root}/api/subscriptions'
    kept = context.localizer.joined(secret, context.say(_ONCE))
    return replace(_reply(context, opens, head, kept, *more), code=(code,), ok=True)


def _reply(context: CommandContext, opens: Opens, *lines: str) -> channel.Reply:
    stop = context.button("stop", "feed-stop", opens=opens.value)
    return channel.Reply(lines=lines, buttons=((_new_button(context, opens), stop),), is_ephemeral=True)


def _new_button(context: CommandContext, opens: Opens) -> channel.Button:
    label = context.say("new token")
    if opens is Opens.FEED:
        label = context.say("new address")
    return context.labelled(label, "feed-new", opens=opens.value)


COMMANDS = (
    Command(
        name="feed",
        examples=("/feed", "/feed token"),
        run=feed,
        aliases=("rss",),
        usage="[token] [new|stop]",
        summary=errors.Sentence("your papers as a feed, or for programs"),
        needs_manager=True,
    ),
)

CALLBACKS = {
    "feed-new": Callback(run=on_new, needs_manager=True),
    "feed-stop": Callback(run=on_stop, needs_manager=True),
}
