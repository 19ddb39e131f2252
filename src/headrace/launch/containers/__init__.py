"""What the launcher of containers is made of: the life of one, its body, its log, its end."""
