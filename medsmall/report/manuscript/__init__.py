"""What a manuscript takes from a report: tables, a methods section, two checklists.

All of it is said by records; what they do not hold is marked `FILL_IN`. No patient, no image file
and no path of a machine is named.

- `facts`: what the records say, gathered once; `phrases`: the options in words;
- `data`, `training`, `views`, `evaluation`, `computing`: statements, plain text, one function each;
- `methods` and `checklists` put the statements together; `tables` has the numbers;
- `formats`: Markdown and LaTeX; `files`: all files of an answer.
"""
