"""A medium per platform, which writes views in the markup of the platform and knows its limits; what messages look like."""
