"""The receipt, the new state and the notices that follow from what a poll has seen."""

from collections.abc import Mapping
from dataclasses import replace

from bot.sources.http.backfill import is_dated
from bot.sources.http.fetch_request import address_key
from bot.sources.missed_days import runs
from bot.sources.poll.progress import PollProgress, PollRun
from bot.sources.receipts import LONGEST_DETAIL, notify_of_filed, notify_of_trouble, trouble_after
from subscriptions.planning.receipts import Outcome, PollVerdict, Receipt, joined, poll_verdict, verdict_of_all
from subscriptions.planning.source_calendar import poll_again, wait_after_failure
from subscriptions.service.sources import note_poll, notify_missed_days
from subscriptions.store import DocumentSeen, SourceState, Store, Transaction

BUSY_TIMES = 3  # failures in a row after which operators are notified of a server that only asks to wait
MISSED = "missed days"  # the name of a separate unit, for the verdict while missed days are not fetched yet


def write_progress(run: PollRun, progress: PollProgress, transaction: Transaction) -> PollProgress:
    """Writes the receipt and the state so far. Returns the progress with the number of the receipt."""
    receipt, state = account(run, progress)
    return replace(progress, receipt=note_poll(transaction, receipt, state, _documents(run, progress)))


def close(store: Store, run: PollRun) -> Receipt:
    """Writes the final receipt and state, and notifies operators, in one transaction. Raises StoreError."""
    receipt, state = account(run, run.progress)
    with store.write() as transaction:
        note_poll(transaction, receipt, state, _documents(run, run.progress))
        _notify(run, transaction, receipt, state)
    return receipt


def account(run: PollRun, progress: PollProgress) -> tuple[Receipt, SourceState]:
    """Returns the receipt, and the state of the source, that follow from the progress."""
    verdicts = {unit: verdict for unit in run.units if (verdict := verdict_of(run, progress, unit))}
    if run.is_behind:
        verdicts[MISSED] = PollVerdict(outcome=Outcome.STALE, is_final=False, detail="They were not all asked for yet.")
    verdict = verdict_of_all(verdicts)
    if verdict.is_final and verdict.outcome in (Outcome.QUIET, Outcome.STALE) and progress.counts["new"]:
        verdict = replace(verdict, outcome=Outcome.NEW)  # missed days brought new papers
    missed = progress.missed_days.notified(*run.current_days, partly=not is_dated(run.source))
    filed = progress.filed.as_sentence(run.source.name)
    receipt = Receipt(
        source=run.source.name,
        at=run.now,
        outcome=verdict.outcome,
        counts=progress.counts,
        detail=" ".join(filter(None, (verdict.detail, missed, filed, *progress.remarks)))[:LONGEST_DETAIL],
        id=progress.receipt,
    )
    return receipt, _state(run, progress, verdicts, receipt, is_final=verdict.is_final)


def verdict_of(run: PollRun, progress: PollProgress, unit: str) -> PollVerdict | None:
    """Returns the verdict on a unit; None if the unit was not requested because an earlier poll brought what is due."""
    observations = progress.observations.get(unit)
    if observations is None:
        if run.has_come(unit):
            return None
        return PollVerdict(outcome=Outcome.STALE, is_final=False, detail="It was not asked yet.")
    observation = joined(observations)
    due, resting = run.context.timing.due(run.source, observation, run.now)
    had = due is not None and run.known.state.came.get(unit) == due.at
    others = due is not None and due.batch in run.context.announced_batches
    awaited = run.schedule.awaited
    return poll_verdict(observation, due, run.now, had=had, others=others, resting=resting, awaited=awaited)


def _state(
    run: PollRun, progress: PollProgress, verdicts: Mapping[str, PollVerdict], receipt: Receipt, *, is_final: bool
) -> SourceState:
    before, missed_days = run.known.state, progress.missed_days
    came = {unit: at for unit, at in before.came.items() if unit in run.units}
    for unit, verdict in verdicts.items():
        if unit == MISSED:
            continue
        due, _ = run.context.timing.due(run.source, joined(progress.observations.get(unit, ())), run.now)
        if verdict.is_final and due is not None:
            came[unit] = due.at
    failures = before.failures + 1 if receipt.outcome is Outcome.FAILED else 0
    if failures:
        next_at = run.now + wait_after_failure(failures, run.retry_after, run.context.jitter())
    else:
        next_at = poll_again(run.schedule, run.now, settled=is_final)
    if missed_days.past(*run.current_days) and not failures:
        tries = max(missed_days.tries(*run.current_days), 1)
        next_at = min(next_at, run.now + wait_after_failure(tries, run.retry_after, run.context.jitter()))
    return replace(
        before,
        next_at=next_at,
        failures=failures,
        came=came,
        looked_at=run.now if run.is_over and receipt.outcome is not Outcome.FAILED else before.looked_at,
        split=progress.split,
        upto=missed_days.upto,
        missed_days=missed_days.days if run.is_over else missed_days.undecided,
        trouble=trouble_after(before.trouble, receipt, quietly=run.is_busy and failures < BUSY_TIMES),
    )


def _documents(run: PollRun, progress: PollProgress) -> dict[str, DocumentSeen]:
    """Returns what is remembered of each document, by address key. Addresses that are not requested any more are left out."""
    asked = {address_key(request.url) for request in run.requests()}
    return {key: seen for key, seen in progress.seen.items() if key in asked}


def _notify(run: PollRun, transaction: Transaction, receipt: Receipt, state: SourceState) -> None:
    """Notifies operators of trouble, of lost days, and of papers that came too late to be announced."""
    context, source, missed_days = run.context, run.source, run.missed_days
    notify_of_trouble(
        transaction,
        context,
        run.known.state.trouble,
        state.trouble,
        receipt,
        batch=bool(source.arxiv) or any(seen.batch for seen in run.progress.seen.values()),
        parts=_behind_others(run, state),
        now=run.now,
    )
    if lost := (*missed_days.lost, *missed_days.gone):
        given_up = bool(missed_days.lost)
        notify_missed_days(transaction, context.admins, source.name, runs(lost), given_up=given_up, now=run.now)
    if run.known.last is not None:  # at the first poll of a source old papers are expected
        notify_of_filed(transaction, context, source, run.progress.filed, run.now)


def _behind_others(run: PollRun, state: SourceState) -> tuple[str, ...]:
    """Returns the categories that lack the newest batch that any category has."""
    newest = max(state.came.values(), default=None)
    return tuple(unit for unit in run.units if unit and newest and state.came.get(unit) != newest)
