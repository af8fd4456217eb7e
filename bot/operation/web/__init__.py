"""The web address: health, web routes of platforms, and the HTTP server below them."""
