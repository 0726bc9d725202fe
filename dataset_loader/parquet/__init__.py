"""A data set as Parquet for the Hub, with card and annotation files, and the way back to COCO JSON."""
