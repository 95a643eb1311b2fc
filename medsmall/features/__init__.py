"""Features of frozen networks, computed once.

The features of a view (an image as it is, or augmented) are the inputs of the network's last
layer. They depend on the network and the pixels of the view alone, so all runs and draws share
them: `store` keeps them, one file per network; `frozen` looks them up, or computes them.
"""
