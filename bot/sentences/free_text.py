"""Text without a command: in which order its meanings are tried; otherwise it is as without this room (plain_text)."""

from dataclasses import replace

from bot.commands import asking, offered, plain_text, search, settings
from bot.commands.answers import where_it_is
from bot.commands.context import Callback, CommandContext, matching
from bot.commands.paper_days import paper_days
from bot.commands.spoken import spoken
from bot.ports import channel
from bot.sentences import acting, all_but, following, references
from bot.sentences.meant import is_place
from bot.sentences.words import by_rule, intents, reader
from bot.sentences.words.ranks import rank_in
from bot.sentences.words.said import SURE
from subscriptions.planning.times import split_when


def free_text(context: CommandContext) -> channel.Reply | None:
    """Returns the reply to a text without a command: that of the first step that has one."""
    return plain_text.first_reply(_of_meant(context), _STEPS)


def _of_meant(context: CommandContext) -> CommandContext:
    """Returns the context with the text, without subscriptions that it says are not meant: see `all_but.without_denied`."""
    return replace(context, args=all_but.without_denied(context, context.args))


def _reminded(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers who asks what came, even if the text would answer a question."""
    meant = intents.meaning(said)
    if meant.intent == by_rule.HISTORY:
        return acting.act(context, meant)
    return None


def _followed(context: CommandContext, said: str) -> channel.Reply | None:
    """Does what a text means after the message before it; if it follows none, the command that it means."""
    meant = intents.meaning(said)
    if not said or asking.answers_question(context):
        return None
    if _closes_a_question(context, said):
        return asking.closed(context)
    if (step := following.step_of(context, meant)) is not None:
        return following.done(context, step)
    command = acting.command_here(context, said) if spoken(said).follows else None
    if command is None or not asking.can_ask(context):  # in groups, `intent` has found the commands
        return None
    asking.drop_passing_questions(context)
    return offered.run(context, *command)


def _closes_a_question(context: CommandContext, said: str) -> bool:
    """Returns whether a text takes back what the bot has only asked about: "hold on, don't" after "Shall I remove these?"."""
    waiting = asking.open_question(context)
    if waiting is None or waiting.verb != asking.YES_OR_NO or not asking.can_ask(context):
        return False
    return references.following(intents.meaning(said)).link in ("back", "keep")


def _unasked(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers a yes or no where nothing was asked, and "the second one" where nothing was shown."""
    if is_place(said):
        return channel.Reply(lines=(context.say("I showed nothing to choose from just now."),))
    if by_rule.is_acknowledged(said):
        return None
    return plain_text.unasked(context, said)


def _about_papers(context: CommandContext, said: str) -> channel.Reply | None:
    """Does what a sentence says about the papers that it names."""
    meant = intents.meaning(said)
    if meant.sure >= SURE and plain_text.names_papers(said):
        return acting.act(context, meant)
    return None


def _meant(context: CommandContext, said: str) -> channel.Reply | None:
    """Does what a sentence says; None for a query."""
    meant = intents.meaning(said)
    # "papers from march" is taken for papers from a place
    if meant.intent in (reader.QUERY, *reader.ASKING, "missing-affiliation") and paper_days(said):
        return search.try_query(context, said)
    return _local_time(context, said) or acting.act(context, meant)


_STEPS = (
    _reminded,
    _followed,
    plain_text.answered,
    plain_text.interrupted,
    _unasked,
    _about_papers,
    plain_text.named,
    _meant,
    plain_text.tried,
)


def _local_time(context: CommandContext, said: str) -> channel.Reply | None:
    """Asks where the person is, if a text is about the clock and says what time it is; None for any other text."""
    is_asked = intents.meaning(said).intent == settings.ZONE and asking.can_ask(context)
    shown = spoken(said).clock if is_asked else None
    if shown is not None:
        return where_it_is(context, shown)
    return None


def _writes(context: CommandContext) -> bool:
    """Returns whether the reply needs a writing transaction: as for a plain text, and for one that may change something."""
    context = _of_meant(context)
    meant = intents.meaning(context.args)
    if plain_text.writes(context) or _closes_a_question(context, context.args):
        return True
    step = following.step_of(context, meant)
    follows = step is None and references.following(meant).refers  # then it may mean a command
    if step:
        return following.writes(context, step)
    return follows or acting.changes(context, meant)


def _is_unsure(context: CommandContext) -> bool:
    """Returns whether the bot is not sure what a text means, so that the reply asks, or looks for its words."""
    meant = intents.meaning(context.args.strip())
    is_unsure = plain_text.may_be_unsure(context) and acting.is_unsure(context, meant)
    return is_unsure and following.step_of(context, meant) is None


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the text as a query, without a time, an order or a number of papers."""
    said = context.args.strip()
    rank = rank_in(said)
    return (split_when(search.query_of(rank.rest if rank else said)).query,)


FREE_TEXT = Callback(
    run=free_text, writes=_writes, keeps_question=True, matches_ahead=matching(_queries), is_unsure=_is_unsure
)
