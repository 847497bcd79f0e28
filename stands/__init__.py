"""Stand-ins for counterparts that cannot run here. Separate programs; the product never imports them."""
