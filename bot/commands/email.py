"""Receive the papers of a chat by mail."""

from dataclasses import replace
from datetime import datetime

from bot.commands import access as admission
from bot.commands import asking
from bot.commands.base import Callback, Command, Context, refusal
from bot.messages import Reply
from subscriptions.chats import addresses
from subscriptions.chats import known as known_chats
from subscriptions.errors import Refused
from subscriptions.outbox.notices import CONFIRM
from subscriptions.subscribing import access


def email(context: Context) -> Reply:
    """Send a question to a mail address: may this chat's papers also be mailed there? Raise Refused."""
    platform = context.app.mail_platform
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
    except Refused as error:
        context.news.append(
            f"{person} wants papers to be mailed to one more address, which is not asked: {error.sentence}"
        )
        raise
    context.news.append(f"{person} wants papers to be mailed to one more address, which is asked first.")
    asked = context.reply(
        "I have sent a question to {address}. Papers come there once it is answered.",
        "The answer is open for two days. The mail may be in the folder for spam.",
        address=address.address,
        ok=True,
    )
    return replace(asked, is_ephemeral=True)


def on_confirm(context: Context) -> Reply:
    """Handle the confirmation of a mail address: papers are mailed there from now on. Raise Refused."""
    said = context.arguments.get("chat")
    source = addresses.parse_address(str(said)) if said else None
    until = datetime.fromisoformat(str(context.arguments["until"]))
    if source is not None and access.access_status(context.transaction, source).is_denied:
        raise refusal("The operator of this bot has said no to the chat that asked.")
    chat = access.confirm(context.transaction, context.chat.address, source=source, until=until, now=context.now)
    count = len(known_chats.listed(context.transaction, chat.address))
    lines = [context.say("Papers come to {address} from now on.", address=chat.address.address)]
    if not count:
        return context.done(
            *lines, context.say("What do you read about? Write a topic below, such as: diffusion daily 8")
        )
    lines.append(context.count("It has {count} subscription.", "It has {count} subscriptions.", count))
    look = context.runs("list", label=context.say("your subscriptions"))
    return context.done(*lines, buttons=((look,),))


COMMANDS = (
    Command(
        email,
        "email",
        "papers by mail, too",
        examples=("/email me@lab.org",),
        usage="me@lab.org",
        is_answer=lambda text: "@" in text,
        needs_manager=True,
        names_chats=True,
    ),
)

CALLBACKS = {CONFIRM: Callback(on_confirm, writes=True, stays_here=True)}
