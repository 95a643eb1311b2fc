"""A look at a data set: ``python -m medsmall.explore dataset=…`` writes one page about it.

- `labels`, `people`: what the sample table says, as pure functions from table to table;
- `pixels`: what the images say, a seeded sample of them;
- `extremes`: what an augmentation does at the ends of its ranges;
- `charts`, `bar_charts`: figures;
- `*_sections`, `summary`: which of these a data set gets, and what is said about them.

The page itself is made in `medsmall.page`. Nothing here imports torch
(albumentations does where it is installed).
"""
