"""Kills the real bot at seeded instants, starts it again, and compares three truths."""
