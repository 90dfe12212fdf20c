//! TLS, TCP, unix sockets and HTTP. Owns `rustls` and the server side of `hyper`.
