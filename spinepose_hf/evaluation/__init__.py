"""How well predicted keypoints fit labelled ones."""
