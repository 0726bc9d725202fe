"""What a result becomes: one file a format, and the drawing."""
