"""One piece of advice under an echo: a sentence, and a button that follows it."""

from bot.commands.core.context import CommandContext
from bot.ports.button import Button
from subscriptions.query import parse_query
from subscriptions.query.advice import Advice
from subscriptions.query.fields import ValueKind
from subscriptions.service.papers import advice_on
from subscriptions.service.subscriptions import Subscribed

REWRITE = "rewrite"  # verb of the button


def advice_for(context: CommandContext, done: Subscribed) -> Advice | None:
    """Returns the most useful advice for a subscription; None if there is nothing to advise."""
    return advice_on(context.store, done.chat, done.query, now=context.now, categorised=context.bot_info.categorised)


def advice_line(context: CommandContext, advice: Advice) -> str:
    """Returns the advice as a sentence."""
    found = context.localizer.count("{count} paper", "{count} papers", advice.found)
    if advice.kind == "chinese":
        return context.say(
            "Only papers with Chinese text can fit: {found} of the {of} I know.", found=found, of=advice.of
        )
    if advice.kind == "many":
        return context.say("That is more than ten a day; one more word would narrow it.")
    if advice.absent and advice.absent.absence:
        return context.say(advice.absent.absence.template, names=", ".join(advice.names))
    return _variant(context, advice, found)


def _variant(context: CommandContext, advice: Advice, found: str) -> str:
    reading = context.formatter.reading(parse_query(advice.text))
    match advice.kind:
        case "one-author" | "named-category":
            return context.say("You may mean {reading}: {found}.", reading=reading, found=found)
        case "phrase":
            return context.say("As a phrase, {reading}: {found}.", reading=reading, found=found)
        case "initials":
            return context.say("With the initial too, {reading}: {found}.", reading=reading, found=found)
        case "primary":
            return context.say("Without cross-lists: {found}.", found=found)
    return context.say("That is more than ten a day. In titles only: {found}.", found=found)


def advice_button(context: CommandContext, advice: Advice, number: int) -> Button | None:
    """Returns the button that rewrites the query; None if the advice rewrites nothing."""
    if not advice.text:
        return None
    labels = {
        "one-author": context.say("as one author"),
        "named-category": context.say("as that category"),
        "phrase": context.say("as a phrase"),
        "primary": context.say("without cross-lists"),
        "initials": context.say("with initials too"),
        "titles": context.say("in titles only"),
    }
    in_any_text = advice.absent is not None and advice.absent.kind is ValueKind.WORDS
    anywhere = context.say("in any text") if in_any_text else context.say("without it")
    label = labels.get(advice.kind, anywhere)
    return Button(label=label, verb=REWRITE, arguments={"number": number, "text": advice.text})
