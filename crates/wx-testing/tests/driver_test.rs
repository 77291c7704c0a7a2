//! Both clients pass the driver test, and drivers that break a duty fail it.

#![allow(missing_docs, clippy::unwrap_used)]

mod driver_test {
    mod clients;
    mod faulty;
    mod readme;
    mod wrong;
}
