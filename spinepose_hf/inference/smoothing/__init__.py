"""Taking the jitter out of tracked keypoints without lag, and without pulling the spine straight."""
