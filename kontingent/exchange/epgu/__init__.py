"""The state service on performance: a citizen asks at ЕПГУ, the register checks the right and answers (protocols §4)."""
