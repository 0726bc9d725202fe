"""What is wrong with a COCO keypoint data set, and a repaired copy of it."""
