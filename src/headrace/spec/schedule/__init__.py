"""When schedules fire, and what they put into parameters: cron expressions, time zones, macros. Pure."""
