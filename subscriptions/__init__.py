"""The domain of paperwire: papers, queries, subscriptions, deliveries."""
