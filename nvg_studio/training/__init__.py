"""Training of tokenizer and generator: data, losses, recipes, loop."""
