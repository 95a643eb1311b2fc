"""The audit: what is wrong with the images, patients and labels of a data set, before training.

``python -m medsmall.audit dataset=…`` lists it; `gate` stops a run whose test images were seen.

- A check is a function in the file of its subject, on a table of rows (`image`, `patient`, `part`,
  labels, metadata) and the prepared images of those rows, in the same order. It returns findings.
- Findings are one table with the columns `findings.COLUMNS`; `findings.CHECKS` are the names by
  which they can be allowed (``audit.allow=[near_duplicates]``).
- `severity` is "contamination" where a test or validation image, or its patient, has been seen in
  another part, "fault" where labels or images are wrong, "notice" where it is only worth knowing.
  Contamination and faults that are not allowed make the exit status 1.
- Checks read pixels and tables only: nothing here changes data or imports torch.
"""
