"""Libraries that run the pose network, one file each."""
