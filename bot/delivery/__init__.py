"""What is due becomes deliveries, and these become messages."""
