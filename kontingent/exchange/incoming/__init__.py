"""Files of rows from upload to the register, for every room that takes such files: the bytes and the jobs (``receiving``, ``tasks``)."""
