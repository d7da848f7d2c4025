"""The world's side of media: which worker carries whom, negotiation, moves, what workers report."""
