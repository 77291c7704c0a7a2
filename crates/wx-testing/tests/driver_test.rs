//! Both clients pass the driver test, and drivers that break one duty each do not.

#![allow(missing_docs, clippy::unwrap_used)]

mod driver_test {
    mod clients;
    mod faulty;
    mod readme;
    mod wrong;
}
