//! Measures the workspace, and runs the examples of the root READMEs as doc tests.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints figures")]

pub mod alloc;
#[cfg(feature = "clients")]
pub mod clients;
pub mod counts;
mod hostile;
#[cfg(feature = "clients")]
pub mod pairs;
pub mod perfect;
pub mod row;
#[cfg(feature = "clients")]
pub mod server;

/// The root README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The root README in Chinese.
#[cfg(doctest)]
#[doc = include_str!("../../README.zh-CN.md")]
pub struct ReadmeZhCn;
