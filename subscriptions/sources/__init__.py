"""Sources: what polls brought, and when papers are expected."""
