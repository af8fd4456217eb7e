"""email, and the yes of an address: papers come by mail to whoever has asked for that and said yes from there."""

from datetime import datetime

from bot.commands.asking import listed_here
from bot.commands.context import Callback, Command, CommandContext, always
from bot.ports.channel import Button, Reply
from subscriptions.addresses import facts_of, parse_address
from subscriptions.errors import Refused, Sentence
from subscriptions.notices.chats import CONFIRM
from subscriptions.service.confirming import ask_to_confirm, confirm
from subscriptions.service.next_deliveries import listed


def email(context: CommandContext) -> Reply:
    """Asks an address whether this chat's papers may come there, too. Raises Refused."""
    platform = context.bot_info.mail_platform
    if not platform:
        raise Refused(
            Sentence("I send no mail: e-mail is off here."),
            Sentence("The operator of this bot turns it on with PAPERWIRE_SMTP_URL."),
        )
    typed = context.args.strip().strip("<>")
    if not typed:
        return Reply(lines=(context.say("Say where to: /email me@lab.org"),), ok=False)
    address = facts_of(platform).read_address(typed)
    if address is None:
        raise Refused(Sentence("“{text}” is no e-mail address.", {"text": typed}), Sentence("Write /email me@lab.org"))
    ask_to_confirm(context.store, address, source=context.chat.address, now=context.now)
    lines = [
        context.say(
            "I have sent a question to {address}. Papers come there once it is answered.", address=address.address
        ),
        context.say("The answer is open for two days. The mail may be in the folder for spam."),
    ]
    if not listed_here(context):
        lines.append(context.say("There are no subscriptions to take along yet: send me a topic first."))
    return Reply(lines=tuple(lines), ok=True, is_ephemeral=True)


def on_confirm(context: CommandContext) -> Reply:
    """Handles the yes of an address. Raises Refused."""
    source = str(context.arguments["source"])
    until = datetime.fromisoformat(str(context.arguments["until"]))
    chat = confirm(
        context.store,
        context.chat.address,
        source=parse_address(source) if source else None,
        until=until,
        now=context.now,
    )
    count = len(listed(context.store, chat.address))
    lines = [context.say("Papers come to {address} from now on.", address=chat.address.address)]
    lines += (
        [context.localizer.count("It has {count} subscription.", "It has {count} subscriptions.", count)]
        if count
        else [context.say("What do you read about? Write a topic below, such as: diffusion daily 8")]
    )
    look = Button(label=context.say("your subscriptions"), verb="do", arguments={"command": "list", "args": ""})
    return Reply(lines=tuple(lines), ok=True, buttons=((look,),) if count else ())


CALLBACKS = {CONFIRM: Callback(run=on_confirm, writes=always)}

COMMANDS = (
    Command(
        name="email",
        run=email,
        usage="me@lab.org",
        summary=Sentence("papers by mail, too"),
        needs_manager=True,
        names_chats=True,
    ),
)
