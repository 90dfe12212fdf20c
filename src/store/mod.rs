//! Durable queues and state files.
