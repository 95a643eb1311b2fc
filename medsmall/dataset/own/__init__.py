"""Reads people's own tables and folders: the parts of `Table` and `Folder`.

Tables: `layout` holds the arguments, `table_file` opens the file, `spreadsheet` reads it as text
(`encoding` its characters, `cells` its CSV), `column` turns a column into numbers or classes
(`cell_words` and `spellings` have the rules), `listed` finds the images, `people` the ages and
sexes, and `table_labels` the labels, by the rules of `labels`. Folders: `class_folders` finds the
images and `name_pattern` the patients. `classes` names classes and parts.
"""
