//! What is counted, and its text for Prometheus (protocol.md §6.3).
//!
//! Owns the form and no number: what a metric is called and when it is counted is the business of whoever counts. A
//! [`Series`] is found by borrowed label values, so that counting costs a search and only a series that is new costs
//! memory; everything else waits until somebody asks.

mod family;
mod series;
mod summary;

pub use family::{Family, Unit, render};
pub use series::Series;
pub use summary::Summary;
