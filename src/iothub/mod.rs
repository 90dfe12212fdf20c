//! The simulated cloud: twins in their service form and what arrived upstream. A core.
