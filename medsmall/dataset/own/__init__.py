"""How people's own tables and folders are read: the parts of `Table` and `Folder`.

Of a table, `layout` holds what the arguments say, `table_file` opens the file, `spreadsheet` reads
it as text (`encoding` its characters, `cells` its CSV), `column` turns a column into numbers or
classes (`cell_words` and `spellings` have the rules), `listed` finds the images it names, `people`
the ages and sexes, and `table_labels` its labels, by the rules of `labels`. Of folders,
`class_folders` finds the images and `name_pattern` the patients. `classes` names classes and parts.
"""
