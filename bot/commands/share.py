"""share: one subscription as a link."""

from bot.commands import picking
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.service.link_payloads import link_payload


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
    return picking.pick_list(context, context.say("Which one shall the link offer? For example: /share 1"), "share")


def _shared(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Returns the reply with the link; with a command to pass on if there are no such links, or the query is too long for one."""
    links, bot = context.links
    payload = link_payload(f"{subscription.text} {subscription.cadence}") or link_payload(subscription.text)
    if links is None or not payload:
        head = context.say("To get the same, others can send me:")
        if links is not None:
            head = context.say("This query is too long for a link. Others can send me:")
        return channel.Reply(lines=(head,), code=(f"/sub {subscription.text} {subscription.cadence}",))
    url = links.start(bot, payload)
    reading = subscription.name or context.reading(subscription.text)
    head = context.say("This link offers “{reading}” to anyone who opens it:", reading=reading)
    return channel.Reply(lines=(head, url), buttons=((channel.Button(label=context.say("open the link"), url=url),),))


COMMANDS = (
    Command(
        name="share",
        examples=("/share 1",),
        run=share,
        usage="[N]",
        summary=errors.Sentence("a link that offers a subscription to others"),
    ),
)

CALLBACKS = {
    "share": Callback(run=picking.on_subscription(_shared), replaces=True),
}
