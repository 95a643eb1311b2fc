"""Batches of a draw: the order of the images and their views, repeatable anywhere.

The order is a function of (seed, epoch), a view of (the augmentation's seed, view, pixels): the
same for any number of workers and of processes, and after a resume. So a film looks the same in
the k-th view of every run that draws it, whatever its sample size, strategy or training seed.
"""
