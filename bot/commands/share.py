"""share, feed and email: a subscription as a link, papers at a secret address, papers by mail."""

from dataclasses import replace

from bot.commands import access as admission
from bot.commands.asking import no_subscriptions, not_found, on_subscription, pick_list, subscriptions_here
from bot.commands.base import Callback, Command, Context, refusal
from bot.messages import Button, Reply
from subscriptions.chats import known as known_chats
from subscriptions.chats.stored import access as access_rows
from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatState, Subscription
from subscriptions.subscribing.export_format import link_payload

_NEW, _STOP = ("new", "renew", "新"), ("stop", "off", "revoke", "停")
_ONCE = Sentence("I keep only its hash, so I cannot show it again.")


def share(context: Context) -> Reply:
    """Show a link that offers one subscription to others; without a number, asks which one if there are several."""
    subscriptions = subscriptions_here(context)
    typed = context.args.strip()
    if not subscriptions:
        return no_subscriptions(context)
    if not typed and len(subscriptions) > 1:
        return pick_list(context, context.say("Which one shall the link offer?"), "share")
    named = known_chats.named(subscriptions, typed) if typed else subscriptions[0]
    if named is None:
        raise not_found(typed)
    return _shared(context, named)


def _shared(context: Context, subscription: Subscription) -> Reply:
    """Return the reply with the link.

    With a command to pass on if there are no such links, or the query is too long for one.
    """
    links, bot = context.links
    payload = link_payload(f"{subscription.text} {subscription.cadence}") or link_payload(subscription.text)
    if links is None or not payload:
        head = context.say("To get the same, others can send me:")
        if links is not None:
            head = context.say("This query is too long for a link. Others can send me:")
        return Reply((head,), code=(context.typed(f"/sub {subscription.text} {subscription.cadence}"),))
    url = links.start(bot, payload)
    reading = subscription.name or context.reading(subscription.text)
    head = context.say("This link offers “{reading}” to anyone who opens it:", reading=reading)
    return Reply((head, url), buttons=((Button(context.say("open the link"), url=url),),))


def feed(context: Context) -> Reply:
    """Show the new address of the chat's feed; if there is one, only says since when.

    With "new" makes another one, and with "stop" removes it.
    """
    asked = context.args.casefold()
    if asked in _STOP:
        return _stop_feed(context)
    if asked and asked not in _NEW:
        raise refusal(
            "/feed does not know “{text}”.", "For example: /feed, /feed stop or /feed new", text=context.args.strip()
        )
    made = access_rows.key_made_at(context.transaction, context.chat.id)
    if asked or made is None:
        return _new_feed(context)
    _refuse_before_others(context)
    shown = context.reply(
        "This chat has had a feed since {day}.",
        _ONCE,
        "[new address] makes another one; the old one then shows nothing.",
        day=context.localizer.day(context.localizer.local(made).date()),
    )
    return _with_buttons(context, shown)


def _stop_feed(context: Context) -> Reply:
    anew = ((_anew(context),),)
    if not access_rows.drop_key(context.transaction, context.chat.id):
        return context.reply("This chat has no feed. To get no papers here: /stop", buttons=anew)
    context.news.append(f"The feed of {context.chat.address} is off.")
    return context.reply("The feed is off: its address shows nothing any more.", ok=True, buttons=anew)


def _new_feed(context: Context) -> Reply:
    """Make a key; the address before opens nothing from now on.

    Raise Refused if others would see it, or if the operator has not let the chat in.
    """
    _refuse_before_others(context)
    if admission.waits(context):
        hint = Sentence("Subscribe to a topic, and I ask them: /sub diffusion")
        if context.chat.state is ChatState.ASKED:
            hint = Sentence("Its subscriptions wait for them, too.")
        raise Refused(Sentence("The operator of this bot has not let this chat in yet."), hint)
    key = access_rows.make_key(context.transaction, context.chat.id, now=context.now)
    context.news.append(f"{context.chat.address} has a new key for its feed.")
    secret = context.say("Whoever has the address can read them, so keep it secret.")
    lines = [
        context.say("The papers that this chat is sent, for a feed reader:"),
        context.localizer.joined(secret, context.say(_ONCE)),
    ]
    if not context.app.settings.web_url:
        lines.append(context.say("Only the machine of this bot reaches it, until the operator sets PAPERWIRE_WEB_URL."))
    lines.append(context.say("With .json at its end, it is a JSON Feed."))
    address = f"{context.app.settings.pages_url}/feed/{key}.atom"
    return _with_buttons(context, Reply(lines, code=(address,), ok=True))


def _refuse_before_others(context: Context) -> None:
    """Raise Refused if others than the sender would see the answer, which holds a secret."""
    if not context.has_private_replies:
        name = str(context.chat.address).partition(":")[2]
        raise refusal(
            "Others read this chat, and the address is a secret.", "Ask me in our private chat: /feed {chat}", chat=name
        )


def _with_buttons(context: Context, reply: Reply) -> Reply:
    stop = context.runs("feed", "stop", label=context.say("stop"))
    return replace(reply, buttons=((_anew(context), stop),), is_ephemeral=True)


def _anew(context: Context) -> Button:
    return context.runs("feed", "new", label=context.say("new address"))


COMMANDS = (
    Command(
        share,
        "share",
        "a link that offers a subscription to others",
        examples=("/share 1",),
        usage="[N]",
    ),
    Command(
        feed,
        "feed",
        "your papers as a feed",
        examples=("/feed",),
        usage="[new|stop]",
        needs_manager=True,
    ),
)

CALLBACKS = {
    "share": Callback(on_subscription(_shared), replaces=True),
}
