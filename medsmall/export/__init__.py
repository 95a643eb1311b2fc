"""A recorded run as a bundle that answers without torch: ``python -m medsmall.export RUN``.

`network` turns the network into ONNX and checks it, `int8` makes it smaller, `one_view` scores
validation and test with what is exported, `bundled` puts the parts together, `scores` and `card`
say how good it is, `code` is what the bundle needs of medsmall, `folder` writes it.
"""
