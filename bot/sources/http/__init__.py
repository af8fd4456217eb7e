"""Fetches digests from the web: computes the requests of a source, which `fetcher` sends by httpx."""

from bot.sources.http.backfill import MODERATION_HOLD as MODERATION_HOLD
from bot.sources.http.backfill import announced as announced
from bot.sources.http.backfill import backfill_request as backfill_request
from bot.sources.http.backfill import by_ids as by_ids
from bot.sources.http.backfill import by_title as by_title
from bot.sources.http.backfill import categories_of as categories_of
from bot.sources.http.backfill import is_dated as is_dated
from bot.sources.http.fetch_request import ARXIV as ARXIV
from bot.sources.http.fetch_request import FetchRequest as FetchRequest
from bot.sources.http.fetch_request import Sites as Sites
from bot.sources.http.fetch_request import address_key as address_key
from bot.sources.http.fetch_request import document_name as document_name
from bot.sources.http.fetch_request import everything as everything
from bot.sources.http.fetch_request import is_api as is_api
from bot.sources.http.fetch_request import next_page as next_page
from bot.sources.http.fetch_request import older_page as older_page
from bot.sources.http.fetch_request import requests_of as requests_of
from bot.sources.http.host_limiter import HostLimiter as HostLimiter
