"""What is kept for longer than a process lives: tables, migrations, accounts, servers."""
