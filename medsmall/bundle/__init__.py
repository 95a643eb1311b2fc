"""A model as a folder that answers without torch: ``python BUNDLE IMAGE...``.

Only numpy, Pillow and onnxruntime are needed (pydicom for DICOM), here and in `medsmall.answer`. An
exported bundle holds a copy of both, its network as ONNX, and everything else as JSON: to load it
executes nothing. `medsmall.export` writes it.
"""
