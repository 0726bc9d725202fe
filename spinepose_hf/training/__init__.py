"""Training: losses, augmentation, data and the trainer."""
