"""Children out of sight (дети вне поля зрения): what the register finds, and the work on it."""
