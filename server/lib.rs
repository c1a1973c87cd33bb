#![doc = include_str!("README.md")]

pub mod limits;
pub mod protocol;
pub mod runner;
pub mod sandbox;
