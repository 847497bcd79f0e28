"""State exams (ГИА), final marks and education documents."""
