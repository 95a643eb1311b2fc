"""Answers about new images: from files to probabilities, decisions and sentences.

Everything here needs numpy and Pillow alone (pydicom for DICOM), so that an exported bundle can
hold a copy of it and answer where there is no torch. What a model is, and how an image becomes a
square, its caller says: `facts` is what is known of a model, `files` finds images, `reading` turns
them into squares and refuses what is none, `look` tells unfamiliar images, `answers` puts it
together, `sentences` says it, `written` writes it as CSV or JSON.
"""
