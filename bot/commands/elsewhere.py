"""share, feed and email: a subscription as a link, papers at a secret address, papers by mail after a person has confirmed the address."""

from dataclasses import replace
from datetime import datetime

from bot.commands import admission, asking, picking
from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.commands.picking import listed_here
from bot.ports import channel
from subscriptions import addresses, errors, model
from subscriptions.notices import CONFIRM
from subscriptions.portable import link_payload
from subscriptions.service import access, known_chats
from subscriptions.store import stored_chats

_ONCE = errors.Sentence("I keep only its hash, so I cannot show it again.")


def share(context: CommandContext) -> channel.Reply:
    """Shows a link that offers one subscription to others; without a number, asks which one if there are several."""
    subscriptions = picking.subscriptions_here(context)
    if not subscriptions:
        return picking.no_subscriptions(context)
    if context.args:
        return _shared(context, picking.subscription_named(context, context.args))
    if len(subscriptions) == 1:
        return _shared(context, subscriptions[0])
    return _which(context)


def _which(context: CommandContext) -> channel.Reply:
    return picking.pick_list(context, context.say("Which one shall the link offer?"), "share")


def _shared(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Returns the reply with the link; with a command to pass on if there are no such links, or the query is too long for one."""
    links, bot = context.links
    payload = link_payload(f"{subscription.text} {subscription.cadence}") or link_payload(subscription.text)
    if links is None or not payload:
        head = context.say("To get the same, others can send me:")
        if links is not None:
            head = context.say("This query is too long for a link. Others can send me:")
        return channel.Reply(lines=(head,), code=(context.typed(f"/sub {subscription.text} {subscription.cadence}"),))
    url = links.start(bot, payload)
    reading = subscription.name or context.reading(subscription.text)
    head = context.say("This link offers “{reading}” to anyone who opens it:", reading=reading)
    return channel.Reply(lines=(head, url), buttons=((channel.Button(label=context.say("open the link"), url=url),),))


_NEW, _STOP = ("new", "renew", "新"), ("stop", "off", "revoke", "停")


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
    made = stored_chats.key_made_at(context.transaction, context.chat.id)
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
    if not stored_chats.drop_key(context.transaction, context.chat.id):
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
    key = stored_chats.make_key(context.transaction, context.chat.id, now=context.now)
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


def email(context: CommandContext) -> channel.Reply:
    """Sends a question to a mail address: may this chat's papers also be mailed there? Raises Refused."""
    platform = context.bot_info.mail_platform
    if not platform:
        raise refusal(
            "I send no mail: e-mail is off here.", "The operator of this bot turns it on with PAPERWIRE_SMTP_URL."
        )
    typed = context.args.strip().strip("<>")
    if not typed:
        return asking.ask(context, "email", context.say("Which address? For example: /email me@lab.org"))
    address = addresses.facts_of(platform).read_address(typed)
    if address is None:
        raise refusal("“{text}” is no e-mail address.", "Write /email me@lab.org", text=typed)
    if admission.waits(context):
        admission.ask_operators(context, f"/email {address.address}")
        return context.reply(
            "I ask no address before the operator of this bot lets this chat in. Say it again then.", ok=False
        )
    person = context.person if context.request.sender else context.origin.address
    try:
        access.ask_to_confirm(context.transaction, address, source=context.chat.address, person=person, now=context.now)
    except errors.Refused as error:
        context.news.append(
            f"{person} wants papers to be mailed to one more address, which is not asked: {error.sentence}"
        )
        raise
    context.news.append(f"{person} wants papers to be mailed to one more address, which is asked first.")
    lines = [
        context.say(
            "I have sent a question to {address}. Papers come there once it is answered.", address=address.address
        ),
        context.say("The answer is open for two days. The mail may be in the folder for spam."),
    ]
    if not listed_here(context):
        lines.append(context.say("There are no subscriptions to take along yet: send me a topic first."))
    return channel.Reply(lines=tuple(lines), ok=True, is_ephemeral=True)


def on_confirm(context: CommandContext) -> channel.Reply:
    """Handles the confirmation of a mail address: papers are mailed there from now on. Raises Refused."""
    said = context.arguments.get("chat")
    source = addresses.parse_address(str(said)) if said else None
    until = datetime.fromisoformat(str(context.arguments["until"]))
    if source is not None and access.standing_of(context.transaction, source).is_denied:
        raise refusal("The operator of this bot has said no to the chat that asked.")
    chat = access.confirm(context.transaction, context.chat.address, source=source, until=until, now=context.now)
    count = len(known_chats.listed(context.transaction, chat.address))
    lines = [context.say("Papers come to {address} from now on.", address=chat.address.address)]
    if not count:
        return context.done(
            *lines, context.say("What do you read about? Write a topic below, such as: diffusion daily 8")
        )
    lines.append(context.count("It has {count} subscription.", "It has {count} subscriptions.", count))
    look = context.button("your subscriptions", "do", command="list", args="")
    return context.done(*lines, buttons=((look,),))


COMMANDS = (
    Command(
        name="share",
        examples=("/share 1",),
        run=share,
        usage="[N]",
        summary=errors.Sentence("a link that offers a subscription to others"),
    ),
    Command(
        name="feed",
        examples=("/feed",),
        run=feed,
        usage="[new|stop]",
        summary=errors.Sentence("your papers as a feed"),
        needs_manager=True,
    ),
    Command(
        name="email",
        examples=("/email me@lab.org",),
        run=email,
        usage="me@lab.org",
        summary=errors.Sentence("papers by mail, too"),
        needs_manager=True,
        names_chats=True,
    ),
)

CALLBACKS = {
    "share": Callback(run=picking.on_subscription(_shared), replaces=True),
    "feed-new": Callback(run=on_new, needs_manager=True),
    "feed-stop": Callback(run=on_stop, needs_manager=True),
    CONFIRM: Callback(run=on_confirm, writes=True, stays_here=True),
}
