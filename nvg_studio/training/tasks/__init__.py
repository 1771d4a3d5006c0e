"""What is trained: tokenizer, generator, few-step network, preview decoder; their recipes."""
