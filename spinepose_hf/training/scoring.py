"""Predicting evaluation sets while training, spread over all processes, and drawing some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from spinepose_hf.evaluation.metrics import points_in_image, pose_metrics
from spinepose_hf.model.simcc import decode
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.collator import PoseCollator
from spinepose_hf.training.data import PersonCrops
from spinepose_hf.training.module import PoseTrainingModule
from spinepose_hf.training.pictures import write_sheet


class Predictor:
    """Scores a module's present weights on plain crops.

    Args:
        module: the network to ask; left in training mode.
        accelerator: gathers what the processes found.
        args: batch size, workers, device, and how many persons to draw.
        precision: the context to predict in, such as autocast.
    """

    def __init__(
        self,
        module: PoseTrainingModule,
        accelerator: Any,
        args: SpinePoseTrainingArguments,
        precision: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self.module, self.accelerator, self.args, self.precision = module, accelerator, args, precision

    def score(self, dataset: PersonCrops, title: str) -> dict[str, float]:
        """Metrics of an evaluation set, the same in every process.

        Args:
            dataset: plain crops of the persons.
            title: names the sheet of drawn predictions.
        """
        config = self.module.pose.config
        points, scores = self.predict(dataset)
        records = dataset.records
        boxes = np.stack([record.box for record in records])
        metrics = pose_metrics(
            points_in_image(points, boxes, dataset.input_size, dataset.box_padding),
            np.stack([np.c_[record.keypoints, record.visibility] for record in records]),
            boxes=boxes,
            areas=[record.area for record in records],
            image_ids=[record.image_id for record in records],
            scores=scores,
            groups=config.keypoint_groups,
            sigmas=config.oks_sigmas,
            names=dataset.schema.keypoints,
        )
        if self.args.sample_pictures and self.accelerator.is_main_process:
            chosen = np.linspace(0, len(dataset) - 1, min(self.args.sample_pictures, len(dataset)))
            path = Path(self.args.output_dir) / "predictions" / f"{title}.png"
            places = sorted({round(place) for place in chosen})
            write_sheet(path, dataset, places, points, config)
        return {name: round(value, 4) for name, value in metrics.items()}

    @torch.no_grad()
    def predict(self, dataset: PersonCrops) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Points (N, K, 2) in pixels of the input size and raw scores (N, K), for every person of the set.

        Every process predicts each n-th person, so that none is predicted twice.
        """
        from accelerate.utils import gather_object

        count, rank = self.accelerator.num_processes, self.accelerator.process_index
        mine = list(range(rank, len(dataset), count))
        loader: DataLoader[Any] = DataLoader(
            Subset(dataset, mine),
            batch_size=self.args.eval_batch_size,
            num_workers=self.args.dataloader_num_workers,
            collate_fn=PoseCollator(),
        )
        config = self.module.pose.config
        self.module.eval()
        parts: list[tuple[int, NDArray[np.float32], NDArray[np.float32]]] = []
        for batch in loader:
            with self.precision():
                simcc_x, simcc_y, _ = self.module.logits(batch["crops"].to(self.args.device))
            points, scores = decode(
                simcc_x.float().cpu().numpy(), simcc_y.float().cpu().numpy(), config.simcc_split_ratio
            )
            parts += zip(mine[len(parts) : len(parts) + len(points)], points, scores, strict=True)
        self.module.train()
        everyone = gather_object(parts) if count > 1 else parts
        everyone.sort(key=lambda part: part[0])
        return np.stack([part[1] for part in everyone]), np.stack([part[2] for part in everyone])


def share_average(average: Mapping[str, Tensor], processes: int) -> None:
    """Give all processes the first one's averaged weights: their batch norms have seen other persons."""
    if processes > 1:
        for value in average.values():
            torch.distributed.broadcast(value, src=0)


__all__ = ["Predictor", "share_average"]
