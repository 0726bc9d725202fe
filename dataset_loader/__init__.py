"""SpineTrack as a dataset: read, make and check people with 37 keypoints."""
