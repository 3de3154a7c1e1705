//! Control over the Unix socket.
