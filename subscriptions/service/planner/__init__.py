"""The planner: plans what is due, and previews what would come."""
