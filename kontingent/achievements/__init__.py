"""What a learner has attained (достижения), stage 3.

``attestation``  state exams, final marks, education documents
``portfolio``    olympiads, contests, sport, publications, with their supporting documents
``incoming``     the way of files of rows in, which both take
"""
