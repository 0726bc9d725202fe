"""The errors a user can cause. Each carries one clear line: what was wrong, where, and what to do."""

from __future__ import annotations


class SpinePoseError(Exception):
    """Base of every error that this package raises on purpose."""


class ImageError(SpinePoseError):
    """An image that is missing, unreadable, truncated or unusable."""


class VideoError(SpinePoseError):
    """A video, camera or stream that cannot be opened, read or written."""


class UploadError(SpinePoseError):
    """A file that a visitor of the app gave and that it does not take."""


class BoxError(SpinePoseError, ValueError):
    """A person box that is not four finite numbers with a positive size inside the image."""


class NoPersonError(SpinePoseError):
    """Nobody was found where a person was needed."""


class ModelError(SpinePoseError):
    """A model file or folder that is missing, damaged, unsafe, or not a SpinePose network."""


class DetectorError(SpinePoseError):
    """A person detector that cannot be loaded or does not answer as one."""


class DeviceError(SpinePoseError):
    """A device that was asked for and is not there."""


class DatasetError(SpinePoseError):
    """A dataset that is missing, damaged, or does not hold what its user needs."""


class OutputError(SpinePoseError):
    """An output path that cannot be written."""


class PublishError(SpinePoseError):
    """Something that must not be published, or that the Hub does not take."""


class MissingExtraError(SpinePoseError, ImportError):
    """An optional dependency that a feature needs is not installed."""
