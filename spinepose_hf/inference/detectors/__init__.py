"""Where boxes of people come from, one file a kind."""
