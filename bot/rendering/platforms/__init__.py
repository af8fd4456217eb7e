"""One medium per platform (`media.medium_of`): it writes views in the markup of its platform and knows its limits."""
