"""Handles the requests of people: gives each its effect, and stores and sends its reply."""
