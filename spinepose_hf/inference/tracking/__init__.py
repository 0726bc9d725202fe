"""Following people through a video: association, ids, boxes carried between detections."""
