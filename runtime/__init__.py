"""What runs the product on a machine: embedded PostgreSQL, the supervisor, the command line."""
