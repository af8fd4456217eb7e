"""The checks of `paperwire check`: findings about the machine, the sources and the platforms."""

from bot.operation.checks._finding import Finding as Finding
from bot.operation.checks._finding import is_ready as is_ready
from bot.operation.checks.machine import check_here as check_here
from bot.operation.checks.machine import sample_delivery as sample_delivery
from bot.operation.checks.outbox import check_outbox as check_outbox
from bot.operation.checks.platforms import check_platforms as check_platforms
from bot.operation.checks.sources import ask_sources as ask_sources
from bot.operation.checks.sources import check_sources as check_sources
from bot.operation.checks.storage import mounts as mounts
