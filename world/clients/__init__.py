"""The client's socket: WebSocket frames in and out, and one client wherever its space is owned."""
