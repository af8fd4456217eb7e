"""Slack: messages as blocks, forms as modals, the home view; and what blocks and modals look like."""
