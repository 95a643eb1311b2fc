"""The audit: faults in the images, patients and labels of a data set, found before training.

``python -m medsmall.audit dataset=…`` lists them; `gate` stops a run with a contaminated test set.

- A check is a function in the file of its subject, on a table of rows (`image`, `patient`, `part`,
  labels, metadata) and the prepared images of those rows, in the same order. It returns findings.
- Findings are one table with the columns `findings.COLUMNS`. `findings.CHECKS` are the names by
  which findings can be allowed (``audit.allow=[near_duplicates]``).
- `severity` is "contamination" if a test or validation image, or its patient, is in another part
  too, "fault" if labels or images are wrong, "notice" otherwise. Contamination and faults that are
  not allowed make the exit status 1.
- Checks only read pixels and tables: nothing here changes data or imports torch.
"""
