"""Overrides of a run that takes a few seconds."""

SMALL = [
    "phantom=true",
    "dataset.phantom_patients=60",
    "backbone=tiny",
    "pretraining=none",
    "image_size_px=48",
    "trainer.max_epochs=2",
    "augmentation=paper",
    "augmentation.tta_views=1",
]
HERNIA = [
    "dataset=chestxray14",
    "split=official",
    "dataset.targets=[Hernia]",
    "sample_size=balanced",
    "sample_size.n=10",
    *SMALL,
]
TASKS = {
    "binary": HERNIA,
    "multilabel": [
        "dataset=chestxray14", "split=official", "dataset.targets=[Effusion,Hernia]",
        "sample_size.n=40", *SMALL,
    ],
    "multiclass": ["dataset=ham10000", "split=stratified", "sample_size=all", *SMALL,
                   "dataset.phantom_patients=120"],
    "regression": ["dataset=rsna_boneage", "split=stratified", "sample_size.n=20", *SMALL],
}  # fmt: skip
