"""email: papers by mail, too. They come only after a person has confirmed the address by the mail that was sent there."""

from datetime import datetime

from bot.commands import admission, asking
from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.commands.picking import listed_here
from bot.ports import channel
from subscriptions import addresses, errors
from subscriptions.notices import CONFIRM
from subscriptions.service import access, confirmations, listing


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
        confirmations.ask_to_confirm(
            context.transaction, address, source=context.chat.address, person=person, now=context.now
        )
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
    said = str(context.arguments["source"])
    source = addresses.parse_address(said) if said else None
    until = datetime.fromisoformat(str(context.arguments["until"]))
    if source is not None and access.standing_of(context.transaction, source).is_denied:
        raise refusal("The operator of this bot has said no to the chat that asked.")
    chat = confirmations.confirm(context.transaction, context.chat.address, source=source, until=until, now=context.now)
    count = len(listing.listed(context.transaction, chat.address))
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
        name="email",
        examples=("/email me@lab.org",),
        run=email,
        usage="me@lab.org",
        summary=errors.Sentence("papers by mail, too"),
        needs_manager=True,
        names_chats=True,
    ),
)

CALLBACKS = {CONFIRM: Callback(run=on_confirm, writes=True)}
