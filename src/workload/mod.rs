//! The workload API, from request to response. A core: no socket.
