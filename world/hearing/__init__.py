"""Who hears and sees whom: relations, slots, routes, rank. Rules only."""
