"""What is done to the images: one file per augmentation, and one YAML per policy.

An augmentation is a class built from its YAML in conf/augmentation with

- ``training()``: the albumentations pipeline of training, also of the augmented test views; made
  of `pipeline.Pipeline`, so that its transforms are independent of each other;
- ``plain()``: the pipeline of validation and of the plain test view, without chance;
- ``tta_views``: int, how many augmented views are scored beside the plain one;
- ``modality``: what it is meant for, one of `medsmall.dataset.MODALITIES`, "" where for anything
  (if not, also ``name``: its option in conf/augmentation);
- ``strict``: bool, whether `safety.check` refuses what it would warn of;
- ``image_size_px``: side of the square images it takes (not where the pipeline is empty).

Both pipelines take uint8 (H, W, C) images of that size, C is 1 (grey) or 3 (RGB), keep C and dtype,
and give one common output size. The comments in the YAML are the reasons for its values
(`reasons.reasons`).
"""
