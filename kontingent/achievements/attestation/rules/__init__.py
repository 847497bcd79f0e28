"""Pure rules of the room: results of exams, numbers of documents, final marks and honours."""
