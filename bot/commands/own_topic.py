"""The buttons that give a subscription a topic of its own in a private chat, and that take it out of a topic."""

from bot.commands import picking
from bot.commands.context import Callback, CommandContext
from bot.ports import channel
from subscriptions import model
from subscriptions.service import own_topics


def topic_button(context: CommandContext, subscription: model.Subscription) -> channel.Row:
    """Returns [own topic], or [out of the topic]; nothing where there are no topics, or for a chat that is managed."""
    if not context.is_about_own_chat or not context.opens_topics:
        return ()
    if context.chat.address.topic:
        return (context.button("out of the topic", "topic", number=subscription.number),)
    return (context.button("own topic", "topic", number=subscription.number),)


def _name_of_topic(context: CommandContext) -> str:
    """Returns the name of the topic that [own topic] needs; "" if it needs none: to leave a topic, or if all is done."""
    subscription = picking.subscription_numbered(context, context.arguments.get("number"))
    if subscription and not context.chat.address.topic:
        return subscription.label
    return ""


def on_topic(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Handles [own topic] and [out of the topic]."""
    topic = context.opened_topic
    if not topic and not context.chat.address.topic:  # the subscription came after the topic was asked for
        return context.toast("Press again.")
    own_topics.move_to_topic(context.transaction, context.chat, subscription, topic, now=context.now)
    if not topic:
        return context.reply(
            "The papers of {subscription} come to the chat itself again.",
            subscription=subscription.label,
            ok=True,
            replaces=True,
        )
    lines = (
        context.say(
            "{subscription} has a topic of its own now, and its papers come there.", subscription=subscription.label
        ),
        context.say("If you delete the topic, they come here again."),
    )
    return context.done(*lines, replaces=True)


CALLBACKS = {
    "topic": Callback(run=picking.on_subscription(on_topic), needs_manager=True, topic_name=_name_of_topic),
}
