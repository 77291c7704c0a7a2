//! Measures the workspace, and runs the examples of the root READMEs as doc tests.

pub mod alloc;
pub mod counts;
pub mod perfect;
pub mod row;

/// The root README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The root README in Chinese.
#[cfg(doctest)]
#[doc = include_str!("../../README.zh-CN.md")]
pub struct ReadmeZhCn;
