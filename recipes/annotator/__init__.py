"""The annotator: 37 pseudo-labels for real photos and unlabelled footage, from what rendered people teach.

    python -m recipes.annotator fit data/synth_train --validation data/synth_val \
        --movenet movenet_thunder.onnx --out runs/annotator
    python -m recipes.annotator label --movenet movenet_thunder.onnx --head runs/annotator/head.safetensors \
        --photos person_keypoints.json --images photos --out data/pseudo --sheet data/pseudo/sheet.png

A light head is trained on rendered people, whose spines are known exactly, but sees them only through the
frozen features of MoveNet Thunder, which was trained on photos: what it learns there holds on photos too.
Each person is then looked at in eight views, and what the views do not agree on is left unlabelled. `check`,
with the options of `label`, says how good that is on people whom somebody labelled and outlined.
"""
