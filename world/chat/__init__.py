"""Lines, reactions and files: the rule, the running chat, and its storage."""
