"""Plans the deliveries that are due, and sends their messages lane by lane."""
