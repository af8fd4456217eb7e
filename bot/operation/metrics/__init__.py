"""What an operator measures: `/metrics` in the format of Prometheus (docs/metrics.md)."""

from bot.operation.metrics.exposition import Metrics as Metrics
