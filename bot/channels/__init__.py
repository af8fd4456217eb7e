"""Our adapters for platforms: messages out (`outbound`), people's words in (`inbound`), errors translated (`_errors`)."""
