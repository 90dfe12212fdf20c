//! The agent of one device: which instance should run when. A core: no process, no clock, no task.
