"""What is asked of the generator, and the folder that holds the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from dataset_loader.synthetic.motion import Motions, load_motions
from dataset_loader.synthetic.photos import PhotoFolder, find_photos
from spinepose_hf.errors import DatasetError
from spinepose_hf.files import atomic_path

GENERATOR_VERSION = "3"  # raise it whenever the same options would give other images
SMALLEST_SIDE, LARGEST_SIDE = 64, 2048
MOST_PEOPLE = 4


@dataclass(frozen=True)
class Options:
    """What determines the pixels of a dataset, apart from how many images there are.

    Attributes:
        seed: a whole number from 0.
        width: of the image of one person, pixels; several people may be shown on an image lying on its side.
        height: of the image of one person, pixels.
        people: at most so many in one scene, 1..4.
        backgrounds: checksum of the list of the user's photos; None without.
        motion: checksum of the list of the user's motion files; None without.
        version: of the generator.
    """

    seed: int
    width: int
    height: int
    people: int = MOST_PEOPLE
    backgrounds: str | None = None
    motion: str | None = None
    version: str = GENERATOR_VERSION

    def __post_init__(self) -> None:
        """Raises DatasetError for a negative seed, or a size or number of people out of range."""
        if self.seed < 0:
            raise DatasetError(f"seed {self.seed} is negative; give a whole number from 0")
        if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (self.width, self.height)):
            raise DatasetError(
                f"size {self.width}x{self.height} is out of range; "
                f"give WIDTHxHEIGHT with sides of {SMALLEST_SIDE} to {LARGEST_SIDE} pixels"
            )
        if not 1 <= self.people <= MOST_PEOPLE:
            raise DatasetError(f"{self.people} people are out of range; give 1 to {MOST_PEOPLE}")


@dataclass(frozen=True)
class Sources:
    """Folders of the user's own photos and motion files, from which scenes are made; None without."""

    backgrounds: Path | None = None
    motion: Path | None = None

    def digests(self) -> tuple[str | None, str | None]:
        """Checksums of the photos and of the motion files, as `Options` keeps them.

        Raises:
            DatasetError: a folder is missing or holds nothing of use, or a motion file cannot be read.
        """
        photos = None if self.backgrounds is None else find_photos(self.backgrounds)
        motion = self._motion_checksum()
        self.load()  # which says what is wrong with a motion file
        return None if photos is None else checksum(photos.folder / name for name in photos.names), motion

    def load(self) -> tuple[PhotoFolder | None, Motions | None]:
        """The list of photos, and the motions themselves, which are read once a process."""
        photos = None if self.backgrounds is None else find_photos(self.backgrounds)
        return photos, None if self.motion is None else _motions(self.motion, self._motion_checksum())

    def _motion_checksum(self) -> str | None:
        if self.motion is None:
            return None
        return checksum(sorted(path for path in self.motion.rglob("*") if path.suffix.lower() == ".bvh"))


@lru_cache(maxsize=1)
def _motions(folder: Path, checksum: str | None) -> Motions:
    return load_motions(folder)


def checksum(files: Iterable[Path]) -> str:
    """A checksum over names and sizes of files, in their order."""
    summed = hashlib.sha256()
    for path in files:
        summed.update(f"{path.name}\0{path.stat().st_size}\n".encode())
    return summed.hexdigest()[:16]


def claim_folder(out: Path, options: Options) -> None:
    """Make the folder for these options, or check that it was made for them.

    Raises:
        DatasetError: the folder holds another request, or files that no generation run wrote.
    """
    stored = out / "options.json"
    if stored.is_file():
        try:
            found = json.loads(stored.read_text())
        except ValueError as error:
            raise DatasetError(f"damaged file {stored}: {error}; give another folder") from error
        if found != asdict(options):
            raise DatasetError(
                f"{out} holds a dataset of other options ({_difference(found, options)}); give another folder"
            )
    elif out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise DatasetError(
            f"{out} is not empty and was not made by this generator; give a new or empty folder"
        )
    else:
        with atomic_path(stored) as temporary:
            temporary.write_text(json.dumps(asdict(options)))
    for name in ("images", "chunks"):
        (out / name).mkdir(exist_ok=True)


def _difference(found: object, options: Options) -> str:
    """What differs; of a folder of another version, only that, since its options mean other things."""
    if not isinstance(found, dict):
        return "options.json holds no options"
    asked = asdict(options)
    if found.get("version") != options.version:
        return f"version {found.get('version')} there, {options.version} now"
    changed = [name for name in asked if found.get(name) != asked[name]]
    return "; ".join(f"{name} {found.get(name)} there, {asked[name]} asked" for name in changed)
