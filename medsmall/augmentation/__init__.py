"""What is done to the images: one file per augmentation.

An augmentation is a class built from its YAML in conf/augmentation with

- ``training()``: the albumentations pipeline of training, also of the augmented test views;
- ``plain()``: the pipeline of validation and of the plain test view, without chance;
- ``tta_views``: int, how many augmented views are scored beside the plain one.

Both take uint8 (H, W, C) images of the size they were told and give one common output size.
"""
