"""Ask a service about papers that are named, in batches, and store what it knows of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http import HTTPStatus

from bot.sources.answers import AnswerPage, read_answer
from bot.sources.fetch_request import FetchRequest
from bot.sources.ingest import store_digest
from bot.sources.poll import PollDependencies, said_in
from subscriptions.errors import BrokenDigest, FetchError
from subscriptions.model import Announce, Digest, Paper
from subscriptions.papers.stored.digests import Ingested

MOST_REFUSALS = 30  # requests; one bad id among a hundred takes eight
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_URI_TOO_LONG)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Questions to one service. The answers count as those of a source."""

    deps: PollDependencies
    source: str
    pause_seconds: float = 0.0  # before each request
    refusals: list[str] = field(default_factory=list)  # what the service said

    async def answers(
        self, names: Sequence[str], most: int, request_of: Callable[[Sequence[str]], FetchRequest]
    ) -> AsyncIterator[Digest]:
        """Yield the answers about names, `most` in a request. If one is refused, as for a bad id, request each half.

        Raise FetchError, UnknownFormat, BrokenDigest.
        """
        for start in range(0, len(names), most):
            part = names[start : start + most]
            requests = [request_of(part)]
            for request in requests:
                answer = await self.answer(request)
                if answer is not None and answer.digest is not None:
                    requests += answer.following if request.database else ()
                    yield answer.digest
                elif len(part) > 1 and request.page == 1:
                    async for one in self.answers(part, -(-len(part) // 2), request_of):
                        yield one

    async def answer(self, request: FetchRequest) -> AnswerPage | None:
        """Return the answer to a request; None if it is refused. Raise FetchError, UnknownFormat, BrokenDigest."""
        await self.deps.app.clock.sleep(self.pause_seconds)
        try:
            found = await self.deps.fetcher.fetch(request.url)
        except FetchError as error:
            if error.status not in _REFUSALS or len(self.refusals) >= MOST_REFUSALS:
                raise
            self.refusals.append(str(error.sentence))
            return None
        assert found is not None  # noqa: S101 - only a request with validators returns None
        answer = await self.deps.app.sandbox.read(
            request.named(self.source), read_answer, found.data, request, self.source
        )
        if answer.digest is not None and (problem := said_in(answer.digest, "feed_error")):
            self.refusals.append(problem)
            return None
        if answer.missing and not (answer.digest and answer.digest.entries):
            raise BrokenDigest(answer.missing)
        return answer

    async def store(
        self, digest: Digest, fits: Callable[[Paper], bool], *, of_arxiv: bool, only_known: bool = False
    ) -> Ingested:
        """Store the papers of an answer that fit. They are not announced. See `store_digest`."""
        # marked as replacements, which are no news
        entries = tuple(replace(one, announce_type=Announce.REPLACE) for one in digest.entries if fits(one))
        own = sha256(f"looked up {digest.content_hash}".encode()).hexdigest()
        found = replace(digest, entries=entries, content_hash=own)
        if not (entries or (only_known and found.marks)):
            return Ingested()
        return await store_digest(self.deps.app, found, source=self.source, of_arxiv=of_arxiv, only_known=only_known)
