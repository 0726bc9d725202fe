"""Synthetic people with exact 37-keypoint labels: posed, dressed, lit and ray-cast."""
