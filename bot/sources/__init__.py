"""Digests from the web: which addresses a source is made of, and how they are asked for. This is the only home of httpx's client."""

from bot.sources.asks import ARXIV as ARXIV
from bot.sources.asks import Ask as Ask
from bot.sources.asks import Sites as Sites
from bot.sources.asks import address_key as address_key
from bot.sources.asks import asks_of as asks_of
from bot.sources.asks import document_name as document_name
from bot.sources.asks import everything as everything
from bot.sources.asks import is_api as is_api
from bot.sources.asks import is_listing as is_listing
from bot.sources.asks import next_page as next_page
from bot.sources.asks import older_page as older_page
from bot.sources.asks import place_of as place_of
from bot.sources.fetching import Fetched as Fetched
from bot.sources.fetching import Fetcher as Fetcher
from bot.sources.fetching import FetchLimits as FetchLimits
from bot.sources.fetching import Unchanged as Unchanged
from bot.sources.missed import HELD as HELD
from bot.sources.missed import announced as announced
from bot.sources.missed import by_ids as by_ids
from bot.sources.missed import by_title as by_title
from bot.sources.missed import categories_of as categories_of
from bot.sources.missed import is_dated as is_dated
from bot.sources.missed import missed_ask as missed_ask
from bot.sources.politeness import Politeness as Politeness
