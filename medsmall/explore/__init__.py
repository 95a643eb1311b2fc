"""A look at a data set: ``python -m medsmall.explore dataset=…`` writes one page about it.

- `labels`, `people`: what the sample table says, as pure functions from table to table;
- `pixels`: what the images say, a seeded sample of them;
- `extremes`: what an augmentation does at the ends of its ranges;
- `palette`, `charts`: figures, drawn once for a light and a dark page and for a PNG;
- `thumbnails`: contact sheets;
- `*_sections`, `summary`: which of these a data set gets, and what is said about them;
- `page`: all of it as one HTML file, with a PNG and a CSV beside it for every figure and table.

Nothing here imports torch (albumentations does where it is installed).
"""
