"""Batches of a draw: the order of the images and their views, reproducible anywhere.

The order depends on (seed, epoch) only, a view on (the augmentation's seed, view, pixels): the same
for any number of workers and processes, and after a resume. So a film looks the same in the k-th
view of every run that draws it, whatever the sample size, strategy or training seed.
"""
