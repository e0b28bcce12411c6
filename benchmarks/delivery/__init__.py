"""How fresh, how punctual and how faithful the bot's replies are at Discord's limits; see benchmarks/README.md."""
