"""`spinepose predict`: a photo, a folder, a video or a camera in; pictures, video, tables and plots out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spinepose_hf.cli.choices import (
    DeviceName,
    ModelVersion,
    ModeName,
    Overlay,
    PrecisionName,
    ResultFormat,
    RuntimeName,
    SmoothName,
)
from spinepose_hf.cli.predict_checks import ask_for_output, check_together, official_model, parse_boxes

_FILES, _FRAMES, _PEOPLE, _LOOK, _RUN = "Files", "Video", "People", "Drawing", "Running"


def predict(
    input_path: Annotated[
        str,
        typer.Option(
            "-i",
            "--input",
            "--input_path",
            help="A photo, a folder of photos or a pattern such as 'day1/*.jpg', a video, the number of a "
            "webcam (0), or the address of a stream or file (rtsp://, http://).",
            metavar="INPUT",
            rich_help_panel=_FILES,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            "--vis-path",
            help="Write what is seen here: a picture (.jpg, .png, .webp) for a photo, a video (.mp4, .mov, "
            ".mkv) for a video, a folder for several photos.",
            metavar="PATH",
            rich_help_panel=_FILES,
        ),
    ] = None,
    save: Annotated[
        list[Path] | None,
        typer.Option(
            "-s",
            "--save",
            "--save-path",
            help="Write the keypoints here; may be given several times. The suffix chooses the format: "
            ".json, .csv, .parquet, .trc; a folder of OpenPose files for a name without suffix.",
            metavar="PATH",
            rich_help_panel=_FILES,
        ),
    ] = None,
    result_format: Annotated[
        ResultFormat | None,
        typer.Option(
            "--format",
            help="Format of --save where the suffix leaves a choice. Of several files it is for those that "
            "it fits.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    measure: Annotated[
        Path | None,
        typer.Option(
            "--measure",
            help="Write spine angles and other measures here, with their uncertainty: .csv, or .mot, a file "
            "a person. For sport and animation; not a medical device.",
            metavar="PATH",
            rich_help_panel=_FILES,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            help="Draw the measures over time here: .png or .svg.",
            metavar="PATH",
            rich_help_panel=_FILES,
        ),
    ] = None,
    person_height: Annotated[
        float | None,
        typer.Option(
            help="Height of the person: turns the pixels of a .trc into metres, which OpenSim needs.",
            min=0.1,
            max=3.0,
            metavar="M",
            rich_help_panel=_FILES,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that exist.", rich_help_panel=_FILES)
    ] = False,
    start: Annotated[
        float | None,
        typer.Option(help="Begin here, in seconds.", min=0, metavar="S", rich_help_panel=_FRAMES),
    ] = None,
    end: Annotated[
        float | None,
        typer.Option(help="Stop here, in seconds.", min=0, metavar="S", rich_help_panel=_FRAMES),
    ] = None,
    stride: Annotated[
        int, typer.Option(help="Take every n-th frame.", min=1, metavar="N", rich_help_panel=_FRAMES)
    ] = 1,
    smooth: Annotated[
        SmoothName,
        typer.Option(
            help="Filter over time, each person apart. auto: butterworth for recorded video, which has no "
            "lag; one-euro for live video.",
            rich_help_panel=_FRAMES,
        ),
    ] = SmoothName.AUTO,
    no_smooth: Annotated[
        bool, typer.Option("--nosmooth", help="The same as --smooth none.", rich_help_panel=_FRAMES)
    ] = False,
    detect_every: Annotated[
        int | None,
        typer.Option(
            help="Search for people on every n-th frame and follow them between; whoever is lost is searched "
            "for at once. 1 searches every frame.",
            min=1,
            metavar="N",
            rich_help_panel=_FRAMES,
        ),
    ] = None,
    boxes: Annotated[
        str | None,
        typer.Option(
            help="Where the people are, in pixels: x1,y1,x2,y2, and a semicolon between people. More exact "
            "than any search. In a video they hold for every frame.",
            metavar='"X1,Y1,X2,Y2;..."',
            rich_help_panel=_PEOPLE,
        ),
    ] = None,
    detector: Annotated[
        str,
        typer.Option(
            help="What finds the people: an .onnx file (RTMDet, YOLOX, DETR); a folder or Hub id of an "
            "object detector of transformers; none: the pose network finds one person itself; auto: what the "
            "environment variable SPINEPOSE_DETECTOR names, else a small one from the Hub where that can "
            "be reached, else none.",
            metavar="PATH|ID|auto|none",
            rich_help_panel=_PEOPLE,
        ),
    ] = "auto",
    max_people: Annotated[
        int | None,
        typer.Option(
            "--max-people",
            "--max-detections",
            help="At most so many people in a frame.",
            min=1,
            metavar="N",
            rich_help_panel=_PEOPLE,
        ),
    ] = None,
    spine_only: Annotated[
        bool,
        typer.Option("--spine-only", help="Draw the spine and leave the body out.", rich_help_panel=_LOOK),
    ] = False,
    threshold: Annotated[
        float,
        typer.Option(
            help="Least score of a keypoint that is drawn. Lower shows more and errs more.",
            min=0.0,
            max=1.0,
            rich_help_panel=_LOOK,
        ),
    ] = 0.3,
    line_width: Annotated[
        float | None,
        typer.Option(
            help="Width of the lines in pixels. Default: by the size of the person.",
            min=0.1,
            metavar="PX",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    overlay: Annotated[
        Overlay | None,
        typer.Option(help="Write the angles of the spine beside it.", rich_help_panel=_LOOK),
    ] = None,
    side_by_side: Annotated[
        bool,
        typer.Option("--side-by-side", help="Show the source beside the drawing.", rich_help_panel=_LOOK),
    ] = False,
    blur_faces: Annotated[
        bool, typer.Option("--blur-faces", help="Make heads unrecognisable.", rich_help_panel=_LOOK)
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="The pose network: an .onnx file, a model folder, a Hub id (owner/name, or "
            "owner/name@revision), or a checkpoint (.pth) of the original. Default: the small one inside the "
            "package.",
            metavar="PATH|ID",
            rich_help_panel=_RUN,
        ),
    ] = None,
    mode: Annotated[
        ModeName | None,
        typer.Option(
            "-m",
            "--mode",
            help="An official network (CC-BY-NC-4.0) in place of --model, downloaded once and converted; "
            "needs spinepose-hf[torch].",
            rich_help_panel=_RUN,
        ),
    ] = None,
    model_version: Annotated[
        ModelVersion, typer.Option(help="Edition of the official network.", rich_help_panel=_RUN)
    ] = ModelVersion.LATEST,
    device: Annotated[
        DeviceName, typer.Option(help="Where to run. auto: CUDA where it works.", rich_help_panel=_RUN)
    ] = DeviceName.AUTO,
    runtime: Annotated[
        RuntimeName,
        typer.Option(help="What runs the network. auto: by the kind of model.", rich_help_panel=_RUN),
    ] = RuntimeName.AUTO,
    precision: Annotated[
        PrecisionName,
        typer.Option(help="Numbers to compute in. auto: as the model's file was made.", rich_help_panel=_RUN),
    ] = PrecisionName.AUTO,
    flip: Annotated[
        bool | None,
        typer.Option(
            "--flip/--no-flip",
            help="Look at each person mirrored too: more exact, in twice the time. By default photos are "
            "looked at so, videos are not.",
            show_default=False,
            rich_help_panel=_RUN,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print errors only.", rich_help_panel=_RUN)
    ] = False,
) -> None:
    """Find people: 37 keypoints each, nine of them along the spine.

    **Examples**

    `spinepose -i photo.jpg -o out.jpg` draws the people into a copy and prints the spine.

    `spinepose -i squat.mp4 -o out.mp4 -s squat.csv --measure angles.csv --plot angles.png` follows the people
    through a video, and writes keypoints, spine angles and their plot.

    `spinepose -i squat.mp4 -s squat.trc --start 2 --end 8` writes markers for OpenSim of six seconds.

    `spinepose -i photos/ -o drawn/ -s people.json --format coco` works through a folder.

    `spinepose -i team.jpg -o out.jpg --boxes "30,20,180,400;200,25,340,410"` takes two given boxes.

    Exit codes: 0 done, 1 the input cannot be used or a photo shows nobody (one line says why), 2 wrong
    options, 130 interrupted (what was written until then is whole).
    """
    given_boxes = None if boxes is None else parse_boxes(boxes)
    check_together(save or [], result_format, person_height)

    from spinepose_hf.cli.notes import notes_on_stderr
    from spinepose_hf.cli.report import job_progress, print_people, print_summary, print_written
    from spinepose_hf.inference.engine import FramePoses
    from spinepose_hf.inference.estimator import SpinePoseEstimator
    from spinepose_hf.inference.job import run_job
    from spinepose_hf.inference.job_outputs import JobOutputs, check_outputs, written
    from spinepose_hf.inference.media.source import open_source
    from spinepose_hf.inference.result_files import with_format
    from spinepose_hf.inference.stream import StreamOptions
    from spinepose_hf.output.draw_options import DrawOptions

    outputs = JobOutputs(
        drawn=output,
        results=with_format(save or [], None if result_format is None else result_format.value),
        measures=measure,
        plot=plot,
        person_height=person_height,
        drawing=DrawOptions(
            spine_only=spine_only, threshold=threshold, line_width=line_width, blur_faces=blur_faces
        ),
        overlay_angles=overlay is Overlay.ANGLES,
        side_by_side=side_by_side,
        overwrite=overwrite,
    )
    options = StreamOptions(
        detect_every=detect_every,
        max_people=max_people,
        smooth="none" if no_smooth else smooth.value,
    )
    last: list[FramePoses] = []
    # Before the network is loaded, which takes longer than to see that a file is missing.
    with notes_on_stderr(quiet), open_source(input_path, start=start, end=end, stride=stride) as source:
        check_outputs(outputs, source.info)
        single = source.info.kind == "pictures" and source.info.frame_count == 1
        if not outputs.paths and not single:
            ask_for_output(source.info, quiet)
        estimator = SpinePoseEstimator(
            official_model(model, mode, model_version),
            device.value,
            detector,
            threshold,
            runtime=runtime.value,
            precision=precision.value,
            flip=False if flip is None and source.info.kind != "pictures" else flip,
        )
        stream = estimator.stream(source, given_boxes, options)
        with job_progress(stream.info, quiet) as tell:

            def on_frame(result: FramePoses) -> None:
                last[:] = [result]
                tell(result)

            summary = run_job(stream, outputs, on_frame)
    if not quiet:
        if single and last:
            print_people(last[0].people)
        else:
            print_summary(summary, stream.info)
        print_written(written(outputs) if summary.frames else [])
    if summary.interrupted:
        raise typer.Exit(130)


__all__ = ["predict"]
