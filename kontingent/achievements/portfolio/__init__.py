"""The portfolio (портфолио), stage 3: olympiads, contests, sport, ГТО, publications, with the documents that prove them.

``rules``    what an achievement may say; ``uploads`` what a file may be: pure
``files``    where scans lie: by content, outside the web root (ADR 0028)
``actions``  a family proposes, a school accepts field by field, enters, corrects, verifies, revokes
``queries``  a learner's portfolio, the inbox of proposals, what a school or a territory has attained; ``documents`` prints
"""
