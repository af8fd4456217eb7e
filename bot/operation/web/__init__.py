"""The web address: health, webhooks and web routes of platforms, and the HTTP server below them."""
