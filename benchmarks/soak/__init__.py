"""The real bot for minutes on end, with every fault that the sandbox knows, and three truths in the end."""
