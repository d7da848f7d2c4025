"""What each listener can be sent: its estimate, and how its bits are shared out among those whom it sees."""
