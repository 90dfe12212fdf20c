//! A module's side of the wire: workload API, MQTT over TLS. Used by the demo's modules and by tests.
