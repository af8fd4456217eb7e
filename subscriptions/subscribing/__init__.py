"""What people do with subscriptions and chats."""
